/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says. root is the directory where procfs is mounted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole small file, terminated. Negative errno; -EFBIG: it does not fit and nothing is cut. */
int procfs_read(const char *path, char *ret, size_t size);

/* The same of an open file, from where it is. */
int procfs_read_fd(int fd, char *ret, size_t size);

/* Does the process that started at start_ns (CLOCK_BOOTTIME) still run under this pid? Of one that
 * is hidden from us: does any? */
bool procfs_alive(const char *root, uint32_t pid, uint64_t start_ns);

/* Field 22 of /proc/PID/stat in clock ticks since boot; 0: not there. Pure; the name in
 * parentheses may contain anything. */
uint64_t procfs_parse_start(const char *stat);
