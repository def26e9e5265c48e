/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording tells in all: how many ports were taken, given back, refused and lost, and how
 * many are held in the end. Pure but for the FILE it writes to. */
#pragma once

#include <stdio.h>

struct replay_state;
struct view;

/* view: of the moment up to which it was played. */
void replay_summary_text(FILE *out, const struct view *view, const struct replay_state *replayed);
void replay_summary_json(FILE *out, const struct view *view, const struct replay_state *replayed);
