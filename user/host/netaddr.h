/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of a network namespace, of its interfaces that are up. */
#pragma once

#include <stdint.h>

#include "user/core/addresses.h"
#include "user/host/netns_door.h"

/* Adds them. Negative errno: some may be missing. */
int netaddr_read(struct addresses *addresses, struct netns_door *door);
