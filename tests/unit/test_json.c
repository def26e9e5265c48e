// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/json/json.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define NOW UINT64_C(1795344858123000000)
#define V4(d)                                                           \
	{                                                               \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, (d) \
	}

static const struct view_pool pools[] = {
	{ .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .first = 32768,
	  .last = 60999,
	  .reserved = 2,
	  .size = 28230,
	  .used = 30,
	  .shared = 20,
	  .exclusive = 10,
	  .saturation = 0.25,
	  .worst_destination_saturation = 0.5,
	  .exhaustion_seconds = 90.5 },
	{ .netns = 2,
	  .netns_name = "b",
	  .protocol = IPPROTO_UDP,
	  .size = 100,
	  .used = 4,
	  .exclusive = 4,
	  .saturation = NAN,
	  .exhaustion_seconds = NAN },
	{ .netns = 3,
	  .netns_name = "c",
	  .protocol = IPPROTO_UDP,
	  .size = 11,
	  .used = 3,
	  .shared = 1,
	  .exclusive = 2,
	  .exhaustion_seconds = NAN },
};

static const struct view_share shares[] = {
	{ .pid = 7, .process = "one", .used = 10, .active = 8, .time_wait = 3, .exclusive = 1 },
	{ .used = 5, .active = 1, .time_wait = 4 },
	{ .process = "kernel", .used = 2, .active = 2, .exclusive = 4 },
};

static const struct view_destination destinations[] = {
	{ .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .local = V4(1),
	  .remote = V4(2),
	  .remote_port = 5432,
	  .service = "postgresql",
	  .listener_pid = 4711,
	  .listener = "pgbouncer",
	  .capacity = 28229,
	  .used = 17,
	  .active = 11,
	  .time_wait = 7,
	  .recyclable = 1,
	  .exclusive = 5,
	  .saturation = 0.75,
	  .exhaustion_seconds = NAN,
	  .owners = shares,
	  .owners_count = 3 },
	{ .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .local = V4(1),
	  .remote = { 0xfd, [15] = 9 },
	  .remote_port = 80,
	  .capacity = 28229,
	  .used = 15,
	  .active = 9,
	  .time_wait = 7,
	  .recyclable = 1,
	  .exclusive = 1,
	  .saturation = 0.5,
	  .exhaustion_seconds = 60,
	  .owners = shares,
	  .owners_count = 2 },
	{ .netns = 2,
	  .netns_name = "b",
	  .protocol = IPPROTO_TCP,
	  .local = V4(1),
	  .remote = V4(3),
	  .remote_port = 81,
	  .capacity = 100,
	  .used = 2,
	  .active = 2,
	  .exclusive = 4,
	  .saturation = 0.02,
	  .exhaustion_seconds = NAN,
	  .owners = shares + 2,
	  .owners_count = 1 },
};

static const struct view_owner owners[] = {
	{ .pid = 7,
	  .start_time = NOW,
	  .process = "one",
	  .known = true,
	  .uid = 0,
	  .cgroup = "/system.slice/one.service",
	  .unit = "one.service",
	  .alive = true,
	  .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 20,
	  .active = 9,
	  .time_wait = 12,
	  .recyclable = 2,
	  .exclusive = 1,
	  .allocations = 400,
	  .refusals = 3 },
	{ .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 10,
	  .active = 4,
	  .time_wait = 6,
	  .allocations = 1,
	  .refusals = 2 },
	{ .pid = 9,
	  .process = "three",
	  .known = true,
	  .uid = 1000,
	  .container = "abc",
	  .pod = "p",
	  .netns = 2,
	  .netns_name = "b",
	  .protocol = IPPROTO_UDP,
	  .used = 5,
	  .exclusive = 5,
	  .allocations = UINT64_C(5000000000) },
};

static const struct view_refusal refusals[] = {
	{ .time = NOW,
	  .pid = 7,
	  .process = "one",
	  .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .path = "connect",
	  .error = EADDRNOTAVAIL,
	  .local = V4(1),
	  .remote = V4(2),
	  .remote_port = 5432,
	  .saturation = 1 },
	{ .time = NOW - 1,
	  .netns = 1,
	  .netns_name = "host",
	  .protocol = IPPROTO_UDP,
	  .path = "autobind",
	  .error = EAGAIN,
	  .saturation = NAN },
};

static const struct view_label labels[] = { { "alertname", "DestinationSaturation" },
					    { "netns", "a\xff" } };
static const struct view_label annotations[] = { { "remedy", "reuse" } };

static const struct view_alert alerts[] = {
	{ .labels = labels,
	  .labels_count = ARRAY_SIZE(labels),
	  .annotations = annotations,
	  .annotations_count = ARRAY_SIZE(annotations),
	  .rule = "DestinationSaturation",
	  .severity = SEVERITY_CRITICAL,
	  .subject = "host tcp",
	  .summary = "97% of 28229",
	  .value = 0.97,
	  .since = NOW },
	{ .rule = "Refusals",
	  .severity = SEVERITY_WARNING,
	  .subject = "s",
	  .summary = "t",
	  .value = NAN },
};

static const struct view_verdict verdicts[] = {
	{ .verdict = "churn",
	  .severity = SEVERITY_WARNING,
	  .subject = "one[7]",
	  .text = "too fast",
	  .remedy = "reuse" },
};

static const struct view_tally events[] = { { "taken", 12 }, { "released", 4 } };
static const struct view_tally lost[] = { { "ring_full", 0 } };

static struct view sample(void)
{
	return (struct view){
		.time = NOW,
		.source = "fentry",
		.kernel = "6.1.0",
		.pools = pools,
		.pools_count = ARRAY_SIZE(pools),
		.destinations = destinations,
		.destinations_count = ARRAY_SIZE(destinations),
		.owners = owners,
		.owners_count = ARRAY_SIZE(owners),
		.refusals = refusals,
		.refusals_count = ARRAY_SIZE(refusals),
		.alerts = alerts,
		.alerts_count = ARRAY_SIZE(alerts),
		.verdicts = verdicts,
		.verdicts_count = ARRAY_SIZE(verdicts),
		.health = { .events = events,
			    .events_count = ARRAY_SIZE(events),
			    .lost = lost,
			    .lost_count = ARRAY_SIZE(lost),
			    .drift_total = 3,
			    .reconciliations = 2,
			    .reconciled_at = NOW,
			    .since = NOW,
			    .complete = true },
	};
}

static char *encode_text(encode_fn *encode, const struct view *view, size_t top)
{
	const struct view_limits limits = { .top = top };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	encode(out, view, &limits);
	assert_false(ferror(out));
	fclose(out);
	return text;
}

static json_t *encode_parsed(encode_fn *encode, const struct view *view, size_t top)
{
	char *text = encode_text(encode, view, top);
	json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	free(text);
	assert_non_null(document);
	return document;
}

static json_t *row(json_t *document, const char *list, size_t index)
{
	json_t *found = json_array_get(json_object_get(document, list), index);

	assert_non_null(found);
	return found;
}

static void assert_text(json_t *object, const char *key, const char *expected)
{
	assert_non_null(json_string_value(json_object_get(object, key)));
	assert_string_equal(json_string_value(json_object_get(object, key)), expected);
}

static void assert_count(json_t *object, const char *key, long long expected)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	assert_int_equal(json_integer_value(json_object_get(object, key)), expected);
}

static void assert_unknown(json_t *object, const char *key)
{
	assert_true(json_is_null(json_object_get(object, key)));
}

/* Names the object's keys in their order: "a b c". */
static void assert_keys(json_t *object, const char *expected)
{
	char keys[1024] = "";
	const char *key;
	json_t *value;

	assert_true(json_is_object(object));
	json_object_foreach(object, key, value) {
		if (*keys)
			strcat(keys, " ");
		strcat(keys, key);
	}
	assert_string_equal(keys, expected);
}

static void assert_sum(json_t *document, const char *list, const char *key, long long expected)
{
	long long sum = 0;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(document, list), i, item)
		sum += json_integer_value(json_object_get(item, key));
	assert_int_equal(sum, expected);
}

static void keys_are_those_of_the_contract(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 10);

	(void)state;
	assert_keys(document, "version time source kernel host pools destinations owners refusals "
			      "verdicts alerts health");
	assert_keys(row(document, "pools", 0),
		    "netns netns_name vrf protocol first last reserved size used shared exclusive "
		    "refused_recently saturation worst_destination_saturation exhaustion_seconds");
	assert_keys(
		row(document, "destinations", 0),
		"netns netns_name protocol local remote remote_port service listener listener_pid first last window capacity used active "
		"time_wait recyclable exclusive saturation exhaustion_seconds owners");
	assert_keys(row(row(document, "destinations", 0), "owners", 0),
		    "pid process used active time_wait exclusive");
	assert_keys(
		row(document, "owners", 0),
		"pid start_time process uid cgroup unit container pod exe command container_name pod_name pod_namespace alive netns netns_name "
		"protocol used active time_wait recyclable exclusive allocations refusals");
	assert_keys(row(document, "refusals", 0),
		    "time pid process netns netns_name protocol path errno local remote "
		    "remote_port saturation");
	assert_keys(row(document, "verdicts", 0), "verdict severity subject text remedy");
	assert_keys(row(document, "alerts", 0),
		    "rule severity subject summary value since labels annotations");
	assert_keys(json_object_get(document, "health"),
		    "events lost drift reconciliations reconciled_at since complete");
	json_decref(document);
}

static void numbers_and_times_are_written_as_promised(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 10);
	json_t *health = json_object_get(document, "health");

	(void)state;
	assert_count(document, "version", 1);
	assert_text(document, "time", "2026-11-22T10:54:18.123Z");
	assert_count(row(document, "pools", 0), "size", 28230);
	assert_true(json_real_value(json_object_get(row(document, "pools", 0), "saturation")) ==
		    0.25);
	assert_text(row(document, "destinations", 0), "remote", "10.0.0.2");
	assert_text(row(document, "destinations", 1), "remote", "fd00::9");
	assert_count(row(document, "owners", 2), "allocations", 5000000000);
	assert_text(row(document, "refusals", 0), "errno", "EADDRNOTAVAIL");
	assert_count(json_object_get(health, "events"), "taken", 12);
	assert_count(json_object_get(health, "lost"), "ring_full", 0);
	assert_true(json_is_true(json_object_get(health, "complete")));
	json_decref(document);
}

static void unknown_is_null(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 10);

	(void)state;
	assert_unknown(document, "host");
	assert_unknown(row(document, "pools", 1), "saturation");
	assert_unknown(row(document, "pools", 1), "exhaustion_seconds");
	assert_unknown(row(document, "owners", 1), "pid");
	assert_unknown(row(document, "owners", 1), "start_time");
	assert_unknown(row(document, "owners", 1), "process");
	assert_unknown(row(document, "owners", 1), "uid");
	assert_unknown(row(document, "owners", 1), "alive");
	assert_unknown(row(document, "owners", 1), "unit");
	assert_unknown(row(document, "owners", 1), "exe");
	assert_unknown(row(document, "owners", 1), "pod_name");
	assert_unknown(row(document, "owners", 2), "start_time");
	assert_count(row(document, "owners", 0), "uid", 0);
	assert_unknown(row(document, "refusals", 1), "pid");
	assert_unknown(row(document, "refusals", 1), "remote");
	assert_unknown(row(document, "refusals", 1), "remote_port");
	assert_unknown(row(document, "refusals", 1), "saturation");
	assert_unknown(row(document, "alerts", 1), "value");
	assert_unknown(row(document, "alerts", 1), "since");
	json_decref(document);
}

static void kernel_is_an_owner_and_nobody_is_not(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 10);
	json_t *destination = row(document, "destinations", 0);

	(void)state;
	assert_unknown(row(destination, "owners", 1), "pid");
	assert_unknown(row(destination, "owners", 1), "process");
	assert_count(row(destination, "owners", 2), "pid", 0);
	assert_text(row(destination, "owners", 2), "process", "kernel");
	json_decref(document);
}

static void rest_is_summed_so_that_totals_add_up(void **state)
{
	static const char *const counts[] = { "used", "active", "time_wait", "recyclable",
					      "exclusive" };
	static const long long of_destinations[] = { 34, 22, 14, 2, 10 };
	static const long long of_owners[] = { 35, 13, 18, 2, 6 };
	struct view view = sample();

	(void)state;
	for (size_t top = 0; top < 5; top++) {
		json_t *document = encode_parsed(json_snapshot, &view, top);

		assert_int_equal(json_array_size(json_object_get(document, "destinations")),
				 top < 3 ? top + 1 : 3);
		for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
			assert_sum(document, "destinations", counts[i], of_destinations[i]);
			assert_sum(document, "owners", counts[i], of_owners[i]);
		}
		assert_sum(document, "owners", "allocations", 5000000401);
		assert_sum(document, "owners", "refusals", 5);
		assert_sum(document, "pools", "used", 37);
		assert_sum(document, "pools", "size", 28341);
		json_decref(document);
	}
}

static void other_rows_have_the_same_keys_and_null_names(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 1);
	json_t *other = row(document, "destinations", 1);

	(void)state;
	assert_text(other, "remote", "other");
	assert_unknown(other, "netns");
	assert_unknown(other, "protocol");
	assert_unknown(other, "local");
	assert_unknown(other, "remote_port");
	assert_unknown(other, "service");
	assert_unknown(other, "listener");
	assert_unknown(other, "listener_pid");
	assert_unknown(other, "capacity");
	assert_unknown(other, "saturation");
	assert_keys(
		other,
		"netns netns_name protocol local remote remote_port service listener listener_pid first last window capacity used active "
		"time_wait recyclable exclusive saturation exhaustion_seconds owners");
	assert_text(row(other, "owners", 0), "process", "other");
	assert_count(row(other, "owners", 0), "used", 17);

	other = row(document, "owners", 1);
	assert_text(other, "process", "other");
	assert_unknown(other, "pid");
	assert_unknown(other, "netns");
	assert_unknown(other, "alive");
	assert_keys(
		other,
		"pid start_time process uid cgroup unit container pod exe command container_name pod_name pod_namespace alive netns "
		"netns_name protocol used active time_wait recyclable exclusive "
		"allocations refusals");

	other = row(document, "pools", 1);
	assert_text(other, "netns_name", "other");
	assert_unknown(other, "netns");
	assert_unknown(other, "saturation");
	json_decref(document);
}

static void owners_of_a_destination_are_bounded_too(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 1);
	json_t *destination = row(document, "destinations", 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(destination, "owners")), 2);
	assert_text(row(destination, "owners", 1), "process", "other");
	assert_unknown(row(destination, "owners", 1), "pid");
	assert_sum(destination, "owners", "used", 17);
	assert_sum(destination, "owners", "exclusive", 5);
	json_decref(document);
}

static void alerts_and_verdicts_are_never_cut(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_snapshot, &view, 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(document, "alerts")), 2);
	assert_int_equal(json_array_size(json_object_get(document, "verdicts")), 1);
	json_decref(document);
}

static void hostile_names_are_made_printable(void **state)
{
	static const struct view_owner hostile = {
		.pid = 1,
		.process = "a\"\\\n\x01\xff\xc3\xa9",
		.known = true,
		.netns_name = "\xff",
		.cgroup = "/user.slice/\xed\xa0\x80",
		.unit = "\x1b]0;x\x07",
	};
	struct view view = { .owners = &hostile, .owners_count = 1 };
	json_t *document = encode_parsed(json_snapshot, &view, 10);

	(void)state;
	assert_text(row(document, "owners", 0), "process", "a\"\\???\xc3\xa9");
	assert_text(row(document, "owners", 0), "netns_name", "?");
	assert_text(row(document, "owners", 0), "cgroup", "/user.slice/???");
	assert_text(row(document, "owners", 0), "unit", "?]0;x?");
	json_decref(document);
}

static void empty_view_is_a_whole_document(void **state)
{
	struct view view = { 0 };
	json_t *document = encode_parsed(json_snapshot, &view, 10);
	const char *const lists[] = { "pools",    "destinations", "owners",
				      "refusals", "verdicts",     "alerts" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_true(json_is_array(json_object_get(document, lists[i])));
		assert_int_equal(json_array_size(json_object_get(document, lists[i])), 0);
	}
	assert_unknown(document, "time");
	assert_true(
		json_is_false(json_object_get(json_object_get(document, "health"), "complete")));
	json_decref(document);
}

static void document_ends_with_one_newline(void **state)
{
	struct view view = sample();
	char *text = encode_text(json_snapshot, &view, 1);
	size_t n = strlen(text);

	(void)state;
	assert_true(n > 2 && text[n - 1] == '\n' && text[n - 2] == '}');
	free(text);
}

static void alerts_document_is_the_list_alone(void **state)
{
	struct view view = sample();
	json_t *document = encode_parsed(json_alerts, &view, 0);

	(void)state;
	assert_keys(document, "alerts");
	assert_text(row(document, "alerts", 0), "severity", "critical");
	assert_text(row(document, "alerts", 0), "since", "2026-11-22T10:54:18.123Z");
	assert_text(json_object_get(row(document, "alerts", 0), "labels"), "alertname",
		    "DestinationSaturation");
	assert_text(json_object_get(row(document, "alerts", 0), "annotations"), "remedy", "reuse");
	assert_keys(json_object_get(row(document, "alerts", 1), "labels"), "");
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_the_contract),
		cmocka_unit_test(numbers_and_times_are_written_as_promised),
		cmocka_unit_test(unknown_is_null),
		cmocka_unit_test(kernel_is_an_owner_and_nobody_is_not),
		cmocka_unit_test(rest_is_summed_so_that_totals_add_up),
		cmocka_unit_test(other_rows_have_the_same_keys_and_null_names),
		cmocka_unit_test(owners_of_a_destination_are_bounded_too),
		cmocka_unit_test(alerts_and_verdicts_are_never_cut),
		cmocka_unit_test(hostile_names_are_made_printable),
		cmocka_unit_test(empty_view_is_a_whole_document),
		cmocka_unit_test(document_ends_with_one_newline),
		cmocka_unit_test(alerts_document_is_the_list_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
