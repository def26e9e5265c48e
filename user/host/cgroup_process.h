/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a socket is by the cgroup it was made in, where open files of other users may not be read.
 * It is good for services and containers with one program: the processes of the cgroup must all
 * have one name, and then the one with the lowest pid stands for them.
 */
#pragma once

#include "user/core/event.h"

/* directory: of the cgroup. -ENOENT: nobody is in it, several are, process 1 is, or it cannot be
 * read; *ret is untouched. */
int cgroup_process(struct abi_owner *ret, const char *proc_root, const char *directory);
