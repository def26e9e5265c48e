// SPDX-License-Identifier: Apache-2.0
#include "user/host/container_names.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "user/base/file.h"
#include "user/base/util.h"

#define ENTRIES_MAX 20000      /* of a directory */
#define CONFIG_MAX (1 << 20)   /* bytes */
#define STORAGE_MAX (16 << 20) /* the same, of all containers */
#define KNOWN_MAX 4096

static const char *const bundles[] = {
	"run/containerd/io.containerd.runtime.v2.task/k8s.io/%s/config.json",
	"run/containerd/io.containerd.runtime.v2.task/default/%s/config.json",
	"run/containers/storage/overlay-containers/%s/userdata/config.json",
	"var/lib/docker/containers/%s/config.v2.json",
};

static const char storage[] = "var/lib/containers/storage/overlay-containers/containers.json";

struct key {
	char id[CGROUP_ID_MAX];
	char pod[CGROUP_NAME_MAX];
};

struct known {
	struct key key;
	struct container_names names;
	UT_hash_handle hh;
};

struct container_table {
	const char *root;
	struct known *known;
	struct container_names unknown; /* what is told when there is no memory */
};

typedef bool parse_entry(struct container_names *names, const char *entry, const char *what);

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Entries are looked at, never followed. */
static bool search(const struct container_table *table, struct container_names *names,
		   const char *directory, parse_entry *parse, const char *what)
{
	CLEANUP(dir_closep) DIR *dir = NULL;
	char path[PATH_MAX];
	struct dirent *entry;
	bool known = false;

	snprintf(path, sizeof(path), "%s/%s", table->root, directory);
	dir = opendir(path);
	for (int i = 0; dir && !known && i < ENTRIES_MAX && (entry = readdir(dir)); i++)
		known = parse(names, entry->d_name, what);
	return known;
}

static bool read_bundle(const struct container_table *table, struct container_names *names,
			const char *format, const char *id)
{
	CLEANUP(freep) char *text = NULL;
	const char *mark = strstr(format, "%s");
	char path[PATH_MAX];
	size_t size;

	snprintf(path, sizeof(path), "%s/%.*s%s%s", table->root, (int)(mark - format), format, id,
		 mark + 2);
	return file_read(&text, &size, NULL, path, CONFIG_MAX) == 0 &&
	       container_parse_config(names, text, size);
}

static bool read_storage(const struct container_table *table, struct container_names *names,
			 const char *id)
{
	CLEANUP(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", table->root, storage);
	return file_read(&text, &size, NULL, path, STORAGE_MAX) == 0 &&
	       container_parse_storage(names, text, size, id);
}

static void look_up(const struct container_table *table, struct container_names *names,
		    const struct key *key)
{
	bool known = key->id[0] &&
		     search(table, names, "var/log/containers", container_parse_link, key->id);

	if (!known && key->pod[0])
		search(table, names, "var/log/pods", container_parse_pod, key->pod);
	for (size_t i = 0; i < ARRAY_SIZE(bundles) && key->id[0] && !names->container[0]; i++)
		read_bundle(table, names, bundles[i], key->id);
	if (key->id[0] && !names->container[0])
		read_storage(table, names, key->id);
}

int container_table_new(struct container_table **ret, const char *root)
{
	struct container_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->root = root;
	*ret = table;
	return 0;
}

void container_table_refresh(struct container_table *table)
{
	struct known *known;
	struct known *next;

	HASH_ITER(hh, table->known, known, next) {
		HASH_DEL(table->known, known);
		free(known);
	}
}

void container_table_free(struct container_table *table)
{
	if (!table)
		return;
	container_table_refresh(table);
	free(table);
}

static struct known *add(struct container_table *table, const struct key *key)
{
	struct known *known;

	if (HASH_COUNT(table->known) >= KNOWN_MAX)
		container_table_refresh(table);
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->key = *key;
	HASH_ADD(hh, table->known, key, sizeof(known->key), known);
	if (known->hh.tbl)
		return known;
	free(known);
	return NULL;
}

const struct container_names *container_table_find(struct container_table *table,
						   const struct cgroup_identity *identity)
{
	struct known *known;
	struct key key;

	memset(&key, 0, sizeof(key));
	snprintf(key.id, sizeof(key.id), "%s", identity->container_id);
	snprintf(key.pod, sizeof(key.pod), "%s", identity->pod);
	if (!key.id[0] && !key.pod[0])
		return &table->unknown;
	HASH_FIND(hh, table->known, &key, sizeof(key), known);
	if (known)
		return &known->names;
	known = add(table, &key);
	if (!known)
		return &table->unknown;
	look_up(table, &known->names, &key);
	return &known->names;
}
