// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/report/layout.h"
#include "exporters/report/report.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define NOW UINT64_C(1795344858123000000) /* 2026-11-22T10:54:18.123Z */
#define SECOND UINT64_C(1000000000)
#define V4(d)                                                           \
	{                                                               \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, (d) \
	}

static char *encode(const struct view *view, size_t top)
{
	const struct view_limits limits = { .top = top };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	report_snapshot(out, view, &limits);
	assert_false(ferror(out));
	fclose(out);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strcspn(p, "\n") > widest)
			widest = strcspn(p, "\n");
	return widest;
}

static const struct view_pool pools[] = {
	{ .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .first = 32768,
	  .last = 60999,
	  .size = 28232,
	  .used = 22283,
	  .shared = 22013,
	  .exclusive = 270,
	  .refused_recently = 412,
	  .saturation = 0.7892,
	  .exhaustion_seconds = 540 },
	{ .netns = 2,
	  .netns_name = "pod",
	  .protocol = IPPROTO_TCP,
	  .first = 32768,
	  .last = 60999,
	  .size = 28232,
	  .used = 340,
	  .shared = 340,
	  .saturation = 0.012,
	  .exhaustion_seconds = NAN },
	{ .netns = 1, .netns_name = "host", .protocol = IPPROTO_UDP, .exhaustion_seconds = NAN },
	{ .netns = 3, .netns_name = "a", .protocol = IPPROTO_TCP, .exhaustion_seconds = NAN },
	{ .netns = 3, .netns_name = "a", .protocol = IPPROTO_UDP, .exhaustion_seconds = NAN },
	{ .netns = 4, .netns_name = "b", .protocol = IPPROTO_TCP, .exhaustion_seconds = NAN },
};

static const struct view_share shares[] = {
	{ .pid = 2211, .process = "api-server", .used = 15000 },
	{ .pid = 3341, .process = "worker", .used = 6000 },
	{ .used = 800 },
	{ .process = "kernel", .used = 60 },
	{ .pid = 5, .process = "curl", .used = 40 },
};

static const struct view_destination destinations[] = {
	{ .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .local = V4(12),
	  .remote = V4(17),
	  .remote_port = 5432,
	  .capacity = 27962,
	  .used = 21900,
	  .active = 380,
	  .time_wait = 22720,
	  .recyclable = 1200,
	  .exclusive = 12,
	  .saturation = 0.78321,
	  .exhaustion_seconds = 540,
	  .owners = shares,
	  .owners_count = 5 },
	{ .netns_name = "pod",
	  .protocol = IPPROTO_TCP,
	  .local = { 0xfd, [15] = 1 },
	  .remote = { 0xfd, [15] = 2 },
	  .remote_port = 443,
	  .service = "https",
	  .listener_pid = 4711,
	  .listener = "nginx",
	  .capacity = 28232,
	  .used = 340,
	  .active = 340,
	  .saturation = 0.012,
	  .exhaustion_seconds = NAN },
};

static const struct view_owner owners[] = {
	{ .pid = 2211,
	  .process = "api-server",
	  .known = true,
	  .alive = true,
	  .unit = "api.service",
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 15000,
	  .active = 300,
	  .time_wait = 15900,
	  .recyclable = 1200 },
	{ .pid = 990,
	  .process = "cron",
	  .known = true,
	  .alive = false,
	  .unit = "docker-0.scope",
	  .container = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  .netns_name = "pod",
	  .protocol = IPPROTO_TCP,
	  .used = 340,
	  .active = 340 },
	{ .netns_name = "host", .protocol = IPPROTO_UDP, .used = 61, .exclusive = 61 },
};

static const struct view_refusal refusals[] = {
	{ .time = NOW - SECOND,
	  .pid = 2211,
	  .process = "api-server",
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .path = "connect",
	  .error = EADDRNOTAVAIL,
	  .remote = V4(17),
	  .remote_port = 5432,
	  .saturation = 1 },
	{ .time = NOW - 2 * SECOND,
	  .pid = 2211,
	  .process = "api-server",
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .path = "connect",
	  .error = EADDRNOTAVAIL,
	  .remote = V4(17),
	  .remote_port = 5432,
	  .saturation = 0.9999 },
	{ .time = NOW - 86400 * SECOND,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .path = "bind",
	  .error = EADDRINUSE,
	  .local = V4(6),
	  .saturation = NAN },
};

static const struct view_alert alert = { .rule = "DestinationSaturation",
					 .severity = SEVERITY_WARNING,
					 .subject = "host tcp 10.0.0.17:5432",
					 .summary = "78% of 27962 ports",
					 .since = NOW - 60 * SECOND };

static const struct view_verdict verdict = {
	.verdict = "churn",
	.severity = SEVERITY_WARNING,
	.subject = "api-server[2211]",
	.text = "It opens 331 connections a second to 10.0.0.17:5432 and closes each of them after 40 ms.",
	.remedy = "Keep connections open and reuse them.",
};

static const struct view_tally events = { "taken", 1234 };

static struct view sample(void)
{
	return (struct view){
		.time = NOW,
		.source = "fentry",
		.kernel = "6.1.0",
		.host = "web-3",
		.pools = pools,
		.pools_count = ARRAY_SIZE(pools),
		.destinations = destinations,
		.destinations_count = ARRAY_SIZE(destinations),
		.owners = owners,
		.owners_count = ARRAY_SIZE(owners),
		.refusals = refusals,
		.refusals_count = ARRAY_SIZE(refusals),
		.alerts = &alert,
		.alerts_count = 1,
		.verdicts = &verdict,
		.verdicts_count = 1,
		.health = { .events = &events,
			    .events_count = 1,
			    .drift_total = 2,
			    .reconciliations = 12,
			    .reconciled_at = NOW - 5 * SECOND,
			    .since = NOW - 3600 * SECOND,
			    .complete = true },
	};
}

static void report_reads_like_this(void **state)
{
	static const char expected[] =
		"web-3 at 2026-11-22 10:54:18 UTC: 1 alert, 0 critical\n"
		"\n"
		"POOL     RANGE         USED/SIZE                     SHARED EXCLUSIVE\n"
		"host tcp 32768-60999 22283/28232 [########..]  78.9%  22013       270\n"
		"    full in 9 min at this rate; 412 refused in the last 60 s\n"
		"pod  tcp 32768-60999   340/28232 [..........]   1.2%    340         0\n"
		"2 more namespaces with no port in use\n"
		"\n"
		"DESTINATION                                        USED/CAP\n"
		"10.0.0.17:5432                                  21900/27962 [########..]  78.3%\n"
		"    host tcp from 10.0.0.12: 380 active, 21520 time-wait, 1200 more recyclable,\n"
		"    12 more bound; full in 9 min\n"
		"    api-server[2211]                            15000                    68.4%\n"
		"    worker[3341]                                 6000                    27.3%\n"
		"    unknown                                       800                     3.6%\n"
		"    2 more                                        100                     0.4%\n"
		"[fd00::2]:443 (https)                             340/28232 [..........]   1.2%\n"
		"    pod tcp from fd00::1: 340 active, 0 time-wait\n"
		"    answered on this host by nginx[4711]\n"
		"\n"
		"OWNER            UNIT         NETNS       USED ACTIVE TIME-WAIT BOUND\n"
		"api-server[2211] api.service  host  tcp  15000    300     14700     0\n"
		"cron[990]*       0123456789ab pod   tcp    340    340         0     0\n"
		"unknown          -            host  udp     61      0         0    61\n"
		"* dead, its ports are still held\n"
		"\n"
		"TIME                BY               NETNS PATH    ERRNO         TOWARD           FULL\n"
		"10:54:17            api-server[2211] host  connect EADDRNOTAVAIL 10.0.0.17:5432 100.0% x2\n"
		"2026-11-21 10:54:18 unknown          host  bind    EADDRINUSE    from 10.0.0.6       -\n"
		"\n"
		"VERDICTS\n"
		"warning churn: api-server[2211]\n"
		"    It opens 331 connections a second to 10.0.0.17:5432 and closes each of them\n"
		"    after 40 ms.\n"
		"    Remedy: Keep connections open and reuse them.\n"
		"\n"
		"ALERTS\n"
		"warning DestinationSaturation since 10:53:18\n"
		"    host tcp 10.0.0.17:5432\n"
		"    78% of 27962 ports\n"
		"\n"
		"source fentry on kernel 6.1.0 since 09:54:18\n"
		"1234 events, 0 lost; drift 2 after 12 reconciliations, last at 10:54:13\n";
	struct view view = sample();
	char *text = encode(&view, 10);

	(void)state;
	assert_string_equal(text, expected);
	free(text);
}

static void pods_and_containers_are_called_by_their_names(void **state)
{
	struct view_owner rows[ARRAY_SIZE(owners)];
	struct view view = sample();
	char *text;

	(void)state;
	memcpy(rows, owners, sizeof(rows));
	view.owners = rows;
	rows[1].container_name = "worker";
	text = encode(&view, 10);
	assert_has(text, "\ncron[990]*       worker ");
	free(text);
	rows[1].pod_name = "web-7d9";
	text = encode(&view, 10);
	assert_has(text, "\ncron[990]*       web-7d9 ");
	free(text);
}

static void a_service_without_room_is_left_out(void **state)
{
	struct view_destination rows[ARRAY_SIZE(destinations)];
	struct view view = sample();
	char *text;

	(void)state;
	memcpy(rows, destinations, sizeof(rows));
	view.destinations = rows;
	rows[1].service = "a-name-that-would-push-all-numbers";
	text = encode(&view, 10);
	assert_has(text, "\n[fd00::2]:443                                     340/28232");
	free(text);
}

static void lines_fit_80_columns(void **state)
{
	struct view view = sample();
	char *text;

	(void)state;
	view.refusals_count = 2; /* a refusal of another day has its date as well */
	text = encode(&view, 10);
	assert_in_range(widest_line(text), 1, LAYOUT_COLUMNS);
	free(text);
}

static void lists_are_bounded_and_the_rest_is_summed(void **state)
{
	struct view view = sample();
	char *text = encode(&view, 1);

	(void)state;
	assert_has(text, "\n1 more pool: 340 ports\n");
	assert_has(text, "\n    4 more                                       6900");
	assert_has(text, "\n1 more destination: 340 ports\n");
	assert_has(text, "\n2 more owners: 401 ports\n");
	assert_has(text, "\n1 more refusal\n");
	assert_has_not(text, "worker");
	assert_has_not(text, "dead");
	free(text);
}

static void top_of_zero_still_sums(void **state)
{
	struct view view = sample();
	char *text = encode(&view, 0);

	(void)state;
	assert_has(text, "\n2 pools: 22623 ports\n");
	assert_has(text, "\n2 destinations: 22240 ports\n");
	assert_has(text, "\n3 owners: 15401 ports\n");
	free(text);
}

static void empty_sections_are_quiet(void **state)
{
	struct view view = { .time = NOW, .health = { .since = NOW - SECOND, .complete = true } };
	char *text = encode(&view, 10);

	(void)state;
	assert_string_equal(text, "unknown at 2026-11-22 10:54:18 UTC\n"
				  "\n"
				  "No pool is known yet.\n"
				  "\n"
				  "No connection holds a port of a pool.\n"
				  "\n"
				  "No refusal since 10:54:17.\n"
				  "\n"
				  "source unknown on kernel unknown since 10:54:17\n"
				  "0 events, 0 lost; not reconciled yet\n");
	free(text);
}

static void idle_namespaces_are_one_line(void **state)
{
	struct view view = { .pools = pools + 2, .pools_count = 4 };
	char *text = encode(&view, 10);

	(void)state;
	assert_has(text, "\n3 namespaces with no port in use\n");
	assert_has_not(text, "POOL");
	free(text);
}

static void losses_are_named_and_incomplete_is_said(void **state)
{
	static const struct view_tally lost[] = { { "ring_full", 3 }, { "map_full", 0 } };
	struct view view = { .health = { .lost = lost, .lost_count = 2 } };
	char *text = encode(&view, 10);

	(void)state;
	assert_has(text, "0 events, lost ring_full 3; not reconciled yet\n");
	assert_has(text, "incomplete: ");
	assert_has_not(text, "map_full");
	free(text);
}

static void hostile_names_cannot_forge_lines(void **state)
{
	static const struct view_owner owner = { .pid = 1,
						 .process = "a\nb\x1b[2J\xff",
						 .known = true,
						 .alive = true,
						 .used = 1,
						 .unit = "u\r\n.service",
						 .netns_name = "n\x07" };
	static const struct view_verdict forged = {
		.verdict = "leak", .subject = "s\n\nALERTS", .text = "t\x1b]0;x", .remedy = "r\n"
	};
	struct view view = { .host = "h\n",
			     .owners = &owner,
			     .owners_count = 1,
			     .verdicts = &forged,
			     .verdicts_count = 1 };
	char *text = encode(&view, 10);

	(void)state;
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
	assert_has(text, "a?b?[2J?[1]");
	assert_has(text, "u??.service");
	assert_has_not(text, "\nALERTS");
	free(text);
}

static void long_names_push_their_line_and_are_not_cut(void **state)
{
	static const struct view_pool wide = {
		.netns_name =
			"a-namespace-with-a-name-that-is-much-longer-than-any-column-would-be",
		.protocol = IPPROTO_TCP,
		.size = 10,
		.used = 1,
		.exhaustion_seconds = NAN,
	};
	struct view view = { .pools = &wide, .pools_count = 1 };
	char *text = encode(&view, 10);

	(void)state;
	assert_has(text,
		   "\na-namespace-with-a-name-that-is-much-longer-than-any-column-would-be tcp");
	free(text);
}

static void gauge_never_rounds_up_to_full(void **state)
{
	char text[LAYOUT_SHORT_MAX];

	(void)state;
	assert_string_equal(layout_gauge(text, 0), "[..........]   0.0%");
	assert_string_equal(layout_gauge(text, 0.5), "[#####.....]  50.0%");
	assert_string_equal(layout_gauge(text, 0.99999), "[##########]  99.9%");
	assert_string_equal(layout_gauge(text, 1), "[##########] 100.0%");
	assert_string_equal(layout_gauge(text, 0.29), "[###.......]  29.0%");
	assert_string_equal(layout_gauge(text, NAN), "[..........]      -");
}

static void duration_has_one_unit(void **state)
{
	char text[LAYOUT_SHORT_MAX];

	(void)state;
	assert_string_equal(text_duration(text, 0), "0 s");
	assert_string_equal(text_duration(text, 89), "89 s");
	assert_string_equal(text_duration(text, 540), "9 min");
	assert_string_equal(text_duration(text, 3600 * 5), "5 h");
	assert_string_equal(text_duration(text, 86400 * 3), "3 d");
}

static void wrapping_counts_characters_not_bytes(void **state)
{
	struct layout_text text;
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	(void)state;
	layout_begin(&text, out, 0, 4);
	for (int i = 0; i < 40; i++)
		layout_words(&text, "\xc3\xa9"); /* 40 characters and 39 spaces */
	layout_words(&text, " x  y ");
	layout_end(&text);
	fclose(out);
	assert_has(line, "\xc3\xa9\n    x y\n");
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_reads_like_this),
		cmocka_unit_test(pods_and_containers_are_called_by_their_names),
		cmocka_unit_test(a_service_without_room_is_left_out),
		cmocka_unit_test(lines_fit_80_columns),
		cmocka_unit_test(lists_are_bounded_and_the_rest_is_summed),
		cmocka_unit_test(top_of_zero_still_sums),
		cmocka_unit_test(empty_sections_are_quiet),
		cmocka_unit_test(idle_namespaces_are_one_line),
		cmocka_unit_test(losses_are_named_and_incomplete_is_said),
		cmocka_unit_test(hostile_names_cannot_forge_lines),
		cmocka_unit_test(long_names_push_their_line_and_are_not_cut),
		cmocka_unit_test(gauge_never_rounds_up_to_full),
		cmocka_unit_test(duration_has_one_unit),
		cmocka_unit_test(wrapping_counts_characters_not_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
