/* SPDX-License-Identifier: Apache-2.0 */
/* A recording with the alerts of then, forth and back: a view of any moment, as `top` would have
 * shown it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alert_rule;
struct player;
struct rerun;
struct view;

/* At its beginning. rules are borrowed. Logs one line on failure. */
int rerun_open(struct rerun **ret, const char *path, const struct alert_rule *rules, size_t count);
void rerun_close(struct rerun *rerun); /* NULL is fine */

/* To so many ns after the beginning, or the end. Back costs as much as from the beginning. Negative
 * errno: it can only be closed. */
int rerun_go(struct rerun *rerun, uint64_t at_ns);

/* Where it is; of the end, when that was. */
uint64_t rerun_at_ns(const struct rerun *rerun);

/* There is nothing after it. */
bool rerun_has_ended(const struct rerun *rerun);

/* Borrowed, until it goes elsewhere. */
struct view *rerun_view(const struct rerun *rerun);
const struct player *rerun_player(const struct rerun *rerun);
