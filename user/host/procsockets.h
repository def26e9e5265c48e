/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sockets a process has open, out of the links in /proc/PID/fd, and which program it runs.
 * Other users' processes need CAP_SYS_PTRACE to read a link and CAP_DAC_READ_SEARCH to list the
 * directory (fs/proc/fd.c, 5.10 to 7.3).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PROCSOCKETS_ALL UINT32_MAX

/* Inode numbers, in the order of the descriptors. */
struct procsockets {
	uint64_t *inodes;
	size_t count;
	size_t room;
	size_t looked_at; /* links, of sockets or not */
};

/* Of the first descriptors, links_max of them. -EACCES: not ours to see; another negative errno:
 * it is gone, or no memory. *ret is untouched on failure. */
int procsockets_read(struct procsockets *ret, const char *proc_root, uint32_t pid,
		     uint32_t links_max);
void procsockets_done(struct procsockets *sockets);

/* Where /proc/PID/exe leads, terminated, cut to the size; a negative errno, and "". */
int procsockets_program(char *ret, size_t size, const char *proc_root, uint32_t pid);
