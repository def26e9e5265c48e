// SPDX-License-Identifier: Apache-2.0
/* What rules look at beside saturation, what they leave out, and what alerts carry. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "tests/unit/scene.h"
#include "user/base/util.h"

#define MANY (ALERT_SUBJECTS_MAX + 50)

static struct alert_rule rule_of(enum alert_metric metric, double enter, double leave)
{
	return (struct alert_rule){ .name = "Rule",
				    .severity = SEVERITY_WARNING,
				    .metric = metric,
				    .enter = enter,
				    .leave = leave };
}

static struct scene scene_with(const struct alert_rule *rule)
{
	return scene_of(rule, 1);
}

static const char *find(const struct view_label *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].value;
	return "";
}

static const char *label(const struct scene *scene, const char *name)
{
	const struct view_alert *alert = &scene->view->alerts[0];

	return find(alert->labels, alert->labels_count, name);
}

static const char *annotation(const struct scene *scene, const char *name)
{
	const struct view_alert *alert = &scene->view->alerts[0];

	return find(alert->annotations, alert->annotations_count, name);
}

/* --- time to exhaustion ---------------------------------------------------------------------- */

static void see_pool_ending_in(struct scene *scene, double seconds)
{
	const struct view_pool pool = { .netns_name = "shop",
					.protocol = IPPROTO_TCP,
					.used = 10,
					.size = 100,
					.exhaustion_seconds = seconds };
	struct view *view = new_view(scene);

	view->pools = &pool;
	view->pools_count = 1;
	judge(scene);
}

static void less_time_is_worse(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_POOL_EXHAUSTION, 600, 900);
	struct scene scene = scene_with(&rule);

	(void)state;
	see_pool_ending_in(&scene, NAN); /* it is not filling */
	assert_firing(&scene, 0);
	see_pool_ending_in(&scene, 601);
	assert_firing(&scene, 0);
	see_pool_ending_in(&scene, 600);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].summary,
			    "no tcp port left in namespace shop in about 10 min");
	see_pool_ending_in(&scene, 900);
	assert_firing(&scene, 1);
	see_pool_ending_in(&scene, 901);
	assert_firing(&scene, 0);
	see_pool_ending_in(&scene, 0);
	assert_firing(&scene, 1);
	see_pool_ending_in(&scene, NAN);
	assert_firing(&scene, 0);
	scene_close(&scene);
}

static void the_pool_names_the_destination_that_ends_first(void **state)
{
	static const struct view_share share = { .pid = 7, .process = "leaky", .used = 55 };
	const struct alert_rule rule = rule_of(ALERT_POOL_EXHAUSTION, 600, 900);
	struct view_destination rows[] = { destination(0.9), destination(0.6), destination(0.5) };
	const struct view_pool pool = { .netns_name = "host",
					.protocol = IPPROTO_TCP,
					.exhaustion_seconds = 100 };
	static const struct view_verdict verdicts[] = {
		{ .protocol = IPPROTO_TCP, .remedy = "of the pool" },
		{ .protocol = IPPROTO_TCP,
		  .has_destination = true,
		  .local = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		  .remote = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		  .remote_port = 443,
		  .remedy = "of it" },
	};
	struct scene scene = scene_with(&rule);
	struct view *view = new_view(&scene);

	(void)state;
	view->verdicts = verdicts;
	view->verdicts_count = 2;
	rows[0].exhaustion_seconds = NAN;
	rows[1].exhaustion_seconds = 100;
	rows[1].remote_port = 443;
	rows[1].owners = &share;
	rows[1].owners_count = 1;
	rows[2].exhaustion_seconds = 300;
	view->destinations = rows;
	view->destinations_count = 3;
	view->pools = &pool;
	view->pools_count = 1;
	judge(&scene);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].subject, "host tcp");
	assert_string_equal(
		scene.view->alerts[0].summary,
		"no tcp port left toward 10.0.0.2:443 in namespace host in about 100 s");
	assert_string_equal(annotation(&scene, "process"), "leaky[7]");
	assert_string_equal(annotation(&scene, "remedy"), "of it");
	assert_string_equal(label(&scene, "remote"), "");
	scene_close(&scene);
}

static void a_destination_may_be_asked_for_its_time(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_DESTINATION_EXHAUSTION, 600, 900);
	struct view_destination rows[] = { destination(0.9), destination(0.1) };
	struct scene scene = scene_with(&rule);

	(void)state;
	rows[0].exhaustion_seconds = NAN;
	rows[1].exhaustion_seconds = 30; /* not the one that is fuller */
	rows[1].remote_port = 443;
	see(&scene, rows, 2);
	assert_firing(&scene, 1);
	assert_string_equal(label(&scene, "remote_port"), "443");
	scene_close(&scene);
}

/* --- searches -------------------------------------------------------------------------------- */

static const double bounds[VIEW_HISTOGRAM_BUCKETS - 1] = { 1e-6, 2e-6, 3e-6, 4e-6, 5e-6,
							   6e-6, 7e-6, 8e-6, 9e-6, 1e-3,
							   2e-3, 3e-3, 4e-3, 5e-3, 1 };

/* Counts since the agent began: so many below 1 ms, and from there to 2 ms. */
static void see_searches(struct scene *scene, uint64_t fast, uint64_t slow)
{
	const struct view_histogram rows[] = {
		{ .protocol = IPPROTO_TCP,
		  .path = "connect",
		  .bounds = bounds,
		  .buckets = { [9] = fast - fast / 2, [10] = slow } },
		{ .protocol = IPPROTO_TCP,
		  .path = "bind",
		  .bounds = bounds,
		  .buckets = { [9] = fast / 2 } },
	};
	struct view *view = new_view(scene);

	view->searches = rows;
	view->searches_count = ARRAY_SIZE(rows);
	judge(scene);
}

static void one_slow_search_in_a_hundred_is_an_alert(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_SEARCH_TIME, 0.001, 0.0005);
	struct scene scene = scene_with(&rule);

	(void)state;
	see_searches(&scene, 995, 5);
	assert_firing(&scene, 0);
	pass(&scene, SECOND);
	see_searches(&scene, 1960, 40);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].subject, "tcp");
	assert_true(fabs(scene.view->alerts[0].value - 0.0015) < 1e-9); /* 20 of 40 are above */
	assert_string_equal(scene.view->alerts[0].summary,
			    "1 % of the searches for a tcp port took longer than 1.5 ms");
	scene_close(&scene);
}

static void few_searches_tell_nothing(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_SEARCH_TIME, 0.001, 0.0005);
	struct scene scene = scene_with(&rule);

	(void)state;
	see_searches(&scene, 0, 99);
	assert_firing(&scene, 0);
	see_searches(&scene, 0, 100);
	assert_firing(&scene, 1);
	scene_close(&scene);
}

static void searches_of_more_than_a_minute_ago_do_not_count(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_SEARCH_TIME, 0.001, 0.0005);
	struct scene scene = scene_with(&rule);

	(void)state;
	for (int i = 0; i < 30; i++, pass(&scene, SECOND))
		see_searches(&scene, 0, 1000);
	assert_firing(&scene, 1);
	for (int i = 0; i < 28; i++, pass(&scene, SECOND))
		see_searches(&scene, 0, 1000);
	assert_firing(&scene, 1); /* not yet a minute */
	for (int i = 0; i < 10; i++, pass(&scene, SECOND))
		see_searches(&scene, 0, 1000);
	assert_firing(&scene, 0);
	for (int i = 0; i < 300; i++, pass(&scene, SECOND))
		see_searches(&scene, 0, 1000 + (uint64_t)i); /* one a second: 60 in a minute */
	assert_firing(&scene, 0);
	scene_close(&scene);
}

/* --- losses and drift ------------------------------------------------------------------------ */

static void see_lost(struct scene *scene, uint64_t ring_full, uint64_t recursion)
{
	const struct view_tally lost[] = { { "ring_full", ring_full },
					   { "map_full", 0 },
					   { "recursion", recursion } };
	struct view *view = new_view(scene);

	view->health.lost = lost;
	view->health.lost_count = ARRAY_SIZE(lost);
	judge(scene);
}

static void a_loss_is_an_alert_of_its_reason_for_a_minute(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_EVENTS_LOST, 1, 1);
	struct scene scene = scene_with(&rule);

	(void)state;
	see_lost(&scene, 0, 0);
	assert_firing(&scene, 0);
	pass(&scene, SECOND);
	see_lost(&scene, 3, 0);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].subject, "ring_full");
	assert_string_equal(scene.view->alerts[0].summary,
			    "3 events lost within a minute: ring_full");
	assert_string_equal(label(&scene, "reason"), "ring_full");
	assert_non_null(strstr(annotation(&scene, "remedy"), "--ring-size"));
	for (int i = 0; i < 70; i++, pass(&scene, SECOND))
		see_lost(&scene, 3, 0);
	assert_firing(&scene, 0);
	scene_close(&scene);
}

static void a_skipped_hook_is_no_loss(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_EVENTS_LOST, 1, 1);
	struct scene scene = scene_with(&rule);

	(void)state;
	see_lost(&scene, 0, 1000);
	assert_firing(&scene, 0);
	scene_close(&scene);
}

static void drift_is_asked_for_by_pool(void **state)
{
	static const struct view_drift drift[] = { { 1, "host", IPPROTO_TCP, 4 },
						   { 1, "host", IPPROTO_UDP, 5 } };
	const struct alert_rule rule = rule_of(ALERT_DRIFT, 5, 1);
	struct scene scene = scene_with(&rule);
	struct view *view = new_view(&scene);

	(void)state;
	view->health.drift = drift;
	view->health.drift_count = 2;
	judge(&scene);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].subject, "host udp");
	assert_string_equal(scene.view->alerts[0].summary,
			    "the last reconcile corrected 5 udp ports in namespace host");
	scene_close(&scene);
}

/* --- selectors ------------------------------------------------------------------------------- */

static const struct view_share app_share = { .pid = 9, .process = "app", .used = 90 };
static const struct view_owner app_owner = { .pid = 9,
					     .process = "app",
					     .unit = "app@1.service",
					     .netns = 1,
					     .netns_name = "host",
					     .protocol = IPPROTO_TCP,
					     .used = 90 };

static bool selects(const struct alert_selector *select)
{
	struct alert_rule rule = rule_of(ALERT_DESTINATION_SATURATION, 0.8, 0.7);
	struct view_destination row = destination(0.9);
	struct scene scene;
	struct view *view;
	bool fires;

	rule.select = *select;
	scene = scene_with(&rule);
	row.netns = 1;
	row.owners = &app_share;
	row.owners_count = 1;
	view = new_view(&scene);
	view->destinations = &row;
	view->destinations_count = 1;
	view->owners = &app_owner;
	view->owners_count = 1;
	judge(&scene);
	fires = scene.view->alerts_count == 1;
	scene_close(&scene);
	return fires;
}

static bool selects_pattern(size_t list_at, size_t count_at, const char *a, const char *b)
{
	const char *patterns[] = { a, b };
	struct alert_selector select = { .protocol = 0 };

	*(const char *const **)((char *)&select + list_at) = patterns;
	*(size_t *)((char *)&select + count_at) = b ? 2 : 1;
	return selects(&select);
}
#define SELECTS(list, a, b)                                    \
	selects_pattern(offsetof(struct alert_selector, list), \
			offsetof(struct alert_selector, list##_count), a, b)

static void names_are_selected_by_pattern(void **state)
{
	(void)state;
	assert_true(SELECTS(netns, "host", NULL));
	assert_true(SELECTS(netns, "no", "h?st"));
	assert_false(SELECTS(netns, "hos", "ost"));
	assert_true(SELECTS(processes, "ap*", NULL));
	assert_false(SELECTS(processes, "apple", NULL));
	assert_true(SELECTS(units, "app@*.service", NULL));
	assert_false(SELECTS(units, "app.service", "x"));
}

static bool selects_target(const uint8_t address[16], uint8_t bits, uint16_t port)
{
	struct alert_target targets[] = { { .bits = 128, .port = 1 }, { .bits = bits } };
	struct alert_selector select = { .destinations = targets, .destinations_count = 2 };

	memcpy(targets[1].address, address, 16);
	targets[1].port = port;
	return selects(&select);
}

static void destinations_are_selected_by_prefix_and_port(void **state)
{
	static const uint8_t it[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
	static const uint8_t near[16] = { [10] = 0xff, 0xff, 10, 0, 0, 3 };
	static const uint8_t far[16] = { [10] = 0xff, 0xff, 11, 0, 0, 2 };

	(void)state;
	assert_true(selects_target(it, 128, 0));
	assert_true(selects_target(it, 128, 5432));
	assert_false(selects_target(it, 128, 5433));
	assert_false(selects_target(near, 128, 0));
	assert_true(selects_target(near, 127, 0));
	assert_true(selects_target(near, 120, 5432));
	assert_false(selects_target(far, 120, 0));
	assert_true(selects_target(far, 103, 0));
	assert_true(selects_target(far, 0, 0));
	assert_false(selects_target(far, 0, 1));
}

static void a_protocol_is_selected(void **state)
{
	struct alert_selector select = { .protocol = IPPROTO_TCP };

	(void)state;
	assert_true(selects(&select));
	select.protocol = IPPROTO_UDP;
	assert_false(selects(&select));
}

/* --- what alerts carry ----------------------------------------------------------------------- */

static void see_rich(struct scene *scene, const struct view_verdict *verdicts, size_t count)
{
	static const struct view_share share = { .pid = 42, .process = "evil\nname", .used = 80 };
	struct view_destination row = destination(0.9);
	struct view *view = new_view(scene);

	row.owners = &share;
	row.owners_count = 1;
	row.netns = 1;
	view->host = "web-3";
	view->destinations = &row;
	view->destinations_count = 1;
	view->verdicts = verdicts;
	view->verdicts_count = count;
	judge(scene);
}

static void labels_identify_and_annotations_explain(void **state)
{
	static const struct view_label team = { "team", "payments" };
	struct alert_rule rule = rule_of(ALERT_DESTINATION_SATURATION, 0.8, 0.7);
	struct scene scene;

	(void)state;
	rule.labels = &team;
	rule.labels_count = 1;
	scene = scene_with(&rule);
	see_rich(&scene, NULL, 0);
	assert_string_equal(label(&scene, "alertname"), "Rule");
	assert_string_equal(label(&scene, "severity"), "warning");
	assert_string_equal(label(&scene, "host"), "web-3");
	assert_string_equal(label(&scene, "netns"), "host");
	assert_string_equal(label(&scene, "protocol"), "tcp");
	assert_string_equal(label(&scene, "local"), "10.0.0.1");
	assert_string_equal(label(&scene, "remote"), "10.0.0.2");
	assert_string_equal(label(&scene, "remote_port"), "5432");
	assert_string_equal(label(&scene, "team"), "payments");
	assert_int_equal(scene.view->alerts[0].labels_count, 9);
	assert_string_equal(annotation(&scene, "summary"), scene.view->alerts[0].summary);
	assert_non_null(strstr(annotation(&scene, "description"), "evil?name[42] holds 80 of the"));
	assert_string_equal(annotation(&scene, "process"), "evil?name[42]");
	assert_non_null(strstr(annotation(&scene, "remedy"), "reuse them"));
	assert_string_equal(annotation(&scene, "runbook_url"),
			    "docs/alerts.md#destinationsaturation");
	scene_close(&scene);
}

static void labels_do_not_change_while_it_fires(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_DESTINATION_SATURATION, 0.8, 0.7);
	struct scene scene = scene_with(&rule);
	char before[512] = "";

	(void)state;
	for (int round = 0; round < 2; round++) {
		char now[512] = "";

		see_one(&scene, round ? 0.75 : 0.9);
		for (size_t i = 0; i < scene.view->alerts[0].labels_count; i++) {
			strcat(now, scene.view->alerts[0].labels[i].value);
			strcat(now, ",");
		}
		if (round)
			assert_string_equal(now, before);
		strcpy(before, now);
	}
	scene_close(&scene);
}

static void the_remedy_is_the_nearest_verdicts(void **state)
{
	static const struct view_verdict verdicts[] = {
		{ .netns = 1, .protocol = IPPROTO_UDP, .remedy = "of another protocol" },
		{ .netns = 2, .protocol = IPPROTO_TCP, .remedy = "of another namespace" },
		{ .netns = 1,
		  .protocol = IPPROTO_TCP,
		  .has_destination = true,
		  .remote_port = 1,
		  .remedy = "of another destination" },
		{ .netns = 1, .protocol = IPPROTO_TCP, .remedy = "of the pool" },
		{ .netns = 1,
		  .protocol = IPPROTO_TCP,
		  .has_destination = true,
		  .local = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		  .remote = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		  .remote_port = 5432,
		  .remedy = "of it" },
	};
	const struct alert_rule rule = rule_of(ALERT_DESTINATION_SATURATION, 0.8, 0.7);
	struct scene scene = scene_with(&rule);

	(void)state;
	see_rich(&scene, verdicts, 5);
	assert_string_equal(annotation(&scene, "remedy"), "of it");
	see_rich(&scene, verdicts, 4);
	assert_string_equal(annotation(&scene, "remedy"), "of the pool");
	see_rich(&scene, verdicts, 3);
	assert_non_null(strstr(annotation(&scene, "remedy"), "reuse them"));
	scene_close(&scene);
}

static void a_window_is_another_subject(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_DESTINATION_SATURATION, 0.8, 0.7);
	struct view_destination rows[] = { destination(0.9), destination(0.9) };
	struct scene scene = scene_with(&rule);

	(void)state;
	rows[1].window = true;
	rows[1].first = 40000;
	rows[1].last = 40099;
	see(&scene, rows, 2);
	assert_firing(&scene, 2);
	assert_int_equal(scene.told_count, 2);
	assert_string_equal(scene.told[1].subject,
			    "host tcp 10.0.0.1 -> 10.0.0.2:5432 ports 40000-40099");
	scene_close(&scene);
}

/* --- bounds ---------------------------------------------------------------------------------- */

static void a_rule_has_so_many_alerts_and_the_rest_is_counted(void **state)
{
	const struct alert_rule rule = rule_of(ALERT_DESTINATION_SATURATION, 0.8, 0.7);
	CLEANUP(freep) struct view_destination *rows = calloc(MANY, sizeof(*rows));
	struct scene scene = scene_with(&rule);

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < MANY; i++) {
		rows[i] = destination(0.9);
		rows[i].remote_port = (uint16_t)(1 + i);
	}
	scene.deaf = true;
	for (int i = 0; i < 3; i++) {
		see(&scene, rows, MANY);
		assert_firing(&scene, ALERT_SUBJECTS_MAX);
		assert_int_equal(scene.view->health.alerts_unlisted, MANY - ALERT_SUBJECTS_MAX);
	}
	for (size_t i = 0; i < MANY / 2; i++) /* newcomers, before those that are known */
		rows[i].remote_port = (uint16_t)(MANY + 1 + i);
	see(&scene, rows, MANY);
	assert_true(scene.view->alerts_count <= ALERT_SUBJECTS_MAX);
	see(&scene, rows, 10);
	assert_int_equal(scene.view->health.alerts_unlisted, 0);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(less_time_is_worse),
		cmocka_unit_test(the_pool_names_the_destination_that_ends_first),
		cmocka_unit_test(a_destination_may_be_asked_for_its_time),
		cmocka_unit_test(one_slow_search_in_a_hundred_is_an_alert),
		cmocka_unit_test(few_searches_tell_nothing),
		cmocka_unit_test(searches_of_more_than_a_minute_ago_do_not_count),
		cmocka_unit_test(a_loss_is_an_alert_of_its_reason_for_a_minute),
		cmocka_unit_test(a_skipped_hook_is_no_loss),
		cmocka_unit_test(drift_is_asked_for_by_pool),
		cmocka_unit_test(names_are_selected_by_pattern),
		cmocka_unit_test(destinations_are_selected_by_prefix_and_port),
		cmocka_unit_test(a_protocol_is_selected),
		cmocka_unit_test(labels_identify_and_annotations_explain),
		cmocka_unit_test(labels_do_not_change_while_it_fires),
		cmocka_unit_test(the_remedy_is_the_nearest_verdicts),
		cmocka_unit_test(a_window_is_another_subject),
		cmocka_unit_test(a_rule_has_so_many_alerts_and_the_rest_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
