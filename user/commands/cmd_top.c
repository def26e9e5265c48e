// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <systemd/sd-event.h>

#include "user/agent.h"
#include "user/alert/alert.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/commands/api.h"
#include "user/commands/command.h"
#include "user/commands/moment.h"
#include "user/commands/options.h"
#include "user/commands/rerun.h"
#include "user/commands/settings.h"
#include "user/commands/view_read.h"
#include "user/config/config.h"
#include "user/core/ledger.h"
#include "user/core/view.h"
#include "user/host/privilege.h"
#include "user/loop.h"
#include "user/player.h"
#include "user/record/replay.h"
#include "user/top/live.h"
#include "user/top/playback.h"

#define SNAPSHOT "/api/v1/snapshot"
#define DRAIN_NS 100000000ULL
#define SECOND_US 1000000ULL
#define PACE_US 100000ULL /* how often we look where a recording has come to */
#define WAIT_MS 1000
#define LOOK_US 20000ULL /* how often we look whether an answer is there */

/* Of one's own: agent, alerts and loop. Of another agent: api and event. Of a recording: rerun and
 * event. */
struct watching {
	struct config *settings;
	struct agent *agent;
	struct alerts *alerts;
	struct loop *loop;
	struct api *api;
	struct sd_event *event;
	sd_event_source *timer;
	struct live *live;
	bool asks; /* the answer is not there yet */
	struct moment moment;
	struct rerun *rerun;
	struct playback playback;
	uint64_t ticked_ns; /* CLOCK_MONOTONIC: when playback was told the time */
	bool damage_is_told;
};

/* The terminal first: what else goes wrong is to be read there. */
static void watching_done(struct watching *watching)
{
	live_close(watching->live);
	sd_event_source_unref(watching->timer);
	sd_event_unref(watching->event);
	api_close(watching->api);
	loop_free(watching->loop);
	alerts_free(watching->alerts);
	agent_close(watching->agent);
	rerun_close(watching->rerun);
	config_free(watching->settings);
}

static void view_unrefp(struct view **view)
{
	view_unref(*view);
}

static int open_live(struct watching *watching, struct sd_event *event)
{
	char reason[TERMINAL_REASON_MAX];
	int r = live_open(&watching->live, event, reason);

	if (r < 0)
		log_error("top: %s", reason);
	return r;
}

/* --- by oneself ------------------------------------------------------------------------------ */

/* Who is told of alerts sees them on the screen. */
static void ignore(void *context, const struct view_alert *alert, bool entered)
{
	(void)context;
	(void)alert;
	(void)entered;
}

static int each_second(void *context)
{
	CLEANUP(view_unrefp) struct view *view = NULL;
	struct watching *watching = context;
	int r;

	r = agent_view(watching->agent, &view);
	if (r == 0)
		r = alerts_evaluate(watching->alerts, view, clock_ns(CLOCK_MONOTONIC), ignore,
				    NULL);
	if (r == 0)
		r = live_take(watching->live, view, false);
	if (r < 0)
		log_error("top: making a view: %s", strerror(-r));
	return 0;
}

static int open_own(struct watching *watching, const struct options *options)
{
	struct loop_config loop_config = {
		.drain_ns = DRAIN_NS,
		.reconcile_ns = options->reconcile_ns,
		.second = each_second,
		.context = watching,
	};
	struct agent_config config = options_agent(options);
	int r;

	config.limits = &watching->settings->limits;
	config.confined = true;
	r = agent_open(&watching->agent, &config);
	if (r == 0)
		r = agent_confine(watching->agent);
	if (r < 0)
		return r; /* it has been logged */
	if (agent_source(watching->agent)->polled & LEDGER_POLLS_ALL)
		agent_explain(watching->agent);
	r = alerts_new(&watching->alerts, watching->settings->rules,
		       watching->settings->rules_count);
	if (r == 0)
		r = loop_new(&watching->loop, watching->agent, &loop_config);
	if (r < 0)
		log_error("top: cannot set up the event loop: %s", strerror(-r));
	return r;
}

static int watch_here(struct watching *watching, const struct options *options)
{
	int r;

	if (privilege_require(source_privileges(source_table(), options->source)) < 0)
		return EX_NOPERM;
	if (open_own(watching, options) < 0 || open_live(watching, loop_event(watching->loop)) < 0)
		return EXIT_FAILURE;
	r = loop_run(watching->loop);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- another agent --------------------------------------------------------------------------- */

static int show(struct watching *watching, const json_t *document)
{
	CLEANUP(view_unrefp) struct view *view = NULL;
	bool bounded;
	int r = view_read(&view, document, &bounded);

	if (r == -EBADMSG)
		return live_tell(watching->live, "what answered is no snapshot of this version");
	if (r == 0)
		r = live_tell(watching->live, NULL);
	return r < 0 ? r : live_take(watching->live, view, bounded);
}

/* A picture that is late or wrong is told of, and the next one is waited for. */
static int take_answer(struct watching *watching)
{
	CLEANUP(json_decrefp) json_t *document = NULL;
	char reason[API_REASON_MAX];
	int r = api_take(watching->api, &document, 0, reason);

	if (r == -EAGAIN)
		return 0;
	watching->asks = false;
	return r < 0 ? live_tell(watching->live, reason) : show(watching, document);
}

static int wake_again(sd_event_source *timer, uint64_t in_us)
{
	int r = sd_event_source_set_time_relative(timer, in_us);

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *timer, uint64_t time_us, void *context)
{
	struct watching *watching = context;
	int r = 0;

	(void)time_us;
	if (!watching->asks)
		r = api_ask(watching->api, SNAPSHOT);
	if (r == 0) {
		watching->asks = true;
		r = take_answer(watching);
	}
	if (r == 0)
		r = wake_again(timer, watching->asks ? LOOK_US : SECOND_US);
	return r < 0 ? sd_event_exit(watching->event, r) : 0;
}

static int open_event(struct watching *watching, uint64_t first_us, sd_event_time_handler_t on_time)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1); /* there is nothing to reconcile here, nor a reason to end */
	sigaddset(&set, SIGUSR2);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_new(&watching->event);
	if (r >= 0)
		r = sd_event_add_signal(watching->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(watching->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_time_relative(watching->event, &watching->timer, CLOCK_MONOTONIC,
					       first_us, 0, on_time, watching);
	return r;
}

/* An agent that does not answer at all is a mistake in its address, most likely. */
static int first_answer(struct watching *watching, json_t **ret)
{
	char reason[API_REASON_MAX] = "no memory for an HTTP client";
	int r = api_ask(watching->api, SNAPSHOT);

	if (r == 0)
		do
			r = api_take(watching->api, ret, WAIT_MS, reason);
		while (r == -EAGAIN);
	if (r < 0)
		log_error("top: %s", reason);
	return r;
}

static int watch_there(struct watching *watching, const struct options *options)
{
	CLEANUP(json_decrefp) json_t *document = NULL;
	int r = api_open(&watching->api, options->connect);

	if (r == 0 && first_answer(watching, &document) < 0)
		return EX_UNAVAILABLE;
	if (r == 0)
		r = open_event(watching, SECOND_US, on_timer);
	if (r < 0) {
		log_error("top: cannot set up the event loop: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (open_live(watching, watching->event) < 0)
		return EXIT_FAILURE;
	r = show(watching, document);
	if (r >= 0)
		r = sd_event_loop(watching->event);
	if (r < 0)
		log_error("top: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- a recording ----------------------------------------------------------------------------- */

/* To where playback is. The work is no time of the recording. */
static int on_moved(void *context)
{
	struct watching *watching = context;
	struct playback *playback = &watching->playback;
	const struct player *player = rerun_player(watching->rerun);
	uint64_t at_ns = playback_shown_ns(playback);
	int r;

	if (at_ns == rerun_at_ns(watching->rerun))
		return 0;
	r = rerun_go(watching->rerun, at_ns);
	if (r < 0) {
		moment_judge(&watching->moment, player, at_ns, r);
		return r;
	}
	if (rerun_has_ended(watching->rerun))
		playback_end(playback, rerun_at_ns(watching->rerun));
	if (!watching->damage_is_told)
		watching->damage_is_told = moment_tell_damage(&watching->moment, player);
	watching->ticked_ns = clock_ns(CLOCK_MONOTONIC);
	return live_take(watching->live, rerun_view(watching->rerun), false);
}

static int on_pace(sd_event_source *timer, uint64_t time_us, void *context)
{
	struct watching *watching = context;
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	int r;

	(void)time_us;
	playback_advance(&watching->playback, now_ns - watching->ticked_ns);
	watching->ticked_ns = now_ns;
	r = on_moved(watching);
	if (r >= 0)
		r = wake_again(timer, PACE_US);
	return r < 0 ? sd_event_exit(watching->event, r) : 0;
}

/* 0, or the status to end with. */
static int open_recording(struct watching *watching, const struct options *options)
{
	struct moment moment = { "top", options->recording, options->at };
	const struct player *player;
	uint64_t at_ns = 0;
	int status;

	watching->moment = moment;
	if (rerun_open(&watching->rerun, options->recording, watching->settings->rules,
		       watching->settings->rules_count) < 0)
		return EX_NOINPUT;
	player = rerun_player(watching->rerun);
	status = moment_choose(&at_ns, &moment, player);
	if (status)
		return status;
	playback_init(&watching->playback, player_state(player)->begin.realtime, at_ns);
	return moment_judge(&moment, player, at_ns, rerun_go(watching->rerun, at_ns));
}

static int watch_recording(struct watching *watching, const struct options *options)
{
	int status = open_recording(watching, options);
	int r;

	if (status)
		return status;
	r = open_event(watching, PACE_US, on_pace);
	if (r < 0) {
		log_error("top: cannot set up the event loop: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	if (open_live(watching, watching->event) < 0)
		return EXIT_FAILURE;
	live_replay(watching->live, &watching->playback, on_moved, watching);
	watching->ticked_ns = clock_ns(CLOCK_MONOTONIC);
	r = live_take(watching->live, rerun_view(watching->rerun), false);
	if (r >= 0)
		r = sd_event_loop(watching->event);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int check_options(const struct options *options)
{
	if (options->recording && options->connect)
		log_error("top: --replay and --connect: only one of them can be shown");
	else if (options->config_file && options->connect)
		log_error(
			"top: --config.file and --connect: the agent that is asked has settings of its own");
	else if (options->at && !options->recording)
		log_error("top: --at is a moment of a recording; name one with --replay");
	else
		return 0;
	return -EINVAL;
}

int cmd_top(int argc, char **argv)
{
	CLEANUP(watching_done) struct watching watching = { 0 };
	char reason[TERMINAL_REASON_MAX];
	struct options options;

	if (options_parse(&options, argc, argv,
			  OPTIONS_SOURCE | OPTIONS_RECONCILE | OPTIONS_CONNECT | OPTIONS_RECORDING |
				  OPTIONS_CONFIG,
			  "Shows on the terminal, live, what runs out and who has it.") < 0 ||
	    check_options(&options) < 0)
		return EX_USAGE;
	setlocale(LC_CTYPE, "");
	if (terminal_check(reason) < 0) {
		log_error("top: %s", reason);
		return EXIT_FAILURE;
	}
	if (settings_load(&watching.settings, &options) < 0)
		return EX_CONFIG;
	if (options.recording)
		return watch_recording(&watching, &options);
	if (options.connect)
		return watch_there(&watching, &options);
	return watch_here(&watching, &options);
}
