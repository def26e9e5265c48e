// SPDX-License-Identifier: Apache-2.0
#include "pools.h"

#include <stdio.h>
#include <string.h>

#include "space.h"
#include "watch.h"

json_t *pool_in(const json_t *snapshot, const struct pool *pool)
{
	return pool_row(snapshot, space_inode(pool->netns), pool->protocol);
}

bool pool_counted_as_kernel(const json_t *snapshot, const struct pool *pool)
{
	return number(pool_in(snapshot, pool), "used") ==
	       space_ports(pool->netns, pool->protocol, pool->first, pool->last);
}

double pool_held_by(const json_t *snapshot, const struct pool *pool, const char *process,
		    const char *key)
{
	uint32_t netns = space_inode(pool->netns);
	double sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "owners"), i, row)
		if (number(row, "netns") == netns && !strcmp(text(row, "process"), process) &&
		    !strcmp(text(row, "protocol"), pool->protocol))
			sum += number(row, key);
	return sum;
}

bool pool_judged(const json_t *snapshot, const struct pool *pool, const char *verdict,
		 const char *words)
{
	json_t *row;
	char scope[64];
	size_t i;

	snprintf(scope, sizeof(scope), "%s %s", pool->netns, pool->protocol);
	json_array_foreach(json_object_get(snapshot, "verdicts"), i, row)
		if (!strcmp(text(row, "verdict"), verdict) &&
		    !strncmp(text(row, "subject"), scope, strlen(scope)) &&
		    (!words || strstr(text(row, "subject"), words) ||
		     strstr(text(row, "text"), words)))
			return true;
	return false;
}
