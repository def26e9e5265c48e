/* SPDX-License-Identifier: Apache-2.0 */
/* A view as in a shop with too few ports, and the screens that top makes of views. Include after
 * cmocka.h. */
#pragma once

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "user/base/arena.h"
#include "user/base/util.h"
#include "user/core/view.h"
#include "user/top/grid.h"
#include "user/top/top.h"

#define NOW UINT64_C(1795344858123000000) /* 2026-11-22T10:54:18.123Z */
#define SECOND UINT64_C(1000000000)
#define HOSTILE "\033[31mred\xff\xe2\x80\xae" /* an escape, no UTF-8, a direction mark */
#define V4(c, d)                                                          \
	{                                                                 \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, (c), (d) \
	}
#define SHOP .netns = 7, .netns_name = "shop"

/* Rows as they are in the beginning; a test has copies of its own. */
struct counter {
	struct view_pool pools[3];
	struct view_share shares[3];
	struct view_destination destinations[3];
	struct view_owner owners[4];
	struct view_refusal refusals[4];
	struct view_verdict verdicts[1];
	struct view_alert alerts[2];
	struct view_tally lost[1];
};

static const struct counter counter_usual = {
	.pools = { { SHOP, .protocol = IPPROTO_TCP, .first = 32768, .last = 36767, .size = 4000,
		     .used = 4000, .shared = 3936, .exclusive = 64, .refused_recently = 44,
		     .saturation = 1, .worst_destination_saturation = 1, .exhaustion_seconds = 0 },
		   { .netns = 1,
		     .netns_name = "host",
		     .protocol = IPPROTO_TCP,
		     .first = 32768,
		     .last = 60999,
		     .size = 28232,
		     .used = 23000,
		     .shared = 23000,
		     .saturation = 0.8146,
		     .worst_destination_saturation = 0.2,
		     .exhaustion_seconds = 432 },
		   { SHOP, .protocol = IPPROTO_UDP, .first = 32768, .last = 36767, .size = 4000,
		     .used = 37, .exclusive = 37, .saturation = 0.00925,
		     .exhaustion_seconds = NAN } },
	.shares = { { .pid = 1956,
		      .process = "checkout-api",
		      .used = 2960,
		      .active = 310,
		      .time_wait = 2650 },
		    { .pid = 1958, .process = "celery", .used = 976, .active = 976 },
		    { .pid = 1958, .process = "celery", .exclusive = 64 } },
	.destinations = { { SHOP, .protocol = IPPROTO_TCP, .local = V4(0, 1), .remote = V4(0, 2),
			    .remote_port = 6432, .service = "pgbouncer", .listener = "pgbouncer",
			    .listener_pid = 812, .first = 32768, .last = 36767, .capacity = 3936,
			    .used = 3936, .active = 1286, .time_wait = 2650, .saturation = 1,
			    .exhaustion_seconds = 0 },
			  { .netns = 1,
			    .netns_name = "host",
			    .protocol = IPPROTO_TCP,
			    .local = { 0xfd, [15] = 1 },
			    .remote = { 0xfd, [15] = 9 },
			    .remote_port = 443,
			    .service = "https",
			    .first = 32768,
			    .last = 60999,
			    .capacity = 28232,
			    .used = 5646,
			    .active = 5646,
			    .saturation = 0.2,
			    .exhaustion_seconds = 432 },
			  { SHOP, .protocol = IPPROTO_TCP, .local = V4(0, 1), .remote = V4(0, 2),
			    .remote_port = 443, .first = 32768, .last = 36767, .capacity = 3936,
			    .exclusive = 64, .exhaustion_seconds = NAN } },
	.owners = { { SHOP, .pid = 1956, .process = "checkout-api", .known = true, .alive = true,
		      .uid = 1000, .unit = "checkout.service",
		      .cgroup = "/system.slice/checkout.service", .exe = "/usr/bin/node",
		      .command = "node server.js --port ...", .protocol = IPPROTO_TCP, .used = 2960,
		      .active = 310, .time_wait = 2650, .allocations = 40123, .refusals = 3 },
		    { SHOP, .pid = 1958, .process = "celery", .known = true,
		      .container =
			      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		      .pod = "a1b2c3d4-0000-4000-8000-00000000beef", .pod_name = "worker-7d9",
		      .pod_namespace = "prod", .container_name = "worker",
		      .command = "python3 -m celery worker", .protocol = IPPROTO_TCP, .used = 1040,
		      .active = 976, .exclusive = 64, .allocations = 1100, .refusals = 41 },
		    { SHOP, .pid = 1957,
		      .process = "\xe7\xb6\xb2\xe8\xb7\xaf\xc3\xa9", /* two wide, one narrow */
		      .known = true, .alive = true, .protocol = IPPROTO_UDP, .used = 37,
		      .exclusive = 37, .allocations = 37 },
		    { .netns = 1,
		      .netns_name = "host",
		      .pid = 4,
		      .process = HOSTILE,
		      .command = HOSTILE,
		      .exe = HOSTILE,
		      .known = true,
		      .alive = true,
		      .protocol = IPPROTO_TCP,
		      .used = 1,
		      .active = 1,
		      .allocations = 1 } },
	.refusals = { { SHOP, .time = NOW - SECOND, .pid = 1958, .process = "celery",
			.protocol = IPPROTO_TCP, .path = "connect", .error = 99, .remote = V4(0, 2),
			.remote_port = 6432, .saturation = 1 },
		      { SHOP, .time = NOW - 2 * SECOND, .pid = 1958, .process = "celery",
			.protocol = IPPROTO_TCP, .path = "connect", .error = 99, .remote = V4(0, 2),
			.remote_port = 6432, .saturation = 1 },
		      { SHOP, .time = NOW - 3 * SECOND, .pid = 1956, .process = "checkout-api",
			.protocol = IPPROTO_TCP, .path = "bind", .error = 98, .local = V4(0, 1),
			.saturation = NAN },
		      { SHOP, .time = NOW - 86400 * SECOND, .protocol = IPPROTO_TCP,
			.path = "connect", .error = 99, .saturation = NAN } },
	.verdicts = { { .verdict = "churn",
			.severity = SEVERITY_CRITICAL,
			.subject = "shop tcp 10.0.0.1 -> 10.0.0.2:6432",
			.text = "2650 of 3936 ports are in TIME_WAIT: checkout-api[1956] opens 44 "
				"connections a second, and the range sustains 65",
			.remedy = "keep connections open in checkout-api, as in a pool of 310: "
				  "then 1286 ports are used and none waits" } },
	.alerts = { { .rule = "PortsRefused",
		      .severity = SEVERITY_CRITICAL,
		      .subject = "shop tcp",
		      .summary = "44 tcp port requests refused in namespace shop within a minute",
		      .since = NOW - 10 * SECOND },
		    { .rule = "PoolSaturation",
		      .severity = SEVERITY_WARNING,
		      .subject = "host tcp",
		      .summary = "23000 of 28232 ports used",
		      .since = NOW - 20 * SECOND } },
	.lost = { { "ring_full", 0 } },
};

/* Lists are as long as in counter_usual. The rows are borrowed. */
static inline struct view *counter_view(struct counter *rows)
{
	struct arena *arena = arena_new();
	struct view *view = arena_alloc(arena, 1, sizeof(*view));

	assert_non_null(view);
	rows->destinations[0].owners = rows->shares;
	rows->destinations[0].owners_count = 2;
	rows->destinations[2].owners = rows->shares + 2;
	rows->destinations[2].owners_count = 1;
	*view = (struct view){
		.arena = arena,
		.references = 1,
		.time = NOW,
		.host = "web-3",
		.source = "fentry",
		.kernel = "6.1.0-test",
		.pools = rows->pools,
		.pools_count = ARRAY_SIZE(rows->pools),
		.destinations = rows->destinations,
		.destinations_count = ARRAY_SIZE(rows->destinations),
		.owners = rows->owners,
		.owners_count = ARRAY_SIZE(rows->owners),
		.refusals = rows->refusals,
		.refusals_count = ARRAY_SIZE(rows->refusals),
		.verdicts = rows->verdicts,
		.verdicts_count = ARRAY_SIZE(rows->verdicts),
		.alerts = rows->alerts,
		.alerts_count = ARRAY_SIZE(rows->alerts),
		.health = { .lost = rows->lost, .lost_count = 1, .complete = true },
	};
	return view;
}

/* A top that shows these rows from now on. */
static inline void counter_show(struct top *top, struct counter *rows)
{
	struct view *view = counter_view(rows);

	assert_int_equal(top_take(top, view, false), 0);
	view_unref(view);
}

/* Presses each character. */
static inline void counter_type(struct top *top, const char *keys)
{
	for (; *keys; keys++)
		assert_int_equal(top_press(top, (unsigned char)*keys), 0);
}

static inline void write_character(FILE *out, uint32_t character)
{
	char bytes[MB_LEN_MAX + 1] = { 0 };
	mbstate_t state = { 0 };

	assert_true(wcrtomb(bytes, (wchar_t)character, &state) != (size_t)-1);
	fputs(bytes, out);
}

/* The grid as lines without trailing spaces. The caller frees. */
static inline char *grid_text(const struct grid *grid)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned int row = 0; row < grid->rows; row++) {
		const struct grid_cell *cells = &grid->cells[(size_t)row * grid->columns];
		unsigned int end = grid->columns;

		while (end && cells[end - 1].character == ' ')
			end--;
		for (unsigned int column = 0; column < end; column++)
			if (cells[column].character)
				write_character(out, cells[column].character);
		fputc('\n', out);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static inline char *counter_screen(struct top *top, unsigned int rows, unsigned int columns)
{
	struct grid grid;
	char *text;

	assert_int_equal(grid_init(&grid, rows, columns), 0);
	top_draw(top, &grid);
	text = grid_text(&grid);
	grid_done(&grid);
	return text;
}

static inline void demand_utf8(void)
{
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}
