// SPDX-License-Identifier: Apache-2.0
#include "user/host/netns_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/util.h"
#include "user/host/procfs.h"

#define CGROUP_TEXT_MAX 8192

/* Who is in one namespace. */
struct resident {
	struct cgroup_identity identity; /* of the first one */
	bool some;
	bool pods_differ;
	bool containers_differ;
};

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void join(struct resident *resident, const struct cgroup_identity *identity)
{
	if (!identity->container[0] && !identity->pod[0])
		return;
	if (!resident->some) {
		resident->identity = *identity;
		resident->some = true;
		return;
	}
	resident->pods_differ |= strcmp(resident->identity.pod, identity->pod) != 0;
	resident->containers_differ |=
		strcmp(resident->identity.container, identity->container) != 0;
}

static struct netns_entry *entry_of(const struct netns_list *list, const char *proc_root,
				    const char *pid)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/ns/net", proc_root, pid);
	if (stat(path, &st) < 0)
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].inode == (uint32_t)st.st_ino)
			return &list->entries[i];
	return NULL;
}

/* The line of cgroup v2, "0::/path", or on older hosts any line that knows a container. */
static void identify(struct cgroup_identity *ret, char *text)
{
	char *line;

	memset(ret, 0, sizeof(*ret));
	while (!ret->container[0] && !ret->pod[0] && (line = strsep(&text, "\n"))) {
		const char *path = strchr(line, '/');

		if (path)
			cgroup_identify(ret, path);
	}
}

static void visit_process(const struct netns_list *list, struct resident *residents,
			  const char *proc_root, const char *pid)
{
	const struct netns_entry *entry = entry_of(list, proc_root, pid);
	struct cgroup_identity identity;
	char text[CGROUP_TEXT_MAX];
	char path[PATH_MAX];

	if (!entry || !entry->nameless)
		return;
	snprintf(path, sizeof(path), "%s/%s/cgroup", proc_root, pid);
	if (procfs_read(path, text, sizeof(text)) < 0)
		return;
	identify(&identity, text);
	join(&residents[entry - list->entries], &identity);
}

static bool all_named(const struct netns_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].nameless)
			return false;
	return true;
}

/* Containers of one pod share its namespace; a container's own has no other in it. */
static void name_one(struct netns_list *list, struct netns_entry *entry,
		     const struct resident *resident, struct container_table *containers)
{
	const struct container_names *names;
	char name[2 * CONTAINER_NAME_MAX + 2];

	if (!resident->some || resident->pods_differ ||
	    (!resident->identity.pod[0] && resident->containers_differ))
		return;
	names = container_table_find(containers, &resident->identity);
	if (names->pod[0])
		snprintf(name, sizeof(name), "%s%s%s", names->pod_namespace,
			 names->pod_namespace[0] ? "/" : "", names->pod);
	else if (resident->identity.pod[0])
		return; /* a number like the one it has */
	else
		snprintf(name, sizeof(name), "%s",
			 names->container[0] ? names->container : resident->identity.container);
	netns_rename(list, entry, name);
}

void netns_name_owned(struct netns_list *list, const char *proc_root,
		      struct container_table *containers)
{
	CLEANUP(dir_closep) DIR *dir = NULL;
	CLEANUP(freep) struct resident *residents = NULL;
	const struct dirent *file;

	if (all_named(list))
		return;
	dir = opendir(proc_root);
	residents = calloc(list->count, sizeof(*residents));
	if (!dir || !residents)
		return;
	while ((file = readdir(dir)))
		if (isdigit((unsigned char)file->d_name[0]))
			visit_process(list, residents, proc_root, file->d_name);
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].nameless)
			name_one(list, &list->entries[i], &residents[i], containers);
}
