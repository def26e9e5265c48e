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
#include "user/host/sysctl.h"
#include "user/base/util.h"

#define UUID_LENGTH 36
#define SYSCTL "/proc/sys/net/ipv4/"
#define TW_REUSE_DELAY_MS 1000      /* fixed up to 6.13; a sysctl later */
#define RESERVED_TEXT_MAX (1 << 19) /* every port by itself fits */

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

/* name NULL: the inode number. A file that is gone, or no namespace, is passed over. */
static int add(struct netns_list *list, const char *path, const char *name)
{
	struct netns_entry *entries;
	struct netns_entry *entry;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || find(list, (uint32_t)st.st_ino))
		return 0;
	entries = reallocarray(list->entries, list->count + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	list->entries = entries;
	entry = &entries[list->count];
	entry->inode = (uint32_t)st.st_ino;
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
		r = add(list, path, file->d_name);
	}
	return r;
}

static int add_of_processes(struct netns_list *list, const char *proc_root)
{
	CLEANUP(dir_closep) DIR *dir = opendir(proc_root);
	char path[PATH_MAX];
	struct dirent *file;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (file = readdir(dir))) {
		if (!isdigit((unsigned char)file->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s/ns/net", proc_root, file->d_name);
		r = add(list, path, NULL);
	}
	return r;
}

/* The first namespace of all is that of process 1. A hardened host may hide that one even from
 * root; the kernel's own threads, children of process 2, never leave it either. */
static int add_host(struct netns_list *list, const char *proc_root)
{
	char path[PATH_MAX];
	char comm[32];
	int r;

	snprintf(path, sizeof(path), "%s/1/ns/net", proc_root);
	r = add(list, path, "host");
	if (r < 0 || list->count)
		return r;
	snprintf(path, sizeof(path), "%s/2/comm", proc_root);
	if (procfs_read(path, comm, sizeof(comm)) < 0 || strcmp(comm, "kthreadd\n"))
		return 0;
	snprintf(path, sizeof(path), "%s/2/ns/net", proc_root);
	return add(list, path, "host");
}

int netns_scan(struct netns_list *ret, const char *proc_root)
{
	struct netns_list list = { 0 };
	int r;

	r = add_host(&list, proc_root);
	for (size_t i = 0; i < ARRAY_SIZE(named_in) && r == 0; i++)
		r = add_named(&list, named_in[i]);
	if (r == 0)
		r = add_of_processes(&list, proc_root);
	if (r < 0) {
		netns_list_done(&list);
		return r;
	}
	*ret = list;
	return 0;
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

static int read_reserved(struct netns_facts *facts)
{
	CLEANUP(freep) char *text = malloc(RESERVED_TEXT_MAX);
	int r;

	if (!text)
		return -ENOMEM;
	r = procfs_read(SYSCTL "ip_local_reserved_ports", text, RESERVED_TEXT_MAX);
	return r < 0 ? r : sysctl_parse_reserved(text, facts->reserved);
}

/* A sysctl that this kernel does not have keeps its value. */
static int read_number(const char *path, uint32_t *value)
{
	char text[64];
	int r = procfs_read(path, text, sizeof(text));

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : sysctl_parse_number(text, value);
}

int netns_read_facts(struct netns_facts *ret)
{
	uint32_t delay_ms = TW_REUSE_DELAY_MS;
	uint32_t reuse = 0;
	char text[64];
	int r;

	r = procfs_read(SYSCTL "ip_local_port_range", text, sizeof(text));
	if (r == 0)
		r = sysctl_parse_range(text, &ret->first, &ret->last);
	if (r == 0)
		r = read_reserved(ret);
	if (r == 0)
		r = read_number(SYSCTL "tcp_tw_reuse", &reuse);
	if (r == 0)
		r = read_number(SYSCTL "tcp_tw_reuse_delay", &delay_ms);
	ret->tw_reuse = (uint8_t)reuse;
	ret->tw_reuse_delay_ms = delay_ms;
	return r;
}
