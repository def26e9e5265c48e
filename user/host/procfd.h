/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process has a socket, by walking the file tables in /proc: the only way without BPF. It
 * shows who has a socket open now, not who took its port; of several the one with the lowest pid
 * counts, on most hosts the parent. Not found: kernel sockets, descriptors on their way between
 * processes or inside io_uring only, threads with file tables of their own, and processes whose
 * main thread has ended.
 *
 * Other users' processes need CAP_SYS_PTRACE to read a link and CAP_DAC_READ_SEARCH to list the
 * directory (fs/proc/fd.c, 5.10 to 7.3); what could not be read is counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/core/event.h"

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

/* Reads all anew; of what was known before nothing stays. Processes that vanish meanwhile are
 * passed over. Negative errno: proc_root cannot be read, or no memory; the table is empty then. */
int procfd_scan(struct procfd *table);

/* NULL: nobody, as far as we may see. Good until the next scan.
 * See procowner.h for what is told of a process. */
const struct abi_owner *procfd_find(const struct procfd *table, uint64_t inode);

/* The inode number out of "socket:[12345]", where the link of that name in an open /proc/PID/fd
 * leads; 0: something else is open there, or it is not ours to see. */
uint64_t procfd_read_socket(int directory, const char *name);

struct procfd_counts procfd_counts(const struct procfd *table);
