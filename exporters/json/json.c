// SPDX-License-Identifier: Apache-2.0
#include "exporters/json/json.h"

#include <jansson.h>

#include "exporters/json/rows.h"
#include "exporters/json/value.h"
#include "user/core/view.h"

#define DUMP_FLAGS (JSON_INDENT(2) | JSON_REAL_PRECISION(9))

/* Steals document. */
static void dump(FILE *out, json_t *document)
{
	if (document && json_dumpf(document, out, DUMP_FLAGS) == 0)
		fputc('\n', out);
	json_decref(document);
}

static json_t *tallies(const struct view_tally *rows, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		value_put(&object, rows[i].name, value_count(rows[i].count));
	return object;
}

static json_t *health(const struct view_health *h)
{
	json_t *object = json_object();

	value_put(&object, "events", tallies(h->events, h->events_count));
	value_put(&object, "lost", tallies(h->lost, h->lost_count));
	value_put(&object, "drift", value_count(h->drift_total));
	value_put(&object, "reconciliations", value_count(h->reconciliations));
	value_put(&object, "reconciled_at", value_time(h->reconciled_at));
	value_put(&object, "since", value_time(h->since));
	value_put(&object, "complete", json_boolean(h->complete));
	return object;
}

void json_snapshot(FILE *out, const struct view *view, const struct view_limits *limits)
{
	json_t *document = json_object();

	value_put(&document, "version", json_integer(VIEW_VERSION));
	value_put(&document, "time", value_time(view->time));
	value_put(&document, "source", value_text(view->source));
	value_put(&document, "kernel", value_text(view->kernel));
	value_put(&document, "host", value_text(view->host));
	value_put(&document, "pools", rows_pools(view, limits->top));
	value_put(&document, "destinations", rows_destinations(view, limits->top));
	value_put(&document, "owners", rows_owners(view, limits->top));
	value_put(&document, "refusals", rows_refusals(view, limits->top));
	value_put(&document, "verdicts", rows_verdicts(view));
	value_put(&document, "alerts", rows_alerts(view));
	value_put(&document, "health", health(&view->health));
	dump(out, document);
}

void json_alerts(FILE *out, const struct view *view, const struct view_limits *limits)
{
	json_t *document = json_object();

	(void)limits;
	value_put(&document, "alerts", rows_alerts(view));
	dump(out, document);
}
