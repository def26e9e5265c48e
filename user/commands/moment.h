/* SPDX-License-Identifier: Apache-2.0 */
/* The moment of a recording that a command line asks for, and what is to be said when there is no
 * such one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct player;

/* What the commands that play one have in common. */
struct moment {
	const char *command; /* for messages */
	const char *file;
	const char *at; /* as when.h has it; NULL: not given */
};

/* The moment, ns since the recording began; untouched where none was asked for. 0, or the status to
 * end with, after one line. */
int moment_choose(uint64_t *ret_ns, const struct moment *moment, const struct player *player);

/* After it was played to that moment with such a result (0 or a negative errno): 0, or the status
 * to end with, after one line. */
int moment_judge(const struct moment *moment, const struct player *player, uint64_t at_ns, int r);

/* Says in one line that the recording is cut or damaged, if that has turned out. */
bool moment_tell_damage(const struct moment *moment, const struct player *player);
