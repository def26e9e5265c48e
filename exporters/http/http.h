/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: config->endpoints out of the newest published view, a landing page, and
 * /-/healthy (200 while the process runs) and /-/ready (200 once there is a view, else 503).
 * GET and HEAD only; a request with a body is refused and its connection closed.
 *
 * Each listen address has a thread of libmicrohttpd that accepts, and each connection one that
 * serves it and encodes on its own reference of the view. publish only swaps a pointer, cuts off
 * who takes too long, and rereads the web configuration if it has changed. No listen address:
 * nothing is served, which is no error.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "exporters/exporter.h"

extern const struct exporter_ops http_exporter;

/* The port that web->listen_addresses[index] is bound to, host order; 0 if there is no such one. */
uint16_t http_port(const struct exporter *self, size_t index);
