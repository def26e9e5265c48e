/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of control.h: asks a running agent for its holds. The agent is not trusted. */
#pragma once

#include "user/verify/holds_dump.h"

/* -ENOENT, -ECONNREFUSED: no agent there; -EACCES: not for us; -ENAMETOOLONG: no path for a socket;
 * -ETIMEDOUT: it does not answer; -ECONNRESET: it hung up, or it refuses us; -EPROTO: another
 * version; -EBADMSG: not a dump. On failure *ret is untouched. */
int control_fetch(struct holds_dump *ret, const char *path);
