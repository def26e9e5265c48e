// SPDX-License-Identifier: Apache-2.0
#include "user/commands/replay_summary.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "user/base/text.h"
#include "user/base/units.h"
#include "user/core/view.h"
#include "user/record/replay.h"

#define NAME_MAX_SHOWN 80

struct totals {
	uint64_t taken;
	uint64_t released;
	uint64_t refused;
};

static uint64_t sum(const struct view_counter *rows, size_t count, const struct view_pool *pool)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		if (rows[i].protocol == pool->protocol &&
		    !strcmp(rows[i].netns_name, pool->netns_name))
			total += rows[i].count;
	return total;
}

static struct totals totals_of(const struct view *view, const struct view_pool *pool)
{
	return (struct totals){
		.taken = sum(view->allocations, view->allocations_count, pool),
		.released = sum(view->releases, view->releases_count, pool),
		.refused = sum(view->refused, view->refused_count, pool),
	};
}

static uint64_t lost_in_all(const struct view *view)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < view->health.lost_count; i++)
		lost += view->health.lost[i].count;
	return lost;
}

static uint64_t events_in_all(const struct view *view)
{
	uint64_t events = 0;

	for (size_t i = 0; i < view->health.events_count; i++)
		events += view->health.events[i].count;
	return events;
}

/* --- text ------------------------------------------------------------------------------------ */

/* False: nothing ever happened there. */
static bool print_pool(FILE *out, const struct view *view, const struct view_pool *pool)
{
	struct totals totals = totals_of(view, pool);
	char name[NAME_MAX_SHOWN];

	if (!pool->used && !totals.taken && !totals.released && !totals.refused)
		return false;
	fprintf(out,
		"%s %s: %u of %u ports held (%u shared, %u exclusive); %" PRIu64 " taken, %" PRIu64
		" released, %" PRIu64 " refused\n",
		text_printable(name, sizeof(name), pool->netns_name), text_protocol(pool->protocol),
		pool->used, pool->size, pool->shared, pool->exclusive, totals.taken,
		totals.released, totals.refused);
	return true;
}

static void print_losses(FILE *out, const struct view *view)
{
	fprintf(out, "%" PRIu64 " events, %" PRIu64 " lost", events_in_all(view),
		lost_in_all(view));
	for (size_t i = 0; i < view->health.lost_count; i++)
		if (view->health.lost[i].count)
			fprintf(out, ", %s %" PRIu64, view->health.lost[i].name,
				view->health.lost[i].count);
	fprintf(out, "; %" PRIu64 " reconciles, drift %" PRIu64 "\n", view->health.reconciliations,
		view->health.drift_total);
}

static void print_file(FILE *out, const struct replay_state *replayed)
{
	if (replayed->gaps)
		fprintf(out,
			"%" PRIu64 " events were not written, in %" PRIu64
			" gaps: the disk was too slow\n",
			replayed->missing, replayed->gaps);
	if (replayed->error)
		fprintf(out, "the file is %s at byte %" PRIu64 "; nothing after that is known\n",
			replayed->error == -ENODATA ? "cut" : "damaged", replayed->offset);
	else if (replayed->end == NOTE_END_FULL)
		fputs("the recording ended because the file was full\n", out);
}

void replay_summary_text(FILE *out, const struct view *view, const struct replay_state *replayed)
{
	char begin[TEXT_TIME_MAX];
	char end[TEXT_TIME_MAX];
	char lasted[UNITS_TEXT_MAX];
	char host[NAME_MAX_SHOWN];
	char kernel[NAME_MAX_SHOWN];
	char source[NAME_MAX_SHOWN];
	size_t idle = 0;

	fprintf(out, "%s, kernel %s, source %s: %s to %s, %s\n",
		text_printable(host, sizeof(host), view->host),
		text_printable(kernel, sizeof(kernel), view->kernel),
		text_printable(source, sizeof(source), view->source),
		text_time(begin, view->health.since), text_time(end, view->time),
		units_duration_text(lasted, view->time - view->health.since));
	for (size_t i = 0; i < view->pools_count; i++)
		idle += !print_pool(out, view, &view->pools[i]);
	if (idle)
		fprintf(out, "%zu more without a port in use\n", idle);
	print_losses(out, view);
	print_file(out, replayed);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *text_value(const char *s)
{
	char text[NAME_MAX_SHOWN];

	return json_string(text_printable(text, sizeof(text), s));
}

static json_t *time_value(uint64_t time_ns)
{
	char text[TEXT_TIME_MAX];

	return json_string(text_time(text, time_ns));
}

static json_t *tallies(const struct view_tally *rows, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(object, rows[i].name, json_integer((json_int_t)rows[i].count));
	return object;
}

static json_t *pool_value(const struct view *view, const struct view_pool *pool)
{
	struct totals totals = totals_of(view, pool);

	return json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "netns",
			 (json_int_t)pool->netns, "netns_name", text_value(pool->netns_name),
			 "protocol", text_protocol(pool->protocol), "size", (json_int_t)pool->size,
			 "used", (json_int_t)pool->used, "shared", (json_int_t)pool->shared,
			 "exclusive", (json_int_t)pool->exclusive, "taken",
			 (json_int_t)totals.taken, "released", (json_int_t)totals.released,
			 "refused", (json_int_t)totals.refused);
}

static json_t *file_value(const struct replay_state *replayed)
{
	return json_pack("{s:b, s:o, s:b, s:I, s:I}", "whole", replayed->ended && !replayed->error,
			 "bad_at_byte",
			 replayed->error ? json_integer((json_int_t)replayed->offset) : json_null(),
			 "full", replayed->end == NOTE_END_FULL, "gaps", (json_int_t)replayed->gaps,
			 "missing", (json_int_t)replayed->missing);
}

void replay_summary_json(FILE *out, const struct view *view, const struct replay_state *replayed)
{
	json_t *pools = json_array();
	json_t *root;

	for (size_t i = 0; i < view->pools_count; i++)
		json_array_append_new(pools, pool_value(view, &view->pools[i]));
	root = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "version",
			 1, "host", text_value(view->host), "kernel", text_value(view->kernel),
			 "source", text_value(view->source), "begin",
			 time_value(view->health.since), "time", time_value(view->time), "events",
			 tallies(view->health.events, view->health.events_count), "lost",
			 tallies(view->health.lost, view->health.lost_count), "pools", pools,
			 "reconciliations", (json_int_t)view->health.reconciliations, "drift",
			 (json_int_t)view->health.drift_total, "recording", file_value(replayed));
	json_dumpf(root, out, JSON_INDENT(2));
	putc('\n', out);
	json_decref(root);
}
