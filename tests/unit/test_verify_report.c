// SPDX-License-Identifier: Apache-2.0
/* What verify prints, for people and as JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include <jansson.h>

#include "tests/unit/readings.h"
#include "user/verify/verify_report.h"

/* A report under test, and what was printed of it. */
struct paper {
	struct verify_list found;
	struct verify_sum sums[4];
	struct verify_report report;
	char *text;
};

static void paper_open(struct paper *paper)
{
	*paper = (struct paper){
		.sums = {
			{ EVENT_NETNS, "shop", IPPROTO_TCP, 3, 3, 0, 0 },
			{ EVENT_NETNS, "shop", IPPROTO_UDP, 1, 1, 0, 0 },
			{ 2, "idle", IPPROTO_TCP, 0, 0, 0, 0 },
			{ 2, "idle", IPPROTO_UDP, 0, 0, 0, 0 },
		},
	};
	paper->report = (struct verify_report){
		.found = &paper->found,
		.sums = paper->sums,
		.sums_count = ARRAY_SIZE(paper->sums),
		.source = "fentry",
	};
}

static void paper_done(struct paper *paper)
{
	verify_list_done(&paper->found);
	free(paper->text);
}

static void print(struct paper *paper, void (*report)(FILE *, const struct verify_report *))
{
	size_t size;
	FILE *out = open_memstream(&paper->text, &size);

	assert_non_null(out);
	report(out, &paper->report);
	assert_int_equal(fclose(out), 0);
}

static struct verify_entry object_entry(struct sockdiag_record record)
{
	struct verify_reading reading = kernel_of(&record, 1);
	struct verify_entry entry = reading.entries[0];

	verify_reading_done(&reading);
	return entry;
}

static struct verify_entry hold_entry(struct holds_dump_record record)
{
	struct verify_reading reading = ledger_of(&record, 1);
	struct verify_entry entry = reading.entries[0];

	verify_reading_done(&reading);
	return entry;
}

static void find(struct paper *paper, enum verify_kind kind, struct verify_entry entry,
		 const struct verify_entry *hold)
{
	assert_int_equal(verify_list_add(&paper->found, kind, &entry, hold), 0);
	if (kind == VERIFY_UNSEEN)
		paper->sums[0].unseen++;
	else
		paper->sums[0].differences++;
}

/* One of each kind. */
static void find_all(struct paper *paper)
{
	struct verify_entry hold = hold_entry(record(.id = 3, .port = 40003));

	find(paper, VERIFY_MISSING, object_entry(object(.cookie = 9, .port = 40001, .inode = 77)),
	     NULL);
	find(paper, VERIFY_STALE,
	     hold_entry(record(.id = 2, .port = 40002, .path = PATH_BIND, .nowhere = true,
			       .nobody = true)),
	     NULL);
	find(paper, VERIFY_STATE, object_entry(object(.cookie = 8, .port = 40003, .remnant = true)),
	     &hold);
	find(paper, VERIFY_UNSEEN,
	     hold_entry(record(.id = 4, .port = 40004, .path = PATH_BIND, .nowhere = true)), NULL);
}

static void no_difference_is_said_of_each_namespace(void **state)
{
	struct paper paper;

	(void)state;
	paper_open(&paper);
	print(&paper, verify_report_text);
	assert_string_equal(paper.text, "shop tcp: kernel 3, ledger 3, no difference\n"
					"shop udp: kernel 1, ledger 1, no difference\n"
					"2 more without a port in use, no difference\n");
	assert_int_equal(verify_report_count(&paper.report), 0);
	paper_done(&paper);
}

static void an_idle_host_has_no_difference(void **state)
{
	struct paper paper;

	(void)state;
	paper_open(&paper);
	paper.report.sums = &paper.sums[2];
	paper.report.sums_count = 2;
	print(&paper, verify_report_text);
	assert_string_equal(paper.text, "2 pools without a port in use, no difference\n");
	paper_done(&paper);
}

static void each_difference_is_told_with_both_sides(void **state)
{
	struct paper paper;

	(void)state;
	paper_open(&paper);
	find_all(&paper);
	print(&paper, verify_report_text);
	assert_string_equal(paper.text,
			    "shop tcp 40001 -> 10.0.1.1:5432\n"
			    "    kernel established (uid 0, inode 77), ledger nothing\n"
			    "shop tcp 40002\n"
			    "    kernel nothing, ledger active by bind\n"
			    "shop tcp 40003 -> 10.0.1.1:5432\n"
			    "    kernel time-wait, ledger active by connect of client[100]\n"
			    "shop tcp: kernel 3, ledger 3, 3 differences, not verifiable: 1\n"
			    "shop udp: kernel 1, ledger 1, no difference\n"
			    "2 more without a port in use, no difference\n");
	assert_int_equal(verify_report_count(&paper.report), 3);
	paper_done(&paper);
}

static void what_could_not_be_read_is_said(void **state)
{
	struct paper paper;

	(void)state;
	paper_open(&paper);
	paper.report.sums_count = 2;
	paper.report.unread_namespaces = 1;
	paper.report.unread_holds = 12;
	paper.report.incomplete = true;
	print(&paper, verify_report_text);
	assert_non_null(strstr(paper.text, "not verifiable: 12 holds"));
	assert_non_null(strstr(paper.text, "does not see everything"));
	paper_done(&paper);
}

static void names_cannot_forge_lines(void **state)
{
	struct paper paper;

	(void)state;
	paper_open(&paper);
	paper.sums[0].name = "a\nb\033[1m";
	find(&paper, VERIFY_STALE, hold_entry(record(.id = 1, .port = 40001, .comm = "x\ny")),
	     NULL);
	print(&paper, verify_report_text);
	assert_non_null(strstr(paper.text, "a?b?[1m tcp 40001"));
	assert_non_null(strstr(paper.text, "x?y[100]"));
	paper_done(&paper);
}

static json_t *parse(struct paper *paper)
{
	json_t *root;

	print(paper, verify_report_json);
	root = json_loads(paper->text, 0, NULL);
	assert_non_null(root);
	return root;
}

static const char *string(const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	return value ? value : "(none)";
}

static int64_t integer(const json_t *row, const char *key)
{
	assert_true(json_is_integer(json_object_get(row, key)));
	return json_integer_value(json_object_get(row, key));
}

static void json_says_the_same(void **state)
{
	struct paper paper;
	json_t *root;
	json_t *rows;

	(void)state;
	paper_open(&paper);
	find_all(&paper);
	root = parse(&paper);
	rows = json_object_get(root, "differences");
	assert_int_equal(integer(root, "version"), 1);
	assert_string_equal(string(root, "source"), "fentry");
	assert_true(json_is_false(json_object_get(root, "equal")));
	assert_true(json_is_true(json_object_get(root, "complete")));
	assert_int_equal(json_array_size(rows), 4);
	assert_string_equal(string(json_array_get(rows, 0), "kind"), "missing");
	assert_string_equal(string(json_array_get(rows, 1), "kind"), "stale");
	assert_string_equal(string(json_array_get(rows, 2), "kind"), "state");
	assert_string_equal(string(json_array_get(rows, 3), "kind"), "not_verifiable");
	rows = json_object_get(root, "pools");
	assert_int_equal(json_array_size(rows), 4);
	assert_int_equal(integer(json_array_get(rows, 0), "kernel"), 3);
	assert_int_equal(integer(json_array_get(rows, 0), "differences"), 3);
	assert_int_equal(integer(json_array_get(rows, 0), "not_verifiable"), 1);
	json_decref(root);
	paper_done(&paper);
}

static void json_has_null_for_what_is_not_there(void **state)
{
	struct paper paper;
	json_t *root;
	json_t *missing;
	json_t *stale;

	(void)state;
	paper_open(&paper);
	find_all(&paper);
	root = parse(&paper);
	missing = json_array_get(json_object_get(root, "differences"), 0);
	stale = json_array_get(json_object_get(root, "differences"), 1);
	assert_true(json_is_null(json_object_get(missing, "ledger")));
	assert_int_equal(integer(json_object_get(missing, "kernel"), "cookie"), 9);
	assert_int_equal(integer(json_object_get(missing, "kernel"), "inode"), 77);
	assert_string_equal(string(missing, "remote"), "10.0.1.1");
	assert_int_equal(integer(missing, "remote_port"), EVENT_REMOTE_PORT);
	assert_true(json_is_null(json_object_get(stale, "kernel")));
	assert_true(json_is_null(json_object_get(stale, "remote")));
	assert_true(json_is_null(json_object_get(stale, "remote_port")));
	assert_true(json_is_null(json_object_get(json_object_get(stale, "ledger"), "pid")));
	assert_true(json_is_null(json_object_get(json_object_get(stale, "ledger"), "process")));
	assert_string_equal(string(json_object_get(stale, "ledger"), "path"), "bind");
	json_decref(root);
	paper_done(&paper);
}

static void json_of_no_difference_is_equal(void **state)
{
	struct paper paper;
	json_t *root;

	(void)state;
	paper_open(&paper);
	paper.report.incomplete = true;
	root = parse(&paper);
	assert_true(json_is_true(json_object_get(root, "equal")));
	assert_true(json_is_false(json_object_get(root, "complete")));
	assert_int_equal(json_array_size(json_object_get(root, "differences")), 0);
	json_decref(root);
	paper_done(&paper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_difference_is_said_of_each_namespace),
		cmocka_unit_test(an_idle_host_has_no_difference),
		cmocka_unit_test(each_difference_is_told_with_both_sides),
		cmocka_unit_test(what_could_not_be_read_is_said),
		cmocka_unit_test(names_cannot_forge_lines),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(json_has_null_for_what_is_not_there),
		cmocka_unit_test(json_of_no_difference_is_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
