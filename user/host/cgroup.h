/* SPDX-License-Identifier: Apache-2.0 */
/* Where cgroup v2 is mounted, and what stands behind a cgroup's id. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_NAME_MAX 128
#define CGROUP_ID_MAX 65

/* What a cgroup path says of its processes; "" where it says nothing. */
struct cgroup_identity {
	char unit[CGROUP_NAME_MAX];       /* "nginx.service", "session-1.scope" */
	char container[CGROUP_NAME_MAX];  /* the runtime's id, cut to 12 digits as people see it */
	char pod[CGROUP_NAME_MAX];        /* the pod's uid */
	char container_id[CGROUP_ID_MAX]; /* the whole id, where it is one; else "" */
};

/* Pure. path: relative to the cgroup root, with a leading slash; chosen by whoever made it. */
void cgroup_identify(struct cgroup_identity *ret, const char *path);

/* The mount point of cgroup v2, unified or hybrid. -ENOENT: none. Caller frees. */
int cgroup_find_root(char **ret, const char *mountinfo_path);

struct cgroup_table;

/* root is borrowed for the table's life. */
int cgroup_table_new(struct cgroup_table **ret, const char *root);
void cgroup_table_free(struct cgroup_table *table);

/* The path of a cgroup, relative to the root; NULL: none such. Walks the tree again when the id
 * is new, at most once in a while (now_ns: CLOCK_MONOTONIC). Good until the next call. */
const char *cgroup_table_path(struct cgroup_table *table, uint64_t id, uint64_t now_ns);
