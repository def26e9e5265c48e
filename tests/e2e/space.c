// SPDX-License-Identifier: Apache-2.0
#include "space.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "process.h"

void space_sysctl(const char *name, const char *file, const char *value)
{
	char command[256];

	snprintf(command, sizeof(command), "echo '%s' > /proc/sys/%s", value, file);
	must("ip", "netns", "exec", name, "sh", "-c", command);
}

void space_add(const char *name, uint16_t first, uint16_t last)
{
	char range[32];
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	if (access(path, F_OK) == 0)
		space_delete(name);
	must("ip", "netns", "add", name);
	must("ip", "-n", name, "link", "set", "lo", "up");
	snprintf(range, sizeof(range), "%u %u", first, last);
	space_sysctl(name, "net/ipv4/ip_local_port_range", range);
}

void space_delete(const char *name)
{
	must("ip", "netns", "del", name);
}

void space_join(const char *a, const char *b)
{
	must("ip", "link", "add", "pgvetha", "netns", a, "type", "veth", "peer", "name", "pgvethb",
	     "netns", b);
	must("ip", "-n", a, "addr", "add", ADDRESS_A "/24", "dev", "pgvetha");
	must("ip", "-n", b, "addr", "add", ADDRESS_B "/24", "dev", "pgvethb");
	must("ip", "-n", a, "link", "set", "pgvetha", "up");
	must("ip", "-n", b, "link", "set", "pgvethb", "up");
}

unsigned int space_ss(const char *name, const char *options, const char *filter)
{
	char command[256];
	unsigned int lines = 0;
	struct result result;

	snprintf(command, sizeof(command), "ss -Hn %s %s", options, filter);
	result = run_program(NULL, (const char *const[]){ "ip", "netns", "exec", name, "sh", "-c",
							  command, NULL });
	assert_int_equal(result.status, 0);
	for (const char *c = result.out; *c; c++)
		lines += *c == '\n';
	result_done(&result);
	return lines;
}

uint32_t space_inode(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	assert_int_equal(stat(path, &st), 0);
	return (uint32_t)st.st_ino;
}
