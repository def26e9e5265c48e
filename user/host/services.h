/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own list of services, /etc/services: "https 443/tcp www # comment". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SERVICE_NAME_MAX 32
#define SERVICES_BYTES_MAX (1 << 20)

typedef int services_handler(void *context, uint8_t protocol, uint16_t port, const char *name);

/* Pure. Tells each TCP and UDP service in the order of the text; lines that make no sense are
 * passed over. Nobody vouches for the text: names have letters, digits, and .+_- only.
 * Returns 0 or what the handler returned, if that was negative. */
int services_parse(const char *text, services_handler *handler, void *context);

/* The same of a file, of at most SERVICES_BYTES_MAX; a longer one is not read. */
int services_read(const char *path, services_handler *handler, void *context);
