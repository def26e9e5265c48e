// SPDX-License-Identifier: Apache-2.0
#include "user/commands/rerun.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/alert/alert.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/player.h"
#include "user/record/replay.h"

#define SECOND_NS 1000000000ULL

struct rerun {
	struct player *player;
	const struct alert_rule *rules;
	size_t rules_count;
	struct alerts *alerts;
	struct view *view;
	uint64_t at_ns; /* since the beginning: where they are */
};

static void rerun_closep(struct rerun **rerun)
{
	rerun_close(*rerun);
}

void rerun_close(struct rerun *rerun)
{
	if (!rerun)
		return;
	view_unref(rerun->view);
	alerts_free(rerun->alerts);
	player_close(rerun->player);
	free(rerun);
}

/* Who was told of alerts then is told no more. */
static void ignore(void *context, const struct view_alert *alert, bool entered)
{
	(void)context;
	(void)alert;
	(void)entered;
}

/* The player is there already. */
static int judge(struct rerun *rerun, uint64_t at_ns)
{
	uint64_t begin_ns = player_state(rerun->player)->begin.monotonic;
	struct view *view = NULL;
	int r = player_view(rerun->player, &view);

	if (r < 0)
		return r;
	view_unref(rerun->view);
	rerun->view = view;
	rerun->at_ns = at_ns;
	return alerts_evaluate(rerun->alerts, view, begin_ns + at_ns, ignore, NULL);
}

static int begin(struct rerun *rerun)
{
	int r;

	alerts_free(rerun->alerts);
	rerun->alerts = NULL;
	r = alerts_new(&rerun->alerts, rerun->rules, rerun->rules_count);
	return r < 0 ? r : judge(rerun, 0);
}

int rerun_open(struct rerun **ret, const char *path, const struct alert_rule *rules, size_t count)
{
	CLEANUP(rerun_closep) struct rerun *rerun = calloc(1, sizeof(*rerun));
	int r = rerun ? player_open(&rerun->player, path) : -ENOMEM;

	if (rerun && r < 0)
		return r; /* it has been logged */
	if (r == 0) {
		rerun->rules = rules;
		rerun->rules_count = count;
		r = begin(rerun);
	}
	if (r < 0) {
		log_error("%s: %s", path, strerror(-r));
		return r;
	}
	*ret = TAKE_PTR(rerun);
	return 0;
}

static int go_back(struct rerun *rerun)
{
	int r = player_rewind(rerun->player);

	return r < 0 ? r : begin(rerun);
}

static int go_on(struct rerun *rerun, uint64_t at_ns)
{
	const struct replay_state *state = player_state(rerun->player);
	int r = player_play(rerun->player, at_ns);

	if (r < 0)
		return r;
	return judge(rerun, state->ended ? state->last_ns - state->begin.monotonic : at_ns);
}

/* Alerts have a memory, so each second is judged, as it was then. */
int rerun_go(struct rerun *rerun, uint64_t at_ns)
{
	int r = at_ns < rerun->at_ns ? go_back(rerun) : 0;

	while (r == 0 && rerun->at_ns < at_ns && !rerun_has_ended(rerun)) {
		uint64_t left_ns = at_ns - rerun->at_ns;

		r = go_on(rerun, rerun->at_ns + (left_ns < SECOND_NS ? left_ns : SECOND_NS));
	}
	return r;
}

uint64_t rerun_at_ns(const struct rerun *rerun)
{
	return rerun->at_ns;
}

bool rerun_has_ended(const struct rerun *rerun)
{
	return player_state(rerun->player)->ended;
}

struct view *rerun_view(const struct rerun *rerun)
{
	return rerun->view;
}

const struct player *rerun_player(const struct rerun *rerun)
{
	return rerun->player;
}
