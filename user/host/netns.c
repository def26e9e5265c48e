// SPDX-License-Identifier: Apache-2.0
#include "user/host/netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/text.h"
#include "user/host/procfs.h"
#include "user/base/util.h"

#define UUID_LENGTH 36
#define PROCESSES_MIN 256

/* Where `ip netns` and container runtimes keep namespaces under a name. */
static const char *const named_in[] = { "/run/netns", "/run/docker/netns" };

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static const struct netns_entry *find(const struct netns_list *list, uint32_t inode)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].inode == inode)
			return &list->entries[i];
	return NULL;
}

/* Two namespaces may bear the same name; in views it must tell them apart, also from the row that
 * stands for many ("other") and from a VRF ("shop%5"). */
static void choose_name(const struct netns_list *list, struct netns_entry *entry, const char *name)
{
	char readable[sizeof(entry->name)];
	bool taken;

	if (!name) {
		snprintf(entry->name, sizeof(entry->name), "%u", entry->inode);
		return;
	}
	text_printable(readable, sizeof(readable), name);
	taken = !strcmp(readable, "other") || strchr(readable, '%');
	for (size_t i = 0; i < list->count; i++)
		taken |= &list->entries[i] != entry && !strcmp(list->entries[i].name, readable);
	if (taken)
		snprintf(entry->name, sizeof(entry->name), "%.48s:%u", readable, entry->inode);
	else
		snprintf(entry->name, sizeof(entry->name), "%s", readable);
}

void netns_rename(const struct netns_list *list, struct netns_entry *entry, const char *name)
{
	choose_name(list, entry, name);
}

/* Docker's, those of CNI plugins ("cni-UUID"), and bare UUIDs: names that no person chose. */
static bool is_machine_made(const char *path, const char *name)
{
	static const char docker[] = "/run/docker/netns/";

	if (!strncmp(path, docker, strlen(docker)) || !strncmp(name, "cni-", 4))
		return true;
	return strlen(name) == UUID_LENGTH && strspn(name, "0123456789abcdef-") == UUID_LENGTH;
}

/* The inode number of a namespace's file; 0: it is gone, or no namespace, or not ours to see. */
static uint32_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || !S_ISREG(st.st_mode) ? 0 : (uint32_t)st.st_ino;
}

/* name NULL: the inode number. inode 0: there is none. */
static int add(struct netns_list *list, uint32_t inode, const char *path, const char *name)
{
	struct netns_entry *entries;
	struct netns_entry *entry;

	if (!inode || find(list, inode))
		return 0;
	entries = reallocarray(list->entries, list->count + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	list->entries = entries;
	entry = &entries[list->count];
	entry->inode = inode;
	entry->pid = 0;
	snprintf(entry->path, sizeof(entry->path), "%s", path);
	entry->nameless = !name || is_machine_made(path, name);
	choose_name(list, entry, name);
	list->count++;
	return 0;
}

static int add_named(struct netns_list *list, const char *directory)
{
	CLEANUP(dir_closep) DIR *dir = opendir(directory);
	char path[PATH_MAX];
	struct dirent *file;
	int r = 0;

	while (dir && r == 0 && (file = readdir(dir))) {
		if (file->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, file->d_name);
		r = add(list, inode_of(path), path, file->d_name);
	}
	return r;
}

static int add_process(struct netns_list *list, const char *proc_root,
		       const struct netns_process *process, const char *name)
{
	size_t before = list->count;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/%u/ns/net", proc_root, process->pid);
	r = add(list, process->inode, path, name);
	if (list->count > before)
		list->entries[before].pid = process->pid;
	return r;
}

static const struct netns_process *find_process(const struct netns_processes *processes,
						uint32_t pid)
{
	for (size_t i = 0; i < processes->count; i++)
		if (processes->entries[i].pid == pid)
			return &processes->entries[i];
	return NULL;
}

/* The first namespace of all is that of process 1. A hardened host may hide that one even from
 * root; the kernel's own threads, children of process 2, never leave it either. */
static int add_host(struct netns_list *list, const char *proc_root,
		    const struct netns_processes *processes)
{
	const struct netns_process *process = find_process(processes, 1);
	char path[PATH_MAX];
	char comm[32];

	if (process)
		return add_process(list, proc_root, process, "host");
	process = find_process(processes, 2);
	snprintf(path, sizeof(path), "%s/2/comm", proc_root);
	if (!process || procfs_read(path, comm, sizeof(comm)) < 0 || strcmp(comm, "kthreadd\n"))
		return 0;
	return add_process(list, proc_root, process, "host");
}

static int add_process_of(struct netns_processes *processes, const char *proc_root,
			  const char *name)
{
	struct netns_process process = { .pid = (uint32_t)strtoul(name, NULL, 10) };
	struct netns_process *entries;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/ns/net", proc_root, process.pid);
	process.inode = inode_of(path);
	if (!process.inode)
		return 0;
	if (processes->count == processes->room) {
		size_t room = processes->room ? processes->room * 2 : PROCESSES_MIN;

		entries = reallocarray(processes->entries, room, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		processes->entries = entries;
		processes->room = room;
	}
	processes->entries[processes->count++] = process;
	return 0;
}

int netns_list_processes(struct netns_processes *ret, const char *proc_root)
{
	CLEANUP(netns_processes_done) struct netns_processes processes = { 0 };
	CLEANUP(dir_closep) DIR *dir = opendir(proc_root);
	const struct dirent *file;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (file = readdir(dir)))
		if (isdigit((unsigned char)file->d_name[0]))
			r = add_process_of(&processes, proc_root, file->d_name);
	if (r < 0)
		return r;
	*ret = processes;
	processes = (struct netns_processes){ 0 };
	return 0;
}

void netns_processes_done(struct netns_processes *processes)
{
	free(processes->entries);
	*processes = (struct netns_processes){ 0 };
}

int netns_scan_of(struct netns_list *ret, const char *proc_root,
		  const struct netns_processes *processes)
{
	struct netns_list list = { 0 };
	int r;

	r = add_host(&list, proc_root, processes);
	for (size_t i = 0; i < ARRAY_SIZE(named_in) && r == 0; i++)
		r = add_named(&list, named_in[i]);
	for (size_t i = 0; i < processes->count && r == 0; i++)
		r = add_process(&list, proc_root, &processes->entries[i], NULL);
	if (r < 0) {
		netns_list_done(&list);
		return r;
	}
	*ret = list;
	return 0;
}

int netns_scan(struct netns_list *ret, const char *proc_root)
{
	CLEANUP(netns_processes_done) struct netns_processes processes = { 0 };
	int r = netns_list_processes(&processes, proc_root);

	return r < 0 ? r : netns_scan_of(ret, proc_root, &processes);
}

void netns_list_done(struct netns_list *list)
{
	free(list->entries);
	memset(list, 0, sizeof(*list));
}

uint32_t netns_current(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) < 0 ? 0 : (uint32_t)st.st_ino;
}

/* A process that the path names may have gone to another namespace since, or be another one. */
static bool leads_to(int fd, const struct netns_entry *entry)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (uint32_t)st.st_ino == entry->inode;
}

int netns_visit(const struct netns_entry *entry, int (*visit)(void *context), void *context)
{
	CLEANUP(fd_closep) int home = -1;
	CLEANUP(fd_closep) int away = -1;
	int r;

	if (entry->inode == netns_current())
		return visit(context);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	away = open(entry->path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || away < 0)
		return -errno;
	if (!leads_to(away, entry))
		return -ESTALE;
	if (setns(away, CLONE_NEWNET) < 0)
		return -errno;
	r = visit(context);
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	return r;
}
