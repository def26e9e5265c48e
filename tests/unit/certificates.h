/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of tests, each signed by itself, good for 127.0.0.1 and until 2126, with their keys:
 * secrets of nobody. `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes
 * -days 36500 -addext subjectAltName=IP:127.0.0.1`.
 */
#pragma once

/* clang-format off */
#define SERVER_CERTIFICATE \
	"-----BEGIN CERTIFICATE-----\n" \
	"MIIBqDCCAU6gAwIBAgIURf14QhhgQdEmKL3mFNXI7AphClwwCgYIKoZIzj0EAwIw\n" \
	"IDEeMBwGA1UEAwwVcG9ydGdhdWdlLXRlc3Qtc2VydmVyMCAXDTI2MTEyMjE5MTYz\n" \
	"MFoYDzIxMjYxMDI5MTkxNjMwWjAgMR4wHAYDVQQDDBVwb3J0Z2F1Z2UtdGVzdC1z\n" \
	"ZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASYxbi3yfhMQnSwuynVA+8M\n" \
	"UIip2wnLFHNQg/IJUyXtpR2NU8qfRnndEV9HmV4wAWvopiz453MBYmrXPyqOicoG\n" \
	"o2QwYjAdBgNVHQ4EFgQUKhEXZgNLH9hOtFmhM49ifmXLzdcwHwYDVR0jBBgwFoAU\n" \
	"KhEXZgNLH9hOtFmhM49ifmXLzdcwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAG\n" \
	"hwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIQCaxJ/0O8TggFGjr9Ais/PZx/dEwUlK\n" \
	"1i9AZIJt7pruAgIgfD7rmJWixv8nRpnJmox7bB+udmg0W30d1X78aj7gK3c=\n" \
	"-----END CERTIFICATE-----\n"

#define SERVER_KEY \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgW91OkcrmyCAv6PAT\n" \
	"q263oZirDV7/c8/pBmoRCeqjYTyhRANCAASYxbi3yfhMQnSwuynVA+8MUIip2wnL\n" \
	"FHNQg/IJUyXtpR2NU8qfRnndEV9HmV4wAWvopiz453MBYmrXPyqOicoG\n" \
	"-----END PRIVATE KEY-----\n"

#define CLIENT_CERTIFICATE \
	"-----BEGIN CERTIFICATE-----\n" \
	"MIIBqDCCAU6gAwIBAgIUGYYZRZIu+EJtGKHrOv40pB8OTBQwCgYIKoZIzj0EAwIw\n" \
	"IDEeMBwGA1UEAwwVcG9ydGdhdWdlLXRlc3QtY2xpZW50MCAXDTI2MTEyMjE5MTYz\n" \
	"MFoYDzIxMjYxMDI5MTkxNjMwWjAgMR4wHAYDVQQDDBVwb3J0Z2F1Z2UtdGVzdC1j\n" \
	"bGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASXrGawrVadHy6Uj8rJqPZV\n" \
	"uJxfcS6MuVUHpQzhjh3NisztoZ1myLP15sthzJTnZCRCpMgcfH34kLIdDLHzLLjF\n" \
	"o2QwYjAdBgNVHQ4EFgQUDeRv1qh2X401u/ASmd+S+jumngwwHwYDVR0jBBgwFoAU\n" \
	"DeRv1qh2X401u/ASmd+S+jumngwwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAG\n" \
	"hwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIQDkF8Oq1FOVF2cvcpnSLKOakyo166qW\n" \
	"T/IG+Fx5/DwfOAIgGRlNayiT3NtlR+eb5URtCUBzHE8APVUn+io25+KkOic=\n" \
	"-----END CERTIFICATE-----\n"

#define CLIENT_KEY \
	"-----BEGIN PRIVATE KEY-----\n" \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvRutu8tnobKiBGlm\n" \
	"KKwID6HN2BOOYD7XvL/doapTHlGhRANCAASXrGawrVadHy6Uj8rJqPZVuJxfcS6M\n" \
	"uVUHpQzhjh3NisztoZ1myLP15sthzJTnZCRCpMgcfH34kLIdDLHzLLjF\n" \
	"-----END PRIVATE KEY-----\n"
/* clang-format on */
