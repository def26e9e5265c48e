/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces of a test, with small port ranges of their own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Hides the host's /run from this process and its children: names of namespaces and control
 * sockets are ours alone, and go with us. 0 or -1 with errno. */
int space_keep_private(void);

/* Removes what an earlier scenario left behind, then makes it, lo up, with its range. */
void space_add(const char *name, uint16_t first, uint16_t last);
void space_delete(const char *name);
/* The same one; the new name must be free. */
void space_rename(const char *name, const char *new_name);
bool space_exists(const char *name);

/* Joins two namespaces: ADDRESS_A (10.77.0.1) is in a, ADDRESS_B (10.77.0.2) in b. */
void space_join(const char *a, const char *b);
#define ADDRESS_A "10.77.0.1"
#define ADDRESS_B "10.77.0.2"
/* The same with addresses, each in a /24, and with interfaces LINKa and LINKb. */
void space_link(const char *link, const char *a, const char *address_a, const char *b,
		const char *address_b);

/* Writes a file below /proc/sys as seen from inside the namespace. */
void space_sysctl(const char *name, const char *file, const char *value);
bool space_has_sysctl(const char *name, const char *file);

/* For a child process: moves it into the namespace, or ends it with status 126. */
void space_enter(const char *name);

/* Enters the namespace, calls, and comes back. */
void space_visit(const char *name, void (*call)(void *context), void *context);

/* Lines of `ss -Hna OPTIONS` inside: what the kernel itself counts. filter: an ss filter. */
unsigned int space_ss(const char *name, const char *options, const char *filter);

/* Distinct local ports from first to last in the kernel's own table of the protocol ("tcp", which
 * has no sockets that are bound and nothing else, or "udp"), in both families. */
unsigned int space_ports(const char *name, const char *protocol, uint16_t first, uint16_t last);

uint32_t space_inode(const char *name);
