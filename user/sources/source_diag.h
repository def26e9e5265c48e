/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source without BPF: reads sock_diag and /proc whenever the agent looks, and tells what has
 * changed since. It works without any privilege for what the kernel then shows: the network
 * namespace one is in, and the owners of one's own processes. See diag_holds.h for how a hold's
 * path is found, and its limits.
 *
 * Between two looks it sees nothing: no refusal, no search time, no port that was taken and given
 * back meanwhile unless a TIME_WAIT is left of it, and no owner of such a one. fd() is never
 * readable and drain() has nothing; all events come out of find_netns() and sweep().
 */
#pragma once

#include "user/sources/source.h"

extern const struct source_ops source_diag;
