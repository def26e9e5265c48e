/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process has a socket, by walking the file tables in /proc: the only way without BPF. It
 * shows who has a socket open now, not who took its port; of several the one with the lowest pid
 * counts, on most hosts the parent. Not found: kernel sockets, descriptors on their way between
 * processes or inside io_uring only, threads with file tables of their own, and processes whose
 * main thread has ended.
 * What could not be read is counted: see procsockets.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/core/event.h"

struct broker;
struct procfd;

struct procfd_counts {
	size_t sockets;    /* with an owner */
	size_t processes;  /* that could be read */
	size_t unreadable; /* that could not, for want of permission */
};

/* The roots are borrowed for the table's life. proc_root: where procfs is mounted. cgroup_root:
 * where cgroup v2 is; NULL: owners' cgroups stay 0. -ENOMEM: *ret is untouched. */
int procfd_new(struct procfd **ret, const char *proc_root, const char *cgroup_root);
void procfd_free(struct procfd *table);

/* From now on it reads through the broker, which is borrowed; NULL: by itself, as before. */
void procfd_use_broker(struct procfd *table, struct broker *broker);

/* Reads all anew; of what was known before nothing stays. Processes that vanish meanwhile are
 * passed over. Negative errno: proc_root cannot be read, or no memory; the table is empty then. */
int procfd_scan(struct procfd *table);

/* NULL: nobody, as far as we may see. Good until the next scan.
 * See procowner.h for what is told of a process. */
const struct abi_owner *procfd_find(const struct procfd *table, uint64_t inode);

struct procfd_counts procfd_counts(const struct procfd *table);
