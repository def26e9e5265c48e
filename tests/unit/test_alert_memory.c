// SPDX-License-Identifier: Apache-2.0
/* What alerts remember: across dips, beside graver rules, and when the rules change. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/scene.h"
#include "user/base/util.h"

static struct alert_rule rule_of(enum view_severity severity, double enter)
{
	return (struct alert_rule){ .name = "Rule",
				    .severity = severity,
				    .metric = ALERT_DESTINATION_SATURATION,
				    .enter = enter,
				    .leave = enter - 0.1 };
}

/* --- firing on ------------------------------------------------------------------------------- */

static void it_fires_on_for_its_time(void **state)
{
	struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	struct scene scene;

	(void)state;
	rule.keep_ns = 10 * SECOND;
	scene = scene_of(&rule, 1);
	see_one(&scene, 0.9);
	for (int i = 0; i < 10; i++, pass(&scene, SECOND)) {
		see_one(&scene, 0.1);
		assert_firing(&scene, 1);
		assert_true(scene.view->alerts[0].value == 0.1); /* the numbers are true */
	}
	see_one(&scene, 0.1);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 2);
	scene_close(&scene);
}

static void its_time_begins_anew_after_a_rise(void **state)
{
	struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	struct scene scene;

	(void)state;
	rule.keep_ns = 10 * SECOND;
	scene = scene_of(&rule, 1);
	see_one(&scene, 0.9);
	see_one(&scene, 0.1);
	pass(&scene, 9 * SECOND);
	see_one(&scene, 0.75); /* above the leave threshold */
	pass(&scene, 9 * SECOND);
	see_one(&scene, 0.1);
	pass(&scene, 9 * SECOND);
	see_one(&scene, 0.1);
	assert_firing(&scene, 1);
	assert_int_equal(scene.told_count, 1);
	scene_close(&scene);
}

static void it_fires_on_for_its_time_without_its_subject(void **state)
{
	struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	struct scene scene;

	(void)state;
	rule.keep_ns = 10 * SECOND;
	scene = scene_of(&rule, 1);
	see_one(&scene, 0.9);
	see(&scene, NULL, 0);
	assert_firing(&scene, 1);
	pass(&scene, 10 * SECOND);
	see(&scene, NULL, 0);
	assert_firing(&scene, 0);
	assert_false(scene.told[1].entered);
	scene_close(&scene);
}

static void what_never_fired_does_not_linger(void **state)
{
	struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	struct scene scene;

	(void)state;
	rule.keep_ns = 10 * SECOND;
	rule.for_ns = 5 * SECOND;
	scene = scene_of(&rule, 1);
	see_one(&scene, 0.9);
	pass(&scene, SECOND);
	see_one(&scene, 0.1);
	pass(&scene, 4 * SECOND);
	see_one(&scene, 0.9);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 0);
	scene_close(&scene);
}

/* --- beside a graver one --------------------------------------------------------------------- */

static void assert_severity(const struct scene *scene, size_t i, enum view_severity severity)
{
	assert_int_equal(scene->view->alerts[i].severity, severity);
}

static void nobody_is_told_twice(void **state)
{
	const struct alert_rule rules[] = { rule_of(SEVERITY_WARNING, 0.8),
					    rule_of(SEVERITY_CRITICAL, 0.95) };
	struct scene scene = scene_of(rules, 2);

	(void)state;
	see_one(&scene, 0.99);
	assert_firing(&scene, 1);
	assert_severity(&scene, 0, SEVERITY_CRITICAL);
	assert_int_equal(scene.told_count, 1);
	pass(&scene, SECOND);
	see_one(&scene, 0.84); /* below 0.85 the critical one ends */
	pass(&scene, SECOND);
	see_one(&scene, 0.84);
	assert_firing(&scene, 1);
	assert_severity(&scene, 0, SEVERITY_WARNING);
	assert_int_equal(scene.told_count, 3);
	scene_close(&scene);
}

static void a_warning_goes_on_when_things_get_worse(void **state)
{
	const struct alert_rule rules[] = { rule_of(SEVERITY_CRITICAL, 0.95),
					    rule_of(SEVERITY_WARNING, 0.8) };
	struct scene scene = scene_of(rules, 2);

	(void)state;
	see_one(&scene, 0.82);
	assert_firing(&scene, 1);
	pass(&scene, SECOND);
	see_one(&scene, 0.99);
	assert_firing(&scene, 2);
	assert_int_equal(scene.told_count, 2);
	assert_true(scene.told[1].entered);
	scene_close(&scene);
}

static void a_graver_one_of_another_subject_or_name_hides_nothing(void **state)
{
	struct alert_rule rules[] = { rule_of(SEVERITY_CRITICAL, 0.95),
				      rule_of(SEVERITY_WARNING, 0.8), rule_of(SEVERITY_INFO, 0.5) };
	struct view_destination rows[] = { destination(0.99), destination(0.85) };
	struct scene scene;

	(void)state;
	rows[1].remote_port = 1;
	rules[2].name = "Other";
	scene = scene_of(rules, 3);
	see(&scene, rows, 2);
	assert_firing(&scene, 4);
	scene_close(&scene);
}

/* --- other rules ----------------------------------------------------------------------------- */

static void replace(struct scene *scene, const struct alert_rule *rules, size_t count)
{
	alerts_replace(scene->alerts, rules, count, hear, scene);
}

static void an_alert_survives_a_change_of_rules(void **state)
{
	struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	const struct alert_rule softer[] = { rule_of(SEVERITY_CRITICAL, 0.99),
					     rule_of(SEVERITY_WARNING, 0.6) };
	struct scene scene = scene_of(&rule, 1);
	uint64_t since;

	(void)state;
	see_one(&scene, 0.9);
	since = scene.view->alerts[0].since;
	replace(&scene, softer, 2);
	rule = (struct alert_rule){ .name = NULL }; /* nobody needs it any more */
	assert_int_equal(scene.told_count, 1);
	pass(&scene, SECOND);
	see_one(&scene, 0.55); /* above the new threshold */
	assert_firing(&scene, 1);
	assert_int_equal(scene.view->alerts[0].since, since);
	assert_int_equal(scene.told_count, 1);
	see_one(&scene, 0.49);
	assert_firing(&scene, 0);
	assert_int_equal(scene.told_count, 2);
	scene_close(&scene);
}

static void a_waiting_subject_waits_on(void **state)
{
	struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	struct alert_rule same;
	struct scene scene;

	(void)state;
	rule.for_ns = 5 * SECOND;
	same = rule;
	scene = scene_of(&rule, 1);
	see_one(&scene, 0.9);
	replace(&scene, &same, 1);
	pass(&scene, 5 * SECOND);
	see_one(&scene, 0.9);
	assert_firing(&scene, 1);
	scene_close(&scene);
}

static void the_alerts_of_a_rule_that_is_gone_end(void **state)
{
	const struct alert_rule rule = rule_of(SEVERITY_WARNING, 0.8);
	struct alert_rule others[] = { rule_of(SEVERITY_CRITICAL, 0.8),
				       rule_of(SEVERITY_WARNING, 0.8),
				       rule_of(SEVERITY_WARNING, 0.8) };

	(void)state;
	others[1].name = "Other";
	others[2].metric = ALERT_DESTINATION_EXHAUSTION; /* its subjects are something else */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct scene scene = scene_of(&rule, 1);

		see_one(&scene, 0.9);
		replace(&scene, &others[i], 1);
		assert_int_equal(scene.told_count, 2);
		assert_false(scene.told[1].entered);
		assert_string_equal(scene.told[1].rule, "Rule");
		assert_string_equal(scene.told[1].subject, scene.told[0].subject);
		scene_close(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fires_on_for_its_time),
		cmocka_unit_test(its_time_begins_anew_after_a_rise),
		cmocka_unit_test(it_fires_on_for_its_time_without_its_subject),
		cmocka_unit_test(what_never_fired_does_not_linger),
		cmocka_unit_test(nobody_is_told_twice),
		cmocka_unit_test(a_warning_goes_on_when_things_get_worse),
		cmocka_unit_test(a_graver_one_of_another_subject_or_name_hides_nothing),
		cmocka_unit_test(an_alert_survives_a_change_of_rules),
		cmocka_unit_test(a_waiting_subject_waits_on),
		cmocka_unit_test(the_alerts_of_a_rule_that_is_gone_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
