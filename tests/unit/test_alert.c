// SPDX-License-Identifier: Apache-2.0
/* When an alert begins, when it ends, and what is said of it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/scene.h"
#include "user/base/util.h"

/* One rule of each kind: enters at 0.8, after two seconds, leaves below 0.7. */
static const struct alert_rule destination_rule = {
	.name = "Destination",
	.severity = SEVERITY_WARNING,
	.metric = ALERT_DESTINATION_SATURATION,
	.enter = 0.8,
	.leave = 0.7,
	.for_ns = 2 * SECOND,
};
static const struct alert_rule pool_rule = {
	.name = "Pool",
	.severity = SEVERITY_CRITICAL,
	.metric = ALERT_POOL_SATURATION,
	.enter = 0.8,
	.leave = 0.7,
	.for_ns = 2 * SECOND,
};
static const struct alert_rule refusal_rule = {
	.name = "Refused",
	.severity = SEVERITY_CRITICAL,
	.metric = ALERT_REFUSALS,
	.enter = 1,
	.leave = 1,
};

/* --- thresholds and time --------------------------------------------------------------------- */

static void an_alert_begins_when_its_time_has_passed(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	see_one(&scene, 0.8);
	assert_firing(&scene, 0);
	pass(&scene, 2 * SECOND - 1);
	see_one(&scene, 0.9);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 0);
	pass(&scene, 1);
	see_one(&scene, 0.9);
	assert_firing(&scene, 1);
	assert_int_equal(scene.told_count, 1);
	assert_true(scene.told[0].entered);
	scene_close(&scene);
}

static void below_the_enter_threshold_nothing_begins(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	for (int i = 0; i < 10; i++, pass(&scene, SECOND))
		see_one(&scene, 0.7999);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 0);
	scene_close(&scene);
}

static void a_dip_starts_the_time_anew(void **state)
{
	static const double dips[] = { 0.79, 0.1 }; /* above and below the leave threshold */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dips); i++) {
		struct scene scene = scene_of(&destination_rule, 1);

		see_one(&scene, 0.9);
		pass(&scene, SECOND);
		see_one(&scene, dips[i]);
		pass(&scene, SECOND);
		see_one(&scene, 0.9);
		assert_firing(&scene, 0);
		pass(&scene, 2 * SECOND);
		see_one(&scene, 0.9);
		assert_firing(&scene, 1);
		scene_close(&scene);
	}
}

static void without_a_time_an_alert_begins_at_once(void **state)
{
	struct alert_rule rule = destination_rule;
	struct scene scene;

	(void)state;
	rule.for_ns = 0;
	scene = scene_of(&rule, 1);
	see_one(&scene, 0.8);
	assert_firing(&scene, 1);
	scene_close(&scene);
}

static void an_alert_lasts_down_to_the_leave_threshold(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	fire(&scene, 0.9);
	see_one(&scene, 0.75);
	assert_firing(&scene, 1);
	see_one(&scene, 0.7);
	assert_firing(&scene, 1);
	assert_int_equal(scene.told_count, 1);
	see_one(&scene, 0.6999);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 2);
	assert_false(scene.told[1].entered);
	assert_string_equal(scene.told[0].subject, scene.told[1].subject);
	scene_close(&scene);
}

static void an_alert_that_ended_must_wait_again(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	fire(&scene, 0.9);
	see_one(&scene, 0.1);
	see_one(&scene, 0.9);
	assert_firing(&scene, 0);
	pass(&scene, 2 * SECOND);
	see_one(&scene, 0.9);
	assert_firing(&scene, 1);
	assert_int_equal(scene.told_count, 3);
	scene_close(&scene);
}

static void transitions_are_told_once(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	fire(&scene, 0.9);
	for (int i = 0; i < 5; i++)
		see_one(&scene, 0.9);
	assert_int_equal(scene.told_count, 1);
	for (int i = 0; i < 5; i++)
		see_one(&scene, 0.1);
	assert_int_equal(scene.told_count, 2);
	scene_close(&scene);
}

/* --- subjects -------------------------------------------------------------------------------- */

static void an_alert_ends_with_its_subject(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	fire(&scene, 0.9);
	see(&scene, NULL, 0);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 2);
	assert_false(scene.told[1].entered);
	scene_close(&scene);
}

static void a_destination_nobody_uses_is_no_alert(void **state)
{
	struct view_destination row = destination(1.0);
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	row.used = 0; /* all bound away, or all recyclable */
	row.capacity = 0;
	for (int i = 0; i < 5; i++, pass(&scene, SECOND))
		see(&scene, &row, 1);
	assert_firing(&scene, 0);
	scene_close(&scene);
}

/* It stands among others of its saturation: those after it still count. */
static void an_unused_destination_hides_no_other(void **state)
{
	struct view_destination rows[] = { destination(1.0), destination(0.9) };
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	rows[0].used = 0;
	rows[1].remote_port = 1;
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see(&scene, rows, 2);
	assert_firing(&scene, 1);
	scene_close(&scene);
}

static void each_destination_has_an_alert_of_its_own(void **state)
{
	struct view_destination rows[] = { destination(0.95), destination(0.9), destination(0.85),
					   destination(0.5) };
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	rows[1].remote_port = 1;
	rows[2].local[15] = 9;
	rows[3].remote_port = 3;
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see(&scene, rows, 4);
	assert_firing(&scene, 3);
	see(&scene, rows, 2); /* the third is gone */
	assert_firing(&scene, 2);
	assert_int_equal(scene.told_count, 4);
	assert_false(scene.told[3].entered);
	scene_close(&scene);
}

static void the_same_destination_in_two_namespaces_is_two_subjects(void **state)
{
	struct view_destination rows[] = { destination(0.9), destination(0.9) };
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	rows[1].netns_name = "blue";
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see(&scene, rows, 2);
	assert_firing(&scene, 2);
	scene_close(&scene);
}

static void the_subject_is_stable_and_the_summary_has_the_numbers(void **state)
{
	static const struct view_share share = { .pid = 42, .process = "evil\nname", .used = 80 };
	struct view_destination row = destination(0.9);
	struct scene scene = scene_of(&destination_rule, 1);
	const struct view_alert *alert;

	(void)state;
	row.time_wait = 12;
	row.recyclable = 2;
	row.owners = &share;
	row.owners_count = 1;
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see(&scene, &row, 1);
	alert = &scene.view->alerts[0];
	assert_string_equal(alert->rule, "Destination");
	assert_int_equal(alert->severity, SEVERITY_WARNING);
	assert_string_equal(alert->subject, "host tcp 10.0.0.1 -> 10.0.0.2:5432");
	assert_string_equal(alert->summary,
			    "90 of 100 ports used toward 10.0.0.2:5432, 10 in TIME_WAIT; "
			    "most by evil?name[42] (80)");
	assert_true(alert->value == 0.9);
	assert_int_equal(alert->since, EPOCH_NS + 1002 * SECOND);
	scene_close(&scene);
}

static void since_is_when_it_began(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	fire(&scene, 0.9);
	pass(&scene, 100 * SECOND);
	see_one(&scene, 0.95);
	assert_int_equal(scene.view->alerts[0].since, EPOCH_NS + 1002 * SECOND);
	assert_true(scene.view->alerts[0].value == 0.95);
	scene_close(&scene);
}

/* The longest that names and addresses can be. */
static void long_subjects_stay_apart(void **state)
{
	char names[2][64];
	struct view_destination rows[] = { destination(0.9), destination(0.9) };
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(names[i], 'n', 63);
		names[i][62] = (char)('0' + i);
		names[i][63] = '\0';
		memset(rows[i].local, 0xfd, 16);
		memset(rows[i].remote, 0xfe, 16);
		rows[i].netns_name = names[i];
	}
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see(&scene, rows, 2);
	assert_firing(&scene, 2);
	scene_close(&scene);
}

/* --- pools and refusals ---------------------------------------------------------------------- */

static void see_pool(struct scene *scene, double saturation, uint32_t refused)
{
	const struct view_pool pools[] = { {
						   .netns_name = "host",
						   .protocol = IPPROTO_TCP,
						   .size = 100,
						   .used = (uint32_t)(saturation * 100),
						   .exclusive = 3,
						   .refused_recently = refused,
						   .saturation = saturation,
					   },
					   { .netns_name = "host", .protocol = IPPROTO_UDP } };
	struct view *view = new_view(scene);

	view->pools = pools;
	view->pools_count = ARRAY_SIZE(pools);
	judge(scene);
}

static void a_full_pool_is_an_alert(void **state)
{
	struct scene scene = scene_of(&pool_rule, 1);

	(void)state;
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see_pool(&scene, 0.9, 0);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].subject, "host tcp");
	assert_string_equal(scene.view->alerts[0].summary,
			    "90 of 100 tcp ports held in namespace host, 3 of them bound");
	see_pool(&scene, 0.1, 0);
	assert_firing(&scene, 0);
	scene_close(&scene);
}

static void a_refusal_is_an_alert_while_it_is_recent(void **state)
{
	struct scene scene = scene_of(&refusal_rule, 1);

	(void)state;
	see_pool(&scene, 0.1, 0);
	assert_firing(&scene, 0);
	see_pool(&scene, 0.1, 7);
	assert_firing(&scene, 1);
	assert_true(scene.view->alerts[0].value == 7.0);
	assert_string_equal(scene.view->alerts[0].summary,
			    "7 tcp port requests refused in namespace host within a minute");
	see_pool(&scene, 0.1, 0);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 2);
	scene_close(&scene);
}

/* --- several rules --------------------------------------------------------------------------- */

static void rules_do_not_disturb_each_other(void **state)
{
	const struct alert_rule rules[] = { destination_rule, pool_rule, refusal_rule };
	struct scene scene = scene_of(rules, ARRAY_SIZE(rules));

	(void)state;
	see_pool(&scene, 0.9, 1);
	assert_firing(&scene, 1);
	pass(&scene, 2 * SECOND);
	see_pool(&scene, 0.9, 1);
	assert_firing(&scene, 2);
	see_pool(&scene, 0.9, 0);
	assert_firing(&scene, 1);
	assert_string_equal(scene.view->alerts[0].rule, "Pool");
	scene_close(&scene);
}

static void alerts_come_gravest_first_then_oldest(void **state)
{
	const struct alert_rule rules[] = { destination_rule, refusal_rule, pool_rule };
	const struct view_destination row = destination(0.9);
	const struct view_pool pool = { .netns_name = "host",
					.protocol = IPPROTO_TCP,
					.refused_recently = 1,
					.saturation = 0.9 };
	struct scene scene = scene_of(rules, ARRAY_SIZE(rules));

	(void)state;
	for (int i = 0; i < 3; i++, pass(&scene, SECOND)) {
		struct view *view = new_view(&scene);

		view->pools = &pool;
		view->pools_count = 1;
		view->destinations = &row;
		view->destinations_count = 1;
		judge(&scene);
	}
	assert_firing(&scene, 3);
	assert_string_equal(scene.view->alerts[0].rule, "Refused");
	assert_string_equal(scene.view->alerts[1].rule, "Pool");
	assert_string_equal(scene.view->alerts[2].rule, "Destination");
	scene_close(&scene);
}

static void every_rule_is_listed_with_how_many_fire(void **state)
{
	const struct alert_rule rules[] = { destination_rule, pool_rule };
	struct view_destination rows[] = { destination(0.9), destination(0.9) };
	struct scene scene = scene_of(rules, ARRAY_SIZE(rules));

	(void)state;
	rows[1].remote_port = 1;
	for (int i = 0; i < 3; i++, pass(&scene, SECOND))
		see(&scene, rows, 2);
	assert_int_equal(scene.view->rules_count, 2);
	assert_string_equal(scene.view->rules[0].name, "Destination");
	assert_int_equal(scene.view->rules[0].severity, SEVERITY_WARNING);
	assert_int_equal(scene.view->rules[0].firing, 2);
	assert_int_equal(scene.view->rules[1].firing, 0);
	scene_close(&scene);
}

static void an_alert_in_a_view_outlives_the_alerts(void **state)
{
	struct scene scene = scene_of(&destination_rule, 1);

	(void)state;
	fire(&scene, 0.9);
	alerts_free(scene.alerts);
	scene.alerts = NULL;
	assert_string_equal(scene.view->alerts[0].subject, "host tcp 10.0.0.1 -> 10.0.0.2:5432");
	scene_close(&scene); /* and freeing none is fine */
}

static void the_default_rules_make_sense(void **state)
{
	const struct alert_rule *rules;
	size_t count = 0;

	(void)state;
	rules = alert_default_rules(&count);
	assert_true(count >= 3);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(rules[i].name);
		if (alert_kind(rules[i].metric)->less_is_worse)
			assert_true(rules[i].leave >= rules[i].enter);
		else
			assert_true(rules[i].leave <= rules[i].enter);
		assert_true(rules[i].leave > 0);
		for (size_t k = 0; k < i; k++)
			assert_true(strcmp(rules[k].name, rules[i].name) ||
				    rules[k].severity != rules[i].severity);
	}
}

/* Colours and `check` have the thresholds of the rules. */
static void default_rules_of_saturation_begin_where_colours_do(void **state)
{
	size_t count;
	const struct alert_rule *rules = alert_default_rules(&count);
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (rules[i].metric != ALERT_POOL_SATURATION &&
		    rules[i].metric != ALERT_DESTINATION_SATURATION)
			continue;
		assert_true(rules[i].enter == (rules[i].severity == SEVERITY_CRITICAL
						       ? VIEW_SHARE_CRITICAL
						       : VIEW_SHARE_WARNING));
		found++;
	}
	assert_int_equal(found, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_rules_of_saturation_begin_where_colours_do),
		cmocka_unit_test(an_alert_begins_when_its_time_has_passed),
		cmocka_unit_test(below_the_enter_threshold_nothing_begins),
		cmocka_unit_test(a_dip_starts_the_time_anew),
		cmocka_unit_test(without_a_time_an_alert_begins_at_once),
		cmocka_unit_test(an_alert_lasts_down_to_the_leave_threshold),
		cmocka_unit_test(an_alert_that_ended_must_wait_again),
		cmocka_unit_test(transitions_are_told_once),
		cmocka_unit_test(an_alert_ends_with_its_subject),
		cmocka_unit_test(a_destination_nobody_uses_is_no_alert),
		cmocka_unit_test(an_unused_destination_hides_no_other),
		cmocka_unit_test(each_destination_has_an_alert_of_its_own),
		cmocka_unit_test(the_same_destination_in_two_namespaces_is_two_subjects),
		cmocka_unit_test(the_subject_is_stable_and_the_summary_has_the_numbers),
		cmocka_unit_test(since_is_when_it_began),
		cmocka_unit_test(long_subjects_stay_apart),
		cmocka_unit_test(a_full_pool_is_an_alert),
		cmocka_unit_test(a_refusal_is_an_alert_while_it_is_recent),
		cmocka_unit_test(rules_do_not_disturb_each_other),
		cmocka_unit_test(alerts_come_gravest_first_then_oldest),
		cmocka_unit_test(every_rule_is_listed_with_how_many_fire),
		cmocka_unit_test(an_alert_in_a_view_outlives_the_alerts),
		cmocka_unit_test(the_default_rules_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
