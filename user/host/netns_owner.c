// SPDX-License-Identifier: Apache-2.0
#include "user/host/netns_owner.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct netns_entry *entry_of(const struct netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].inode == inode)
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
			  const char *proc_root, const struct netns_process *process)
{
	const struct netns_entry *entry = entry_of(list, process->inode);
	struct cgroup_identity identity;
	char text[CGROUP_TEXT_MAX];
	char path[PATH_MAX];

	if (!entry || !entry->nameless)
		return;
	snprintf(path, sizeof(path), "%s/%u/cgroup", proc_root, process->pid);
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
		      const struct netns_processes *processes, struct container_table *containers)
{
	CLEANUP(freep) struct resident *residents = NULL;

	if (all_named(list))
		return;
	residents = calloc(list->count, sizeof(*residents));
	if (!residents)
		return;
	for (size_t i = 0; i < processes->count; i++)
		visit_process(list, residents, proc_root, &processes->entries[i]);
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].nameless)
			name_one(list, &list->entries[i], &residents[i], containers);
}
