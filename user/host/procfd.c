// SPDX-License-Identifier: Apache-2.0
#include "user/host/procfd.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "user/host/broker.h"
#include "user/host/procowner.h"
#include "user/base/util.h"

#define CAPACITY_MIN 256

struct slot {
	uint64_t inode; /* 0: free */
	uint32_t owner; /* index */
};

struct procfd {
	struct broker *broker;
	const char *proc_root;
	const char *cgroup_root;
	struct slot *slots; /* open addressing; a power of two of them */
	size_t capacity;
	struct abi_owner *owners;
	size_t owners_count;
	struct procfd_counts counts;
};

/* --- the table ------------------------------------------------------------------------------- */

static struct slot *slot_of(const struct procfd *table, uint64_t inode)
{
	size_t i = (size_t)(inode * 0x9e3779b97f4a7c15ULL >> 32) & (table->capacity - 1);

	while (table->slots[i].inode && table->slots[i].inode != inode)
		i = (i + 1) & (table->capacity - 1);
	return &table->slots[i];
}

static int grow(struct procfd *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : CAPACITY_MIN;
	struct slot *slots = calloc(capacity, sizeof(*slots));
	struct slot *old = table->slots;
	size_t old_capacity = table->capacity;

	if (!slots)
		return -ENOMEM;
	table->slots = slots;
	table->capacity = capacity;
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].inode)
			*slot_of(table, old[i].inode) = old[i];
	free(old);
	return 0;
}

static int note_socket(struct procfd *table, uint64_t inode, size_t owner)
{
	struct slot *slot;
	int r;

	if (table->counts.sockets * 4 >= table->capacity * 3) {
		r = grow(table);
		if (r < 0)
			return r;
	}
	slot = slot_of(table, inode);
	if (slot->inode && table->owners[slot->owner].tgid <= table->owners[owner].tgid)
		return 0;
	if (!slot->inode)
		table->counts.sockets++;
	*slot = (struct slot){ inode, (uint32_t)owner };
	return 0;
}

int procfd_new(struct procfd **ret, const char *proc_root, const char *cgroup_root)
{
	struct procfd *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->proc_root = proc_root;
	table->cgroup_root = cgroup_root;
	*ret = table;
	return 0;
}

void procfd_use_broker(struct procfd *table, struct broker *broker)
{
	table->broker = broker;
}

static void clear(struct procfd *table)
{
	free(table->slots);
	free(table->owners);
	table->slots = NULL;
	table->owners = NULL;
	table->capacity = 0;
	table->owners_count = 0;
	table->counts = (struct procfd_counts){ 0 };
}

void procfd_free(struct procfd *table)
{
	if (!table)
		return;
	clear(table);
	free(table);
}

const struct abi_owner *procfd_find(const struct procfd *table, uint64_t inode)
{
	const struct slot *slot;

	if (!inode || !table->capacity)
		return NULL;
	slot = slot_of(table, inode);
	return slot->inode ? &table->owners[slot->owner] : NULL;
}

struct procfd_counts procfd_counts(const struct procfd *table)
{
	return table->counts;
}

static int add_owner(struct procfd *table, uint32_t pid)
{
	struct abi_owner *owners;
	struct abi_owner owner;

	if (procowner_read(&owner, table->proc_root, table->cgroup_root, pid) < 0)
		return -ENOENT;
	owners = reallocarray(table->owners, table->owners_count + 1, sizeof(*owners));
	if (!owners)
		return -ENOMEM;
	owners[table->owners_count] = owner;
	table->owners = owners;
	table->owners_count++;
	return 0;
}

/* --- the walk -------------------------------------------------------------------------------- */

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The owner is read only if there is a socket at all. One that is gone by then owns nothing. */
static int note_sockets(struct procfd *table, uint32_t pid, const struct procsockets *sockets)
{
	int r;

	if (!sockets->count)
		return 0;
	r = add_owner(table, pid);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < sockets->count && r == 0; i++)
		r = note_socket(table, sockets->inodes[i], table->owners_count - 1);
	return r;
}

static int visit_process(struct procfd *table, const char *name)
{
	CLEANUP(procsockets_done) struct procsockets sockets = { 0 };
	uint32_t pid = (uint32_t)strtoul(name, NULL, 10);
	int r = broker_sockets(table->broker, &sockets, table->proc_root, pid, PROCSOCKETS_ALL);

	if (r == -ENOMEM)
		return r;
	table->counts.unreadable += r == -EACCES;
	if (r < 0)
		return 0;
	table->counts.processes++;
	return note_sockets(table, pid, &sockets);
}

int procfd_scan(struct procfd *table)
{
	CLEANUP(dir_closep) DIR *directory = NULL;
	struct dirent *file;
	int r = 0;

	clear(table);
	directory = opendir(table->proc_root);
	if (!directory)
		return -errno;
	while (r == 0 && (file = readdir(directory)))
		if (isdigit((unsigned char)file->d_name[0]))
			r = visit_process(table, file->d_name);
	if (r < 0)
		clear(table);
	return r;
}
