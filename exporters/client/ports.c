// SPDX-License-Identifier: Apache-2.0
#include "exporters/client/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/base/util.h"

int ports_init(struct ports *ret, uint16_t first, uint16_t last)
{
	if (!first && !last) {
		first = PORTS_FIRST;
		last = PORTS_LAST;
	}
	if (!first || first > last)
		return -EINVAL;
	*ret = (struct ports){ .first = first, .last = last, .next = first };
	return 0;
}

static uint16_t take_next(struct ports *ports)
{
	uint16_t port = ports->next;

	ports->next = port == ports->last ? ports->first : (uint16_t)(port + 1);
	return port;
}

static int bind_to(int fd, int family, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int r = family == AF_INET6 ? bind(fd, (struct sockaddr *)&v6, sizeof(v6))
				   : bind(fd, (struct sockaddr *)&v4, sizeof(v4));

	return r < 0 ? -errno : 0;
}

int ports_bind(struct ports *ports, int fd, int family)
{
	unsigned int count = (unsigned int)(ports->last - ports->first) + 1;
	int yes = 1;

	/* else what is left in TIME_WAIT toward another receiver would be in the way */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0)
		return -errno;
	for (unsigned int i = 0; i < count; i++)
		if (bind_to(fd, family, take_next(ports)) == 0)
			return 0;
	return -EADDRINUSE;
}

bool ports_overlap(const struct ports *ports, const char *file, uint16_t ret_range[2])
{
	CLEANUP(file_closep) FILE *in = fopen(file, "re");
	char line[64];
	char *end;
	unsigned long first;
	unsigned long last;

	if (!in || !fgets(line, sizeof(line), in))
		return false;
	first = strtoul(line, &end, 10);
	last = strtoul(end, NULL, 10);
	if (first > last || last > UINT16_MAX || ports->first > last || ports->last < first)
		return false;
	ret_range[0] = (uint16_t)first;
	ret_range[1] = (uint16_t)last;
	return true;
}
