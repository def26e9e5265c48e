/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of the network namespace that the calling thread is in. */
#pragma once

#include <stdint.h>

#include "user/core/addresses.h"

/* Adds them, under the name of this namespace. Negative errno: some may be missing. */
int netaddr_read(struct addresses *addresses, uint32_t netns);
