/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of a made-up /proc. Include after cmocka.h and scratch.h. */
#pragma once

#include "tests/unit/scratch.h"

/* What /proc/PID has of a process that started 100 ticks after boot. */
static inline void make_process(const char *proc, uint32_t pid, const char *name, uint32_t uid)
{
	char path[64];
	char text[256];

	snprintf(path, sizeof(path), "%u/stat", pid);
	snprintf(text, sizeof(text),
		 "%u (%s) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 100 1000 1\n", pid, name);
	scratch_write(proc, path, text);
	snprintf(path, sizeof(path), "%u/status", pid);
	snprintf(text, sizeof(text), "Name:\t%s\nUmask:\t0022\nUid:\t%u\t0\t0\t0\nGid:\t0\n", name,
		 uid);
	scratch_write(proc, path, text);
}

/* An open file of it: a link to "socket:[4711]" and the like. */
static inline void make_file(const char *proc, uint32_t pid, uint32_t number, const char *target)
{
	char path[PATH_MAX];
	char name[64];

	snprintf(name, sizeof(name), "%u/fd/%u", pid, number);
	assert_int_equal(symlink(target, scratch_path(path, proc, name)), 0);
}
