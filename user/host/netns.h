/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespaces of this host: which there are, what they are called, and how to look
 * into one. Entering needs CAP_SYS_ADMIN, seeing other users' needs CAP_SYS_PTRACE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/core/ledger.h"

struct netns_entry {
	uint32_t inode;
	char name[64];  /* "host", the name under /run/netns, else the inode number */
	char path[320]; /* a file to enter it by */
	uint32_t pid;   /* that file is this process's; 0: it has a name */
	bool nameless;  /* no person chose that name */
};

struct netns_list {
	struct netns_entry *entries;
	size_t count;
};

/* Who is in which namespace. */
struct netns_process {
	uint32_t pid;
	uint32_t inode;
};

struct netns_processes {
	struct netns_process *entries;
	size_t count;
	size_t room;
};

/* The processes of proc_root whose namespace may be seen. Negative errno on failure; *ret is
 * untouched then. */
int netns_list_processes(struct netns_processes *ret, const char *proc_root);
void netns_processes_done(struct netns_processes *processes);

/* Every namespace that one of the processes is in or that has a name. Entries that vanish
 * meanwhile are left out. Negative errno on failure; *ret is untouched then. */
int netns_scan_of(struct netns_list *ret, const char *proc_root,
		  const struct netns_processes *processes);

/* The same of all processes of proc_root, as far as they may be seen. */
int netns_scan(struct netns_list *ret, const char *proc_root);
void netns_list_done(struct netns_list *list);

/* Gives one of the list another name. If that is taken, or would mean something else, the inode
 * number follows it. */
void netns_rename(const struct netns_list *list, struct netns_entry *entry, const char *name);

/* The inode number of the namespace the calling thread is in; 0 on failure. */
uint32_t netns_current(void);

/* Calls visit with the calling thread inside the namespace, then goes back. Returns what visit
 * returned, or a negative errno if the namespace could not be entered: -ESTALE where its path leads
 * elsewhere by now. Aborts the process if the way back fails: everything read later would be of the
 * wrong namespace. */
int netns_visit(const struct netns_entry *entry, int (*visit)(void *context), void *context);
