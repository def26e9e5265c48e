/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people and documents write them. Pure; every buffer is always terminated. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_ADDRESS_MAX 48  /* an IPv6 address */
#define TEXT_ENDPOINT_MAX 64 /* "[address]:port" */
#define TEXT_TIME_MAX 32
#define TEXT_NUMBER_MAX 32
#define TEXT_WHO_MAX 48

/* "10.0.0.1", "fd00::1"; an IPv4-mapped address is written as IPv4. */
const char *text_address(char ret[TEXT_ADDRESS_MAX], const uint8_t address[16]);

/* The same back, ::ffff:0:0/96 for IPv4. False: it is none; *ret is then of no use. */
bool text_parse_address(uint8_t ret[16], const char *text);

/* "10.0.0.1:5432", "[fd00::1]:5432". */
const char *text_endpoint(char ret[TEXT_ENDPOINT_MAX], const uint8_t address[16], uint16_t port);

/* RFC 3339 in UTC with milliseconds: "2026-11-22T10:54:18.123Z". time_ns: since the epoch. */
const char *text_time(char ret[TEXT_TIME_MAX], uint64_t time_ns);

/* "tcp", "udp", else "other". */
const char *text_protocol(uint8_t protocol);

/* "EADDRNOTAVAIL" for 99; a number we do not know is written as "errno 12" would be: "E?12". */
const char *text_error(char ret[TEXT_TIME_MAX], uint16_t error);

/* Plain decimal with up to 9 decimals and no trailing zeros, the same in every locale; an exponent
 * from 1e15 on; "NaN", "+Inf", "-Inf". */
const char *text_number(char ret[TEXT_NUMBER_MAX], double value);

/* "68.5%", rounded down: 100.0% means full. */
const char *text_percent(char ret[TEXT_NUMBER_MAX], double ratio);

/* "45 s", "9 min", "5 h", "3 d". */
const char *text_duration(char ret[TEXT_NUMBER_MAX], double seconds);

/* "nginx[4711]"; "kernel", which has no number; "unknown" for "". At most 16 bytes of process, as
 * they are. */
const char *text_who(char ret[TEXT_WHO_MAX], const char *process, uint32_t pid);

/* Writes s with every byte that is not printable UTF-8 replaced by '?', and terminates it. Never
 * longer than s; ret may be s; a character that does not fit ends it. NULL is "".
 * Process names and cgroup paths come from whoever runs on the host. */
const char *text_printable(char *ret, size_t size, const char *s);

/* Length of the printable UTF-8 character at s (1 to 4), 0 if it is none. Control characters, line
 * separators and direction marks are none: they would forge lines. */
size_t text_printable_length(const char *s);

/* Length of the valid UTF-8 sequence at s (1 to 4), 0 if it is none. */
size_t text_utf8_length(const char *s);

/* The character that such a sequence stands for. */
uint32_t text_character(const char *s);
