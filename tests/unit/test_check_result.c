// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/commands/check_result.h"
#include "user/commands/options.h"
#include "user/commands/trace_filter.h"

#define POOL \
	"{'netns':1,'netns_name':'shop','protocol':'tcp','size':1000,'used':%d,'saturation':%s}"
#define DESTINATION                                                                              \
	"{'netns':1,'netns_name':'shop','protocol':'tcp','remote':'10.0.0.2','remote_port':443," \
	"'used':90,'capacity':100,'saturation':0.9,'owners':[{'pid':7,'process':'app'}]}"
#define REFUSAL "{'time':'2026-11-22T10:54:%s.000Z','pid':7,'process':'a|b'}"

/* Single quotes stand for double ones. Caller frees *ret_line. */
static enum check_status check_scope(const char *text, const struct options *options,
				     char **ret_line)
{
	char reason[TRACE_FILTER_REASON_MAX];
	struct trace_filter scope;
	const struct check_limits limits = { 0.8, 0.95 };
	enum check_status status;
	size_t size = 0;
	char *copy = strdup(text);
	json_t *snapshot;
	FILE *out;

	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	snapshot = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(snapshot);
	out = open_memstream(ret_line, &size);
	assert_non_null(out);
	assert_int_equal(trace_filter_init(&scope, options, reason), 0);
	status = check_result(out, snapshot, &limits, &scope);
	assert_int_equal(fclose(out), 0);
	json_decref(snapshot);
	free(copy);
	return status;
}

static enum check_status check(const char *text, char **ret_line)
{
	return check_scope(text, &(struct options){ .given = 0 }, ret_line);
}

/* With these options it begins so. */
static void begins(const struct options *options, const char *text, enum check_status status,
		   const char *line)
{
	char *said = NULL;

	assert_int_equal(check_scope(text, options, &said), status);
	if (strncmp(said, line, strlen(line)) != 0)
		fail_msg("'%s'", said);
	free(said);
}

static void says(const char *text, enum check_status status, const char *line)
{
	char *said = NULL;

	assert_int_equal(check(text, &said), status);
	assert_string_equal(said, line);
	free(said);
}

/* A document around these rows. */
static const char *snapshot(const char *pools, const char *destinations, const char *refusals)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "{'version':1,'time':'2026-11-22T10:55:30.000Z','pools':[%s],"
		 "'destinations':[%s],'refusals':[%s],'health':{'complete':true}}",
		 pools, destinations, refusals);
	return text;
}

static const char *pool(int used, const char *saturation)
{
	static char text[256];

	snprintf(text, sizeof(text), POOL, used, saturation);
	return text;
}

static void few_ports_are_fine(void **state)
{
	(void)state;
	says(snapshot(pool(10, "0.01"), "", ""), CHECK_OK,
	     "PORTGAUGE OK - shop tcp: 10 of 1000 ports used (1.0%) | "
	     "saturation=1.0%;80;95;0;100 refused=0;;;0 'shop tcp'=10;800;950;0;1000\n");
	says(snapshot("", "", ""), CHECK_OK,
	     "PORTGAUGE OK - no port is in use | saturation=0.0%;80;95;0;100 refused=0;;;0\n");
}

static void the_worst_scope_decides(void **state)
{
	(void)state;
	says(snapshot(pool(90, "0.09"), DESTINATION, ""), CHECK_WARNING,
	     "PORTGAUGE WARNING - shop tcp toward 10.0.0.2:443: 90 of 100 ports used (90.0%), "
	     "most by app[7] | saturation=90.0%;80;95;0;100 refused=0;;;0 "
	     "'shop tcp'=90;800;950;0;1000\n");
	says(snapshot(pool(960, "0.96"), DESTINATION, ""), CHECK_CRITICAL,
	     "PORTGAUGE CRITICAL - shop tcp: 960 of 1000 ports used (96.0%) | "
	     "saturation=96.0%;80;95;0;100 refused=0;;;0 'shop tcp'=960;800;950;0;1000\n");
}

static void limits_belong_to_the_worse_side(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(check(snapshot(pool(799, "0.799"), "", ""), &said), CHECK_OK);
	free(said);
	assert_int_equal(check(snapshot(pool(800, "0.8"), "", ""), &said), CHECK_WARNING);
	free(said);
	assert_int_equal(check(snapshot(pool(950, "0.95"), "", ""), &said), CHECK_CRITICAL);
	free(said);
}

static void a_refusal_within_a_minute_is_critical(void **state)
{
	char refusals[256];

	(void)state;
	snprintf(refusals, sizeof(refusals), REFUSAL "," REFUSAL "," REFUSAL, "50", "30", "29");
	says(snapshot(pool(10, "0.01"), "", refusals), CHECK_CRITICAL,
	     "PORTGAUGE CRITICAL - shop tcp: 10 of 1000 ports used (1.0%); 2 refused within a "
	     "minute, the last to a_b[7] | saturation=1.0%;80;95;0;100 refused=2;;;0 "
	     "'shop tcp'=10;800;950;0;1000\n");
	snprintf(refusals, sizeof(refusals), REFUSAL, "29");
	says(snapshot("", "", refusals), CHECK_OK,
	     "PORTGAUGE OK - no port is in use | saturation=0.0%;80;95;0;100 refused=0;;;0\n");
}

#define ELSEWHERE \
	"{'netns':2,'netns_name':'depot','protocol':'udp','size':100,'used':99,'saturation':0.99}," POOL
#define ELSEWHERE_REFUSAL                                                       \
	"{'time':'2026-11-22T10:55:29.000Z','pid':8,'process':'far','netns':2," \
	"'netns_name':'depot','protocol':'udp','remote':'10.0.0.9','remote_port':53}"

static void only_what_is_asked_for_is_judged(void **state)
{
	char pools[512];
	const char *text;

	(void)state;
	snprintf(pools, sizeof(pools), ELSEWHERE, 10, "0.01");
	text = snapshot(pools, DESTINATION, ELSEWHERE_REFUSAL);
	begins(&(struct options){ 0 }, text, CHECK_CRITICAL,
	       "PORTGAUGE CRITICAL - depot udp: 99 of 100 ports used (99.0%); 1 refused");
	begins(&(struct options){ .netns = "shop" }, text, CHECK_WARNING,
	       "PORTGAUGE WARNING - shop tcp toward 10.0.0.2:443: 90 of 100 ports used (90.0%), most "
	       "by app[7] | saturation=90.0%;80;95;0;100 refused=0;;;0 'shop tcp'=10;800;950;0;1000\n");
	begins(&(struct options){ .netns = "1" }, text, CHECK_WARNING, "PORTGAUGE WARNING - shop");
	begins(&(struct options){ .protocol = "udp" }, text, CHECK_CRITICAL,
	       "PORTGAUGE CRITICAL - depot udp");
	begins(&(struct options){ .destination = "10.0.0.2:443" }, text, CHECK_WARNING,
	       "PORTGAUGE WARNING - shop tcp toward 10.0.0.2:443: 90 of 100");
	begins(&(struct options){ .destination = "10.0.0.9:53" }, text, CHECK_CRITICAL,
	       "PORTGAUGE CRITICAL - no port is in use; 1 refused within a minute, the last to far[8]");
	begins(&(struct options){ .destination = "10.0.0.7" }, text, CHECK_OK,
	       "PORTGAUGE OK - no port is in use |");
}

static void a_namespace_that_is_not_there_is_unknown(void **state)
{
	(void)state;
	begins(&(struct options){ .netns = "shoq" }, snapshot(pool(10, "0.01"), DESTINATION, ""),
	       CHECK_UNKNOWN, "PORTGAUGE UNKNOWN - no such namespace");
}

static void what_is_not_all_is_said(void **state)
{
	(void)state;
	says("{'version':1,'pools':[],'health':{'complete':false}}", CHECK_OK,
	     "PORTGAUGE OK - no port is in use; not everything is seen | "
	     "saturation=0.0%;80;95;0;100 refused=0;;;0\n");
}

static void another_document_is_unknown(void **state)
{
	static const char *const others[] = { "{}",
					      "[]",
					      "1",
					      "{'version':2,'pools':[]}",
					      "{'version':1}",
					      "{'version':1,'pools':{}}" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		says(others[i], CHECK_UNKNOWN,
		     "PORTGAUGE UNKNOWN - what answered is no snapshot of this version\n");
}

/* An agent at the other end of a socket may be anything. */
static void rows_of_another_shape_do_no_harm(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(check("{'version':1,'pools':[1,null,{},{'used':'x','saturation':[]}],"
			       "'destinations':[{'saturation':0.9,'netns':1,'owners':7}],"
			       "'refusals':[{},3]}",
			       &said),
			 CHECK_WARNING);
	assert_string_equal(said, "PORTGAUGE WARNING - unknown unknown toward unknown:0: 0 of 0 "
				  "ports used (90.0%) | saturation=90.0%;80;95;0;100 "
				  "refused=0;;;0\n");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_ports_are_fine),
		cmocka_unit_test(the_worst_scope_decides),
		cmocka_unit_test(limits_belong_to_the_worse_side),
		cmocka_unit_test(a_refusal_within_a_minute_is_critical),
		cmocka_unit_test(only_what_is_asked_for_is_judged),
		cmocka_unit_test(a_namespace_that_is_not_there_is_unknown),
		cmocka_unit_test(what_is_not_all_is_said),
		cmocka_unit_test(another_document_is_unknown),
		cmocka_unit_test(rows_of_another_shape_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
