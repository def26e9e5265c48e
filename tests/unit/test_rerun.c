// SPDX-License-Identifier: Apache-2.0
/* A recorded incident, forth and back: what is seen at a moment does not depend on the way there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/incident.h"
#include "user/alert/alert.h"
#include "user/base/util.h"
#include "user/commands/rerun.h"
#include "user/core/view.h"
#include "user/registry.h"

#define RECORDING "tests/golden/incident-named.recording"

static void rerun_closep(struct rerun **rerun)
{
	rerun_close(*rerun);
}

static struct rerun *open_incident(void)
{
	struct rerun *rerun = NULL;
	size_t count;
	const struct alert_rule *rules = alert_default_rules(&count);

	if (rerun_open(&rerun, RECORDING, rules, count) < 0)
		fail_msg("no %s; these tests run at the top of the tree", RECORDING);
	return rerun;
}

/* The document of what is seen there. The caller frees. */
static char *go(struct rerun *rerun, uint64_t at_ns)
{
	struct view_limits limits = VIEW_LIMITS_DEFAULT;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(rerun_go(rerun, at_ns), 0);
	registry_encoder(true)(out, rerun_view(rerun), &limits);
	assert_int_equal(fclose(out), 0);
	return text;
}

static bool fires(const struct rerun *rerun, const char *rule)
{
	const struct view *view = rerun_view(rerun);

	for (size_t i = 0; i < view->alerts_count; i++)
		if (!strcmp(view->alerts[i].rule, rule))
			return true;
	return false;
}

static void its_beginning_is_there_at_once(void **state)
{
	CLEANUP(rerun_closep) struct rerun *rerun = open_incident();

	(void)state;
	assert_int_equal(rerun_at_ns(rerun), 0);
	assert_false(rerun_has_ended(rerun));
	assert_in_range(rerun_view(rerun)->time, INCIDENT_EPOCH_NS, INCIDENT_EPOCH_NS + SECOND - 1);
	assert_false(fires(rerun, "PortsRefused"));
}

static void alerts_fire_when_they_did(void **state)
{
	CLEANUP(rerun_closep) struct rerun *rerun = open_incident();

	(void)state;
	free(go(rerun, 5 * SECOND));
	assert_false(fires(rerun, "PortsRefused"));
	free(go(rerun, UINT64_MAX));
	assert_true(fires(rerun, "PortsRefused"));
	free(go(rerun, 5 * SECOND));
	assert_false(fires(rerun, "PortsRefused"));
}

static void the_way_there_makes_no_difference(void **state)
{
	CLEANUP(rerun_closep) struct rerun *rerun = open_incident();
	char *seen[INCIDENT_SECONDS];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		seen[i] = go(rerun, i * SECOND);
	for (size_t i = ARRAY_SIZE(seen); i-- > 0;) {
		CLEANUP(freep) char *back = go(rerun, i * SECOND);

		assert_int_equal(rerun_at_ns(rerun), i * SECOND);
		assert_string_equal(back, seen[i]);
		free(seen[i]);
	}
}

static void beyond_the_end_it_stays_at_the_end(void **state)
{
	CLEANUP(rerun_closep) struct rerun *rerun = open_incident();
	CLEANUP(freep) char *end = NULL;
	CLEANUP(freep) char *again = NULL;

	(void)state;
	end = go(rerun, 9999 * SECOND);
	assert_true(rerun_has_ended(rerun));
	assert_true(rerun_at_ns(rerun) < 60 * SECOND);
	again = go(rerun, UINT64_MAX);
	assert_string_equal(again, end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_beginning_is_there_at_once),
		cmocka_unit_test(alerts_fire_when_they_did),
		cmocka_unit_test(the_way_there_makes_no_difference),
		cmocka_unit_test(beyond_the_end_it_stays_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
