// SPDX-License-Identifier: Apache-2.0
/*
 * A recording gives the views of then: compared with those that were made then, and with one that
 * is kept in tests/golden/, so that what was recorded once can be read as long as its version
 * lives. TAKE_GOLDEN=1 writes that one anew.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/capture.h"
#include "tests/unit/recorded.h"
#include "tests/unit/scratch.h"
#include "user/agent.h"
#include "user/base/util.h"
#include "user/commands/replay_summary.h"
#include "user/core/knowledge.h"
#include "user/core/view.h"
#include "user/player.h"
#include "user/record/recorder.h"
#include "user/record/replay.h"
#include "user/registry.h"

#define GOLDEN "tests/golden/incident"
#define VIEWS_MAX 64

/* --- what there is to compare ---------------------------------------------------------------- */

static void player_closep(struct player **player)
{
	player_close(*player);
}

/* The document of a view, which goes; the caller frees. */
static char *document(struct view *view)
{
	struct view_limits limits = VIEW_LIMITS_DEFAULT;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	registry_encoder(true)(out, view, &limits);
	assert_int_equal(fclose(out), 0);
	view_unref(view);
	return text;
}

static char *picture(struct player *player)
{
	struct view *view = NULL;

	assert_int_equal(player_view(player, &view), 0);
	return document(view);
}

/* Documents by time. */
struct album {
	struct knowledge known;
	char *pictures[VIEWS_MAX];
	uint64_t times_ns[VIEWS_MAX];
	size_t count;
};

static void album_add(struct album *album, uint64_t time_ns, char *text)
{
	assert_true(album->count < VIEWS_MAX);
	album->times_ns[album->count] = time_ns;
	album->pictures[album->count++] = text;
}

static void album_done(struct album *album)
{
	knowledge_done(&album->known);
	for (size_t i = 0; i < album->count; i++)
		free(album->pictures[i]);
}

/* A note_handler that keeps the picture of each second. */
static int keep(void *context, const struct note *note)
{
	struct album *album = context;
	struct view *view = NULL;

	assert_int_equal(knowledge_take(&album->known, note), 0);
	if (note->kind == NOTE_TIME) {
		assert_int_equal(knowledge_view(&album->known, &view), 0);
		album_add(album, note->times.monotonic, document(view));
	}
	return 0;
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static struct player *replay(const char *path)
{
	struct player *player = NULL;

	assert_int_equal(player_open(&player, path), 0);
	return player;
}

static const char *incident_file(char ret[PATH_MAX], const char *scratch)
{
	struct recorded *whole = recorded_incident();

	write_file(scratch_path(ret, scratch, "incident"), whole->data, whole->size);
	recorded_free(whole);
	return ret;
}

static void compare(const char *path, const struct album *album)
{
	CLEANUP(player_closep) struct player *player = replay(path);

	for (size_t i = 0; i < album->count; i++) {
		CLEANUP(freep) char *text = NULL;
		uint64_t at_ns = album->times_ns[i] - player_state(player)->begin.monotonic;

		assert_int_equal(player_play(player, at_ns), 0);
		text = picture(player);
		assert_string_equal(text, album->pictures[i]);
	}
}

/* --- the same views at the same times -------------------------------------------------------- */

static void every_second_has_the_view_it_had(void **state)
{
	CLEANUP(album_done) struct album album = { .count = 0 };
	struct incident incident = { .handler = keep, .context = &album };
	char path[PATH_MAX];

	incident_happens(&incident);
	assert_int_equal(album.count, INCIDENT_SECONDS);
	assert_non_null(strstr(album.pictures[12], "client.service"));
	compare(incident_file(path, *state), &album);
}

/* A source whose events a test writes, and a clock that it winds: a test has one at a time. */
static struct stage {
	struct source source;
	struct event events[16];
	size_t count;
	struct source_losses losses;
	uint64_t now_ns;
} stage;

static uint64_t stage_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME ? stage.now_ns + INCIDENT_EPOCH_NS : stage.now_ns;
}

static int stage_drain(struct source *self, source_handler *handler, void *context)
{
	int count = (int)stage.count;

	(void)self;
	for (size_t i = 0; i < stage.count; i++)
		assert_int_equal(handler(context, &stage.events[i]), 0);
	stage.count = 0;
	return count;
}

static int stage_find(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	(void)handler;
	(void)context;
	return 0;
}

static int stage_sweep(struct source *self, bool resync, source_handler *handler, void *context)
{
	(void)resync;
	return stage_find(self, handler, context);
}

static int stage_losses(struct source *self, struct source_losses *ret)
{
	(void)self;
	*ret = stage.losses;
	return 0;
}

static void stage_close(struct source *self)
{
	(void)self;
}

static int stage_find_netns(struct source *self, struct netns_door *door, source_handler *handler,
			    void *context)
{
	(void)door;
	return stage_find(self, handler, context);
}

static int stage_open(struct source **ret, const struct source_config *config,
		      char reason[SOURCE_REASON_MAX]);

static const struct source_ops stage_ops = {
	.name = "stage",
	.open = stage_open,
	.close = stage_close,
	.drain = stage_drain,
	.find_files = stage_find,
	.find_netns = stage_find_netns,
	.sweep = stage_sweep,
	.losses = stage_losses,
};

static int stage_open(struct source **ret, const struct source_config *config,
		      char reason[SOURCE_REASON_MAX])
{
	(void)config;
	(void)reason;
	stage.source.ops = &stage_ops;
	*ret = &stage.source;
	return 0;
}

static void happen(struct event event)
{
	event.header.time_ns = stage.now_ns;
	stage.events[stage.count++] = event;
}

static char *picture_now(struct agent *agent)
{
	struct view *view = NULL;

	assert_int_equal(agent_view(agent, &view), 0);
	return document(view);
}

/* A second of a living agent, and the picture at its end. */
static void live_on(struct agent *agent, struct album *album)
{
	stage.now_ns += SECOND;
	assert_int_equal(agent_tick(agent), 0);
	stage.now_ns += MS;
	album_add(album, stage.now_ns, picture_now(agent));
}

static void live(struct agent *agent, struct album *album)
{
	for (uint16_t i = 0; i < 5; i++) {
		happen(taken_event(.id = 1 + i, .port = EVENT_FIRST + i, .netns = 4000000001U));
		happen(refused_event(.netns = 4000000001U));
		live_on(agent, album);
	}
	happen(time_wait_event(.id = 2, .tw_flags = HOLD_TW_TIMESTAMPS));
	happen(released_event(.id = 3));
	stage.losses = (struct source_losses){ .recursion = 2, .by_reason = { 3, 2, 1 } };
	live_on(agent, album);
	assert_int_equal(agent_reconcile(agent), 0);
	live_on(agent, album);
}

/* This host's namespaces are in it, with their names and ranges; the owner is of no process. */
static void a_living_agent_is_replayed_without_its_host(void **state)
{
	static const struct source_ops *const sources[] = { &stage_ops, NULL };
	CLEANUP(album_done) struct album album = { .count = 0 };
	struct recorder_config to = { .max_bytes = 1 << 30 };
	struct agent_config config = { .sources = sources, .clock = stage_clock };
	struct agent *agent = NULL;
	struct recorder *recorder = NULL;
	char path[PATH_MAX];

	stage = (struct stage){ .now_ns = 1000 * SECOND };
	to.path = scratch_path(path, *state, "live");
	assert_int_equal(recorder_open(&recorder, &to), 0);
	config.listener = recorder_take;
	config.listener_context = recorder;
	assert_int_equal(agent_open(&agent, &config), 0);
	live(agent, &album);
	agent_close(agent);
	assert_int_equal(recorder_close(recorder).error, 0);
	compare(path, &album);
}

/* --- times ----------------------------------------------------------------------------------- */

static uint32_t used_at(struct player *player, uint64_t after_start_ns)
{
	struct view *view = NULL;
	uint32_t used = 0;

	assert_int_equal(player_play(player, after_start_ns), 0);
	assert_int_equal(player_view(player, &view), 0);
	for (size_t i = 0; i < view->pools_count; i++)
		if (view->pools[i].netns == 1 && view->pools[i].protocol == IPPROTO_TCP)
			used = view->pools[i].used;
	view_unref(view);
	return used;
}

/* One remnant from the start on, and a port 100 ms after each second. */
static void time_stops_where_it_is_told_to(void **state)
{
	CLEANUP(player_closep) struct player *player = NULL;
	char path[PATH_MAX];

	player = replay(incident_file(path, *state));
	assert_int_equal(used_at(player, 0), 1); /* the start takes longer */
	assert_int_equal(used_at(player, SECOND + 99 * MS), 2);
	assert_int_equal(used_at(player, SECOND + 100 * MS), 3);
	assert_int_equal(used_at(player, SECOND), 3); /* never back */
	assert_int_equal(used_at(player, 8 * SECOND), 9);
	assert_false(player_state(player)->ended);
	assert_int_equal(used_at(player, 99 * SECOND), 5);
	assert_true(player_state(player)->ended);
	assert_int_equal(player_state(player)->end, NOTE_END_STOPPED);
	assert_int_equal(player_state(player)->gaps, 1);
	assert_int_equal(player_state(player)->missing, 17);
}

static void a_quiet_moment_has_its_own_time(void **state)
{
	CLEANUP(player_closep) struct player *player = NULL;
	struct view *view = NULL;
	char path[PATH_MAX];

	player = replay(incident_file(path, *state));
	assert_int_equal(player_play(player, 15 * SECOND + 321 * MS), 0);
	assert_int_equal(player_view(player, &view), 0);
	assert_int_equal(view->time, INCIDENT_EPOCH_NS + 15 * SECOND + 321 * MS);
	view_unref(view);
}

static void rewound_it_plays_the_same_again(void **state)
{
	CLEANUP(player_closep) struct player *player = NULL;
	CLEANUP(freep) char *before = NULL;
	CLEANUP(freep) char *after = NULL;
	char path[PATH_MAX];

	player = replay(incident_file(path, *state));
	assert_int_equal(used_at(player, 4 * SECOND), 5);
	before = picture(player);
	assert_int_equal(used_at(player, 99 * SECOND), 5);
	assert_int_equal(player_rewind(player), 0);
	assert_false(player_state(player)->ended);
	assert_int_equal(player_state(player)->gaps, 0);
	assert_int_equal(used_at(player, 0), 1);
	assert_int_equal(used_at(player, 4 * SECOND), 5);
	after = picture(player);
	assert_string_equal(after, before);
	assert_int_equal(used_at(player, 99 * SECOND), 5);
	assert_int_equal(player_state(player)->gaps, 1);
}

/* --- damage ---------------------------------------------------------------------------------- */

static void damage_ends_it_and_what_was_before_is_shown(void **state)
{
	CLEANUP(player_closep) struct player *player = NULL;
	struct recorded *whole = recorded_incident();
	char path[PATH_MAX];

	whole->data[whole->size / 2] ^= 1;
	write_file(scratch_path(path, *state, "bad"), whole->data, whole->size);
	player = replay(path);
	assert_true(used_at(player, 99 * SECOND) > 2);
	assert_true(player_state(player)->ended);
	assert_int_equal(player_state(player)->error, -EBADMSG);
	assert_int_equal(player_state(player)->end, 0);
	assert_true(player_state(player)->offset > RECORDING_HEAD_BYTES);
	assert_true(player_state(player)->offset <= whole->size / 2);
	recorded_free(whole);
}

static void does_not_open(const char *path, const char *why)
{
	struct capture capture = capture_start(STDERR_FILENO);
	struct player *player = NULL;
	char said[1024];
	int r = player_open(&player, path);

	capture_end(&capture, said, sizeof(said));
	assert_true(r < 0);
	assert_null(player);
	assert_one_line(said, path);
	assert_one_line(said, why);
}

static void what_cannot_be_replayed_is_one_line(void **state)
{
	struct recorded *empty = recorded_new();
	struct recorded *lost = recorded_new();
	char path[PATH_MAX];

	does_not_open("/nowhere/r", "No such file");
	scratch_write(*state, "text", "I am a text, longer than a head.");
	does_not_open(scratch_path(path, *state, "text"), "no recording");
	scratch_write(*state, "nothing", "");
	does_not_open(scratch_path(path, *state, "nothing"), "ends within its first bytes");
	scratch_path(path, *state, "bad");
	write_file(path, empty->data, empty->size);
	does_not_open(path, "cut at byte 16");
	recorded_take(lost, &(struct note){ .kind = NOTE_RESYNC_END }); /* before the start */
	recorded_flush(lost);
	write_file(path, lost->data, lost->size);
	does_not_open(path, "damaged at byte 16");
	recorded_free(empty);
	recorded_free(lost);
}

/* --- the golden one -------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
	CLEANUP(file_closep) FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(text);
	if (!file)
		fail_msg("no %s; these tests run at the top of the tree", path);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	return text;
}

static char *summary(struct player *player,
		     void (*write_it)(FILE *, const struct view *, const struct replay_state *))
{
	struct view *view = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(player_view(player, &view), 0);
	write_it(out, view, player_state(player));
	assert_int_equal(fclose(out), 0);
	view_unref(view);
	return text;
}

static void is_golden(char *text, const char *path)
{
	CLEANUP(freep) char *wanted = NULL;

	if (getenv("TAKE_GOLDEN"))
		write_file(path, text, strlen(text));
	wanted = read_text(path);
	assert_string_equal(text, wanted);
	free(text);
}

static void the_golden_recording_gives_the_golden_views(void **state)
{
	CLEANUP(player_closep) struct player *player = NULL;
	struct recorded *whole = recorded_incident();

	(void)state;
	if (getenv("TAKE_GOLDEN"))
		write_file(GOLDEN "-named.recording", whole->data, whole->size);
	recorded_free(whole);
	player = replay(GOLDEN "-named.recording");
	assert_int_equal(player_play(player, UINT64_MAX), 0);
	is_golden(picture(player), GOLDEN "-named.json");
}

/* Of version 1, which nobody writes any more: it stays as it is. */
static void a_recording_of_the_oldest_version_gives_the_golden_views(void **state)
{
	CLEANUP(player_closep) struct player *player = replay(GOLDEN ".recording");

	(void)state;
	assert_int_equal(player_play(player, 9 * SECOND), 0);
	is_golden(picture(player), GOLDEN "-at-9s.json");
	assert_int_equal(player_play(player, UINT64_MAX), 0);
	is_golden(picture(player), GOLDEN ".json");
	is_golden(summary(player, replay_summary_text), GOLDEN "-summary.txt");
	is_golden(summary(player, replay_summary_json), GOLDEN "-summary.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(every_second_has_the_view_it_had),
		scratch_test(a_living_agent_is_replayed_without_its_host),
		scratch_test(time_stops_where_it_is_told_to),
		scratch_test(a_quiet_moment_has_its_own_time),
		scratch_test(rewound_it_plays_the_same_again),
		scratch_test(damage_ends_it_and_what_was_before_is_shown),
		scratch_test(what_cannot_be_replayed_is_one_line),
		cmocka_unit_test(the_golden_recording_gives_the_golden_views),
		cmocka_unit_test(a_recording_of_the_oldest_version_gives_the_golden_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
