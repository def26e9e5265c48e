// SPDX-License-Identifier: Apache-2.0
#include "user/host/cgroup.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "user/base/util.h"

#define WALK_INTERVAL_NS 2000000000ULL

struct cgroup_path {
	uint64_t id; /* inode number of the directory */
	UT_hash_handle hh;
	char path[];
};

struct cgroup_table {
	const char *root;
	struct cgroup_path *paths;
	uint64_t walked_ns; /* 0: never */
};

static bool is_octal(const char *s)
{
	return strspn(s, "01234567") >= 3;
}

/* The kernel writes white space and backslashes as a backslash and three octal digits. */
static void unescape(char *path)
{
	char *out = path;

	for (const char *in = path; *in; out++) {
		if (*in == '\\' && is_octal(in + 1)) {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* "36 25 0:31 / /sys/fs/cgroup rw,... shared:9 - cgroup2 cgroup2 rw": the mount point is field 5.
 */
static char *mount_point(const char *line)
{
	const char *type = strstr(line, " - ");
	char path[PATH_MAX];

	if (!type || strncmp(type + 3, "cgroup2 ", 8))
		return NULL;
	if (sscanf(line, "%*s %*s %*s %*s %4095s", path) != 1 || path[0] != '/')
		return NULL;
	unescape(path);
	return strdup(path);
}

int cgroup_find_root(char **ret, const char *mountinfo_path)
{
	CLEANUP(file_closep) FILE *file = fopen(mountinfo_path, "re");
	CLEANUP(freep) char *line = NULL;
	char *root = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (!root && getline(&line, &size, file) > 0)
		root = mount_point(line);
	if (!root)
		return -ENOENT;
	*ret = root;
	return 0;
}

int cgroup_table_new(struct cgroup_table **ret, const char *root)
{
	struct cgroup_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->root = root;
	*ret = table;
	return 0;
}

static void forget(struct cgroup_table *table)
{
	struct cgroup_path *path;
	struct cgroup_path *next;

	HASH_ITER(hh, table->paths, path, next) {
		HASH_DEL(table->paths, path);
		free(path);
	}
}

void cgroup_table_free(struct cgroup_table *table)
{
	if (!table)
		return;
	forget(table);
	free(table);
}

static struct cgroup_path *find(const struct cgroup_table *table, uint64_t id)
{
	struct cgroup_path *path;

	HASH_FIND(hh, table->paths, &id, sizeof(id), path);
	return path;
}

static void remember(struct cgroup_table *table, uint64_t id, const char *name)
{
	struct cgroup_path *path;

	if (find(table, id))
		return;
	path = calloc(1, sizeof(*path) + strlen(name) + 1);
	if (!path)
		return;
	path->id = id;
	strcpy(path->path, name);
	HASH_ADD(hh, table->paths, id, sizeof(path->id), path);
	if (!path->hh.tbl)
		free(path);
}

/* Directories only; one that vanishes meanwhile is passed over. */
static void walk(struct cgroup_table *table)
{
	char *roots[] = { (char *)table->root, NULL };
	size_t root_length = strlen(table->root);
	FTSENT *entry;
	FTS *tree;

	forget(table);
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (tree && (entry = fts_read(tree))) {
		const char *name = entry->fts_path + root_length;

		if (entry->fts_info == FTS_D)
			remember(table, entry->fts_statp->st_ino, *name ? name : "/");
	}
	if (tree)
		fts_close(tree);
}

const char *cgroup_table_path(struct cgroup_table *table, uint64_t id, uint64_t now_ns)
{
	const struct cgroup_path *path = find(table, id);

	if (!path && (!table->walked_ns || now_ns - table->walked_ns > WALK_INTERVAL_NS)) {
		walk(table);
		table->walked_ns = now_ns;
		path = find(table, id);
	}
	return path ? path->path : NULL;
}
