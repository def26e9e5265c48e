/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces of a test, with small port ranges of their own. */
#pragma once

#include <stdint.h>

/* Removes what an earlier run left behind, then makes it, lo up, with its range. */
void space_add(const char *name, uint16_t first, uint16_t last);
void space_delete(const char *name);

/* Joins two namespaces: ADDRESS_A (10.77.0.1) is in a, ADDRESS_B (10.77.0.2) in b. */
void space_join(const char *a, const char *b);
#define ADDRESS_A "10.77.0.1"
#define ADDRESS_B "10.77.0.2"

/* Writes a file below /proc/sys as seen from inside the namespace. */
void space_sysctl(const char *name, const char *file, const char *value);

/* Lines of `ss -Hna OPTIONS` inside: what the kernel itself counts. filter: an ss filter. */
unsigned int space_ss(const char *name, const char *options, const char *filter);

uint32_t space_inode(const char *name);
