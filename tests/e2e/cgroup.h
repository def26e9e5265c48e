/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups of a test, below the mount point of cgroup v2. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define CGROUP_PATH_SIZE 512

/* Where it is, or would be. Fails the test if no cgroup v2 is mounted. */
void cgroup_path(char ret[CGROUP_PATH_SIZE], const char *name);

/* One that is there already is fine. The parent must be there. */
void cgroup_make(const char *name);

/* Moves a process into it. */
void cgroup_move(const char *name, pid_t pid);

/* Who is in it: count of them, at most size are written. */
size_t cgroup_pids(const char *name, pid_t *ret, size_t size);

/* Kills all who are in it, until it is empty. 0, or -1: someone is left. */
int cgroup_kill(const char *name);

/* Removes it once the kernel believes that it is empty. 0, or -1: it is still there. One that is
 * not there is fine. */
int cgroup_remove(const char *name);

/* Moves a process to where it gets no more memory than so much beside what it has. */
void cgroup_limit_memory(const char *name, pid_t pid, size_t bytes);

/* As cgroup_remove, after that. */
int cgroup_remove_memory(const char *name);
