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

#include "exporters/prometheus/label.h"
#include "tests/unit/metrics_text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define V4(d)                                                           \
	{                                                               \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, (d) \
	}

static void pool_metrics_have_every_pool(void **state)
{
	static const struct view_pool pools[] = {
		{ .netns_name = "host",
		  .protocol = IPPROTO_TCP,
		  .size = 28232,
		  .shared = 20,
		  .exclusive = 10,
		  .saturation = 0.25,
		  .worst_destination_saturation = 0.5,
		  .exhaustion_seconds = 90.5 },
		{ .netns_name = "host",
		  .protocol = IPPROTO_UDP,
		  .size = 28232,
		  .exhaustion_seconds = NAN },
	};
	struct view view = { .pools = pools, .pools_count = 2 };
	char *text = encode(&view, 1);

	(void)state;
	assert_line(text, "portgauge_pool_size_ports{netns=\"host\",protocol=\"tcp\"} 28232");
	assert_line(text, "portgauge_pool_size_ports{netns=\"host\",protocol=\"udp\"} 28232");
	assert_line(
		text,
		"portgauge_pool_used_ports{netns=\"host\",protocol=\"tcp\",hold=\"shared\"} 20");
	assert_line(
		text,
		"portgauge_pool_used_ports{netns=\"host\",protocol=\"tcp\",hold=\"exclusive\"} 10");
	assert_line(text, "portgauge_pool_saturation_ratio{netns=\"host\",protocol=\"tcp\"} 0.25");
	assert_line(
		text,
		"portgauge_pool_worst_destination_saturation_ratio{netns=\"host\",protocol=\"tcp\"} 0.5");
	assert_line(text,
		    "portgauge_pool_exhaustion_seconds{netns=\"host\",protocol=\"tcp\"} 90.5");
	free(text);
}

static void nan_leaves_the_sample_out(void **state)
{
	static const struct view_pool pool = { .netns_name = "host",
					       .protocol = IPPROTO_UDP,
					       .saturation = NAN,
					       .exhaustion_seconds = NAN };
	static const struct view_destination destination = { .netns_name = "host",
							     .protocol = IPPROTO_TCP,
							     .saturation = NAN,
							     .exhaustion_seconds = NAN };
	struct view view = { .pools = &pool,
			     .pools_count = 1,
			     .destinations = &destination,
			     .destinations_count = 1 };
	char *text = encode(&view, 10);

	(void)state;
	assert_null(strstr(text, "NaN"));
	assert_null(strstr(text, "exhaustion_seconds{netns"));
	assert_null(strstr(text, "pool_saturation_ratio{"));
	assert_null(strstr(text, "portgauge_destination_saturation_ratio{"));
	assert_non_null(strstr(text, "pool_size_ports{"));
	free(text);
}

static const struct view_destination destinations[] = {
	{ .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .local = V4(1),
	  .remote = V4(2),
	  .remote_port = 5432,
	  .capacity = 28231,
	  .used = 900,
	  .saturation = 0.5 },
	{ .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .local = { 0xfd, [15] = 1 },
	  .remote = { 0xfd, [15] = 2 },
	  .remote_port = 80,
	  .capacity = 28231,
	  .used = 70 },
	{ .netns_name = "pod",
	  .protocol = IPPROTO_TCP,
	  .local = V4(1),
	  .remote = V4(3),
	  .remote_port = 80,
	  .capacity = 28231,
	  .used = 30 },
	{ .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .local = V4(1),
	  .remote = V4(4),
	  .remote_port = 80,
	  .capacity = 28231,
	  .used = 5 },
};

static void destinations_are_labelled_by_address(void **state)
{
	struct view view = { .destinations = destinations, .destinations_count = 4 };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(
		text,
		"portgauge_destination_used_ports{netns=\"host\",protocol=\"tcp\",local=\"10.0.0.1\",remote=\"10.0.0.2\",remote_port=\"5432\"} 900");
	assert_line(
		text,
		"portgauge_destination_capacity_ports{netns=\"host\",protocol=\"tcp\",local=\"fd00::1\",remote=\"fd00::2\",remote_port=\"80\"} 28231");
	assert_line(
		text,
		"portgauge_destination_saturation_ratio{netns=\"host\",protocol=\"tcp\",local=\"10.0.0.1\",remote=\"10.0.0.2\",remote_port=\"5432\"} 0.5");
	assert_null(strstr(text, "remote=\"other\",remote_port"));
	free(text);
}

static void destinations_beyond_top_are_summed_per_pool(void **state)
{
	struct view view = { .destinations = destinations, .destinations_count = 4 };
	char *text = encode(&view, 1);

	(void)state;
	assert_line(
		text,
		"portgauge_destination_used_ports{netns=\"host\",protocol=\"tcp\",local=\"\",remote=\"other\",remote_port=\"\"} 75");
	assert_line(
		text,
		"portgauge_destination_used_ports{netns=\"pod\",protocol=\"tcp\",local=\"\",remote=\"other\",remote_port=\"\"} 30");
	assert_true(sum_of(text, "portgauge_destination_used_ports") == 1005);
	assert_true(sum_of(text, "portgauge_destination_capacity_ports") == 28231);
	free(text);
}

static const struct view_owner owners[] = {
	{ .pid = 1,
	  .process = "web",
	  .known = true,
	  .unit = "web.service",
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 108,
	  .active = 60,
	  .time_wait = 50,
	  .recyclable = 10,
	  .exclusive = 8 },
	{ .pid = 2,
	  .process = "web",
	  .known = true,
	  .unit = "web.service",
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 50,
	  .active = 50 },
	{ .pid = 3,
	  .process = "db",
	  .known = true,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 40,
	  .time_wait = 40 },
	{ .netns_name = "pod", .protocol = IPPROTO_UDP, .used = 6, .exclusive = 6 },
	{ .pid = 4,
	  .process = "other",
	  .known = true,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .used = 3,
	  .active = 3 },
	{ .pid = 5,
	  .process = "idle",
	  .known = true,
	  .netns_name = "host",
	  .protocol = IPPROTO_TCP,
	  .allocations = 9 },
};

static void owners_of_one_name_and_unit_are_one_series(void **state)
{
	struct view view = { .owners = owners, .owners_count = ARRAY_SIZE(owners) };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"tcp\",process=\"web\",unit=\"web.service\",state=\"active\"} 110");
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"tcp\",process=\"web\",unit=\"web.service\",state=\"time_wait\"} 40");
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"tcp\",process=\"web\",unit=\"web.service\",state=\"bound\"} 8");
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"pod\",protocol=\"udp\",process=\"unknown\",unit=\"\",state=\"bound\"} 6");
	assert_null(strstr(text, "idle"));
	free(text);
}

static void owners_add_up_whatever_top_is(void **state)
{
	struct view view = { .owners = owners, .owners_count = ARRAY_SIZE(owners) };

	(void)state;
	for (size_t top = 0; top < 7; top++) {
		char *text = encode(&view, top);

		assert_true(sum_of(text, "portgauge_owner_used_ports") == 207);
		assert_true(sum_of(text, "portgauge_owner_used_ports{netns=\"pod\"") == 6);
		assert_series_unique(text);
		free(text);
	}
}

static void process_named_other_joins_the_rest(void **state)
{
	struct view view = { .owners = owners, .owners_count = ARRAY_SIZE(owners) };
	char *text = encode(&view, 1);

	(void)state;
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"tcp\",process=\"other\",unit=\"\",state=\"active\"} 3");
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"tcp\",process=\"other\",unit=\"\",state=\"time_wait\"} 40");
	free(text);
}

static void many_owners_are_grouped_exactly(void **state)
{
	enum { COUNT = 5000, NAMES = 700 };
	struct view_owner *rows = calloc(COUNT, sizeof(*rows));
	struct view view = { .owners = rows, .owners_count = COUNT };
	char *text;

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < COUNT; i++) {
		rows[i] = (struct view_owner){ .known = true,
					       .netns_name = "host",
					       .used = 1,
					       .active = 1,
					       .protocol = IPPROTO_TCP };
		snprintf(rows[i].process, sizeof(rows[i].process), "p%u", (unsigned int)i % NAMES);
	}
	text = encode(&view, 100);
	assert_true(sum_of(text, "portgauge_owner_used_ports") == COUNT);
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"tcp\",process=\"other\",unit=\"\",state=\"active\"} 4200");
	assert_series_unique(text);
	free(text);
	free(rows);
}

static void escapes_quotes_in_label_values(void **state)
{
	static const struct view_tally lost = { "a\"b\\c\nd\x01\xff\xc3\xa9", 1 };
	struct view view = { .health = { .lost = &lost, .lost_count = 1 } };
	char *text = encode(&view, 10);

	(void)state;
	assert_line(text, "portgauge_events_lost_total{reason=\"a\\\"b\\\\c?d??\xc3\xa9\"} 1");
	free(text);
}

static void names_that_look_alike_are_one_series(void **state)
{
	static const struct view_owner twins[] = {
		{ .process = "a\x01", .known = true, .netns_name = "host", .used = 1, .active = 1 },
		{ .process = "a\xff", .known = true, .netns_name = "host", .used = 2, .active = 2 },
		{ .process = "unknown",
		  .known = true,
		  .netns_name = "host",
		  .used = 4,
		  .active = 4 },
		{ .process = "", .known = false, .netns_name = "host", .used = 8, .active = 8 },
	};
	static const struct view_counter refused[] = {
		{ "host", IPPROTO_TCP, "connect", EADDRNOTAVAIL, "b\n", 1 },
		{ "host", IPPROTO_TCP, "connect", EADDRNOTAVAIL, "b\t", 2 },
		{ "host", IPPROTO_TCP, "connect", EADDRINUSE, "b\t", 4 },
		{ "host", IPPROTO_TCP, "connect", EADDRNOTAVAIL, "", 8 },
	};
	struct view view = {
		.owners = twins, .owners_count = 4, .refused = refused, .refused_count = 4
	};
	char *text = encode(&view, 10);

	(void)state;
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"other\",process=\"a?\",unit=\"\",state=\"active\"} 3");
	assert_line(
		text,
		"portgauge_owner_used_ports{netns=\"host\",protocol=\"other\",process=\"unknown\",unit=\"\",state=\"active\"} 12");
	assert_line(
		text,
		"portgauge_refusals_total{netns=\"host\",protocol=\"tcp\",path=\"connect\",errno=\"EADDRNOTAVAIL\",process=\"b?\"} 3");
	assert_line(
		text,
		"portgauge_refusals_total{netns=\"host\",protocol=\"tcp\",path=\"connect\",errno=\"EADDRINUSE\",process=\"b?\"} 4");
	assert_line(
		text,
		"portgauge_refusals_total{netns=\"host\",protocol=\"tcp\",path=\"connect\",errno=\"EADDRNOTAVAIL\",process=\"unknown\"} 8");
	assert_series_unique(text);
	free(text);
}

static void labels_compare_as_they_are_written(void **state)
{
	(void)state;
	assert_true(label_equal("a\x01", "a\x02"));
	assert_true(label_hash(1, "a\x01") == label_hash(1, "a\x02"));
	assert_true(label_equal("\xc3", "\x80"));
	assert_false(label_equal("\xc3\xa9", "\xc3\xa8"));
	assert_false(label_equal("ab", "abc"));
	assert_true(label_equal(NULL, ""));
	assert_false(label_hash(1, "a") == label_hash(2, "a"));
}

static void refusals_are_never_cut(void **state)
{
	static const struct view_counter refused[] = {
		{ "host", IPPROTO_UDP, "autobind", EAGAIN, "dns", 7 },
		{ "host", IPPROTO_TCP, "bind", 4095, "x", 2 },
	};
	struct view view = { .refused = refused, .refused_count = 2 };
	char *text = encode(&view, 0);

	(void)state;
	assert_line(
		text,
		"portgauge_refusals_total{netns=\"host\",protocol=\"udp\",path=\"autobind\",errno=\"EAGAIN\",process=\"dns\"} 7");
	assert_line(
		text,
		"portgauge_refusals_total{netns=\"host\",protocol=\"tcp\",path=\"bind\",errno=\"E?4095\",process=\"x\"} 2");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_metrics_have_every_pool),
		cmocka_unit_test(nan_leaves_the_sample_out),
		cmocka_unit_test(destinations_are_labelled_by_address),
		cmocka_unit_test(destinations_beyond_top_are_summed_per_pool),
		cmocka_unit_test(owners_of_one_name_and_unit_are_one_series),
		cmocka_unit_test(owners_add_up_whatever_top_is),
		cmocka_unit_test(process_named_other_joins_the_rest),
		cmocka_unit_test(many_owners_are_grouped_exactly),
		cmocka_unit_test(escapes_quotes_in_label_values),
		cmocka_unit_test(names_that_look_alike_are_one_series),
		cmocka_unit_test(labels_compare_as_they_are_written),
		cmocka_unit_test(refusals_are_never_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
