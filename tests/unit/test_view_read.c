// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/json/json.h"
#include "user/base/util.h"
#include "user/commands/view_read.h"
#include "user/core/view.h"

/* Single quotes stand for double ones. */
static int read_text(const char *text, struct view **ret, bool *ret_bounded)
{
	char *copy = strdup(text);
	json_t *document;
	int r;

	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	document = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(document);
	r = view_read(ret, document, ret_bounded);
	json_decref(document);
	free(copy);
	return r;
}

static char *encode(const struct view *view)
{
	struct view_limits limits = { .top = 1000 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	json_snapshot(out, view, &limits);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *content(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

/* Read and written again, it is the same document. */
static void nothing_of_an_incident_is_lost(void **state)
{
	static const char *const paths[] = { "tests/golden/incident.json",
					     "tests/golden/incident-at-9s.json",
					     "tests/golden/incident-named.json" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *text = content(paths[i]);
		struct view *view = NULL;
		bool bounded = true;
		char *again;

		assert_int_equal(read_text(text, &view, &bounded), 0);
		assert_false(bounded);
		again = encode(view);
		assert_string_equal(again, text);
		view_unref(view);
		free(again);
		free(text);
	}
}

#define AROUND(lists) "{'version':1,'pools':[]," lists "}"

static void alerts_and_verdicts_are_read(void **state)
{
	struct view *view = NULL;

	(void)state;
	assert_int_equal(read_text(AROUND("'verdicts':[{'verdict':'leak','severity':'warning',"
					  "'subject':'a','text':'b','remedy':'c'}],"
					  "'alerts':[{'rule':'R','severity':'critical',"
					  "'subject':'d','summary':'e','value':0.5,"
					  "'since':'2026-11-22T10:54:18.123Z'}]"),
				   &view, NULL),
			 0);
	assert_int_equal(view->verdicts_count, 1);
	assert_int_equal(view->verdicts[0].severity, SEVERITY_WARNING);
	assert_string_equal(view->verdicts[0].remedy, "c");
	assert_int_equal(view->alerts_count, 1);
	assert_int_equal(view->alerts[0].severity, SEVERITY_CRITICAL);
	assert_int_equal(view->alerts[0].since, UINT64_C(1795344858123000000));
	assert_true(view->alerts[0].value == 0.5);
	view_unref(view);
}

static void unknown_stays_unknown(void **state)
{
	struct view *view = NULL;

	(void)state;
	assert_int_equal(read_text("{'version':1,'pools':[{'netns':1,'netns_name':'a',"
				   "'exhaustion_seconds':null}],'owners':[{'pid':null,"
				   "'process':null,'netns':1,'netns_name':'a','unit':null}],"
				   "'refusals':[{'errno':'EADDRNOTAVAIL','saturation':null,"
				   "'remote':null,'remote_port':null}]}",
				   &view, NULL),
			 0);
	assert_true(isnan(view->pools[0].exhaustion_seconds));
	assert_false(view->owners[0].known);
	assert_null(view->owners[0].unit);
	assert_string_equal(view->owners[0].process, "");
	assert_int_equal(view->refusals[0].error, EADDRNOTAVAIL);
	assert_int_equal(view->refusals[0].remote_port, 0);
	assert_true(isnan(view->refusals[0].saturation));
	assert_int_equal(view->time, 0);
	assert_null(view->host);
	view_unref(view);
}

static void rows_that_stand_for_others_are_none(void **state)
{
	struct view *view = NULL;
	bool bounded = false;

	(void)state;
	assert_int_equal(
		read_text(
			"{'version':1,'pools':[{'netns':1,'netns_name':'other'},"
			"{'netns':null,'netns_name':'other'}],"
			"'destinations':[{'remote':'10.0.0.1','owners':[{'pid':0,'process':'other'},"
			"{'pid':null,'process':null},{'pid':null,'process':'other'}]},"
			"{'remote':'other'}],"
			"'owners':[{'netns':1,'pid':4,'process':'other'},"
			"{'netns':null,'process':'other'}]}",
			&view, &bounded),
		0);
	assert_true(bounded);
	assert_int_equal(view->pools_count, 1);
	assert_int_equal(view->destinations_count, 1);
	assert_int_equal(view->destinations[0].owners_count, 2);
	assert_int_equal(view->owners_count, 1);
	view_unref(view);
}

static void another_document_is_refused(void **state)
{
	static const char *const others[] = { "{}",
					      "[]",
					      "1",
					      "{'version':2,'pools':[]}",
					      "{'version':1}",
					      "{'version':1,'pools':{}}" };
	struct view *view = NULL;
	bool bounded = true;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(read_text(others[i], &view, &bounded), -EBADMSG);
	assert_null(view);
	assert_true(bounded);
}

/* An agent at the other end of a socket may be anything. */
static void rows_of_another_shape_do_no_harm(void **state)
{
	struct view *view = NULL;

	(void)state;
	assert_int_equal(
		read_text("{'version':1,'pools':[1,null,{},{'used':-5,'size':1e300,"
			  "'first':70000,'saturation':[]}],'destinations':{},"
			  "'owners':[{'pid':99999999999,'process':'a name beyond all bounds',"
			  "'netns':[]}],'refusals':[{'errno':'EWHAT','remote':'nowhere'}],"
			  "'health':7,'alerts':[{'severity':'odd'}]}",
			  &view, NULL),
		0);
	assert_int_equal(view->pools_count, 2);
	assert_string_equal(view->pools[0].netns_name, "unknown");
	assert_int_equal(view->pools[1].used, 0);
	assert_int_equal(view->pools[1].first, UINT16_MAX);
	assert_true(view->pools[1].saturation == 0);
	assert_int_equal(view->destinations_count, 0);
	assert_int_equal(view->owners[0].pid, UINT32_MAX);
	assert_string_equal(view->owners[0].process, "a name beyond a");
	assert_int_equal(view->refusals[0].error, 0);
	assert_int_equal(view->alerts[0].severity, SEVERITY_INFO);
	assert_string_equal(view->alerts[0].rule, "unknown");
	view_unref(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_an_incident_is_lost),
		cmocka_unit_test(alerts_and_verdicts_are_read),
		cmocka_unit_test(unknown_stays_unknown),
		cmocka_unit_test(rows_that_stand_for_others_are_none),
		cmocka_unit_test(another_document_is_refused),
		cmocka_unit_test(rows_of_another_shape_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
