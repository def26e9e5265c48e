// SPDX-License-Identifier: Apache-2.0
/* Both formats of the same view, the bounds that hold in both, and the reference parser's word. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "exporters/prometheus/process.h"
#include "exporters/prometheus/sample.h"
#include "tests/unit/metrics_text.h"
#include "tests/unit/scratch.h"
#include "user/base/util.h"

#define PARSER "tests/tools/parse-openmetrics"
#define NETNS_COUNT 40U
#define NAME_MAX_ 24

static const struct view_limits usual = { .top = 10, .namespaces = 10, .shares = 2 };

/* Takes every line that begins with '#' out. */
static char *samples_of(const char *text)
{
	char *ret = calloc(1, strlen(text) + 1);
	char *end = ret;

	assert_non_null(ret);
	while (*text) {
		size_t n = strcspn(text, "\n") + 1;

		if (*text != '#')
			end = mempcpy(end, text, n);
		text += n;
	}
	return ret;
}

/* --- a host with more of everything than the limits have room for ---------------------------- */

static const char *const hostile[] = {
	"",      "other", "q\"uote",      "back\\slash", "li\ne", "\xff\xfe", "\xc3", "{}=,",
	"a\x01", "a\x02", "\xe2\x80\xae", "# EOF",       "\\n",   "\\\"",     " ",
};

struct crowd {
	char names[NETNS_COUNT][NAME_MAX_];
	struct view_pool pools[2 * NETNS_COUNT];
	struct view_destination destinations[NETNS_COUNT];
	struct view_share shares[ARRAY_SIZE(hostile)];
	struct view_owner owners[NETNS_COUNT * ARRAY_SIZE(hostile)];
	struct view_drift drift[2 * NETNS_COUNT];
	struct view_counter refused[ARRAY_SIZE(hostile)];
	struct view view;
};

static void crowd_shares(struct crowd *crowd)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		struct view_share *s = &crowd->shares[i];
		struct view_counter *r = &crowd->refused[i];

		*s = (struct view_share){
			.pid = (uint32_t)i, .used = 2, .active = 1, .time_wait = 1
		};
		*r = (struct view_counter){ .netns_name = "host",
					    .protocol = IPPROTO_TCP,
					    .path = "connect",
					    .error = EADDRNOTAVAIL,
					    .count = 1 };
		snprintf(s->process, sizeof(s->process), "%s", hostile[i]);
		snprintf(r->process, sizeof(r->process), "%s", hostile[i]);
	}
}

static void crowd_owners(struct crowd *crowd, size_t netns)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		struct view_owner *o = &crowd->owners[netns * ARRAY_SIZE(hostile) + i];

		*o = (struct view_owner){ .known = true,
					  .netns_name = crowd->names[netns],
					  .protocol = IPPROTO_TCP,
					  .unit = hostile[ARRAY_SIZE(hostile) - 1 - i],
					  .used = 1,
					  .active = 1 };
		snprintf(o->process, sizeof(o->process), "%s", hostile[i]);
	}
}

static void crowd_netns(struct crowd *crowd, size_t i)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	snprintf(crowd->names[i], NAME_MAX_, "ns\"%zu", i);
	for (size_t k = 0; k < 2; k++) {
		crowd->pools[2 * i + k] = (struct view_pool){ .netns_name = crowd->names[i],
							      .protocol = protocols[k],
							      .size = 100,
							      .used = 3,
							      .shared = 2,
							      .exclusive = 1,
							      .refused_recently = 1,
							      .saturation = 1.0 / (double)(i + 1),
							      .exhaustion_seconds = (double)i };
		crowd->drift[2 * i + k] = (struct view_drift){ .netns_name = crowd->names[i],
							       .protocol = protocols[k],
							       .ports = 1 };
	}
	crowd->destinations[i] = (struct view_destination){ .netns_name = crowd->names[i],
							    .protocol = IPPROTO_TCP,
							    .remote = { [15] = (uint8_t)i },
							    .used = 2 * ARRAY_SIZE(hostile),
							    .owners = crowd->shares,
							    .owners_count = ARRAY_SIZE(hostile) };
	crowd_owners(crowd, i);
}

static struct crowd *crowd_new(void)
{
	static const double bounds[VIEW_HISTOGRAM_BUCKETS - 1] = { 1e-6,  2.5e-6, 1e-4, 1e-3, 0.5,
								   1,     2,      3,    4,    5,
								   21600, 3e4,    4e4,  5e4,  6e4 };
	static const struct view_histogram search = {
		.protocol = IPPROTO_TCP, .path = "connect", .bounds = bounds, .buckets = { 1, 2, 3 }
	};
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	assert_non_null(crowd);
	crowd_shares(crowd);
	for (size_t i = 0; i < NETNS_COUNT; i++)
		crowd_netns(crowd, i);
	crowd->view = (struct view){
		.time = 1500000000123456789,
		.source = "fentry",
		.kernel = "6.1",
		.version = "1",
		.pools = crowd->pools,
		.pools_count = ARRAY_SIZE(crowd->pools),
		.destinations = crowd->destinations,
		.destinations_count = ARRAY_SIZE(crowd->destinations),
		.owners = crowd->owners,
		.owners_count = ARRAY_SIZE(crowd->owners),
		.refused = crowd->refused,
		.refused_count = ARRAY_SIZE(crowd->refused),
		.searches = &search,
		.searches_count = 1,
		.health = { .drift = crowd->drift, .drift_count = ARRAY_SIZE(crowd->drift) },
	};
	return crowd;
}

/* --- claims ---------------------------------------------------------------------------------- */

static void both_formats_have_the_same_samples(void **state)
{
	struct crowd *crowd = crowd_new();
	char *text = encode_with(prometheus_metrics, &crowd->view, &usual);
	char *open = encode_with(prometheus_openmetrics, &crowd->view, &usual);
	char *text_samples = samples_of(text);
	char *open_samples = samples_of(open);

	(void)state;
	assert_true(strlen(text_samples) > 1000);
	assert_string_equal(text_samples, open_samples);
	free(text_samples);
	free(open_samples);
	free(text);
	free(open);
	free(crowd);
}

static void families_are_described_as_openmetrics_wants(void **state)
{
	struct view view = { .source = "fentry" };
	char *text = encode_with(prometheus_openmetrics, &view, &usual);

	(void)state;
	assert_line(text, "# TYPE portgauge_allocations counter");
	assert_line(text, "# HELP portgauge_allocations Ports taken.");
	assert_line(text, "# TYPE portgauge_build info");
	assert_line(text, "# TYPE portgauge_source info");
	assert_line(text, "portgauge_source_info{source=\"fentry\"} 1");
	assert_line(text, "# TYPE portgauge_port_search_seconds histogram");
	assert_line(text, "# UNIT portgauge_port_search_seconds seconds");
	assert_line(text, "# UNIT portgauge_pool_size_ports ports");
	assert_line(text, "# UNIT portgauge_pool_saturation_ratio ratio");
	assert_null(strstr(text, "# UNIT portgauge_alerts"));
	assert_null(strstr(text, "# UNIT portgauge_pool_recent"));
	assert_non_null(strstr(text, "the rest is process=\\\"other\\\".\n"));
	assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
	free(text);
}

static void the_text_format_knows_no_units_and_infos(void **state)
{
	struct view view = { 0 };
	char *text = encode_with(prometheus_metrics, &view, &usual);

	(void)state;
	assert_line(text, "# TYPE portgauge_allocations_total counter");
	assert_line(text, "# TYPE portgauge_build_info gauge");
	assert_null(strstr(text, "# UNIT"));
	assert_null(strstr(text, "# EOF"));
	assert_non_null(strstr(text, "the rest is process=\"other\".\n"));
	free(text);
}

static void process_metrics_come_in_both_formats(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	prometheus_process(out, SAMPLE_OPENMETRICS, "/proc/self");
	fclose(out);
	assert_line(text, "# TYPE process_cpu_seconds counter");
	assert_line(text, "# UNIT process_cpu_seconds seconds");
	assert_line(text, "# UNIT process_resident_memory_bytes bytes");
	assert_int_equal(count_lines(text, "process_cpu_seconds_total "), 1);
	free(text);
}

static void bounds_are_canonical(void **state)
{
	char text[SAMPLE_BOUND_MAX];

	(void)state;
	assert_string_equal(sample_bound(text, 1), "1.0");
	assert_string_equal(sample_bound(text, 21600), "21600.0");
	assert_string_equal(sample_bound(text, 0.5), "0.5");
	assert_string_equal(sample_bound(text, 0.0001), "0.0001");
	assert_string_equal(sample_bound(text, 1e-6), "1e-06");
	assert_string_equal(sample_bound(text, 2.5e-5), "2.5e-05");
	assert_string_equal(sample_bound(text, HUGE_VAL), "+Inf");
}

static void namespaces_beyond_the_bound_are_summed(void **state)
{
	struct crowd *crowd = crowd_new();
	char *text = encode_with(prometheus_metrics, &crowd->view, &usual);

	(void)state;
	assert_int_equal(count_lines(text, "portgauge_pool_size_ports{"), 2 * (10 + 1));
	assert_true(sum_of(text, "portgauge_pool_size_ports{") == 2 * 100 * NETNS_COUNT);
	assert_true(sum_of(text, "portgauge_pool_used_ports{") == 2 * 3 * NETNS_COUNT);
	assert_true(sum_of(text, "portgauge_pool_recent_refusals{") == 2 * NETNS_COUNT);
	assert_true(sum_of(text, "portgauge_ledger_drift_ports{") == 2 * NETNS_COUNT);
	assert_int_equal(count_lines(text, "portgauge_ledger_drift_ports{"), 2 * (10 + 1));
	assert_line(text, "portgauge_pool_size_ports{netns=\"other\",protocol=\"udp\"} 3000");
	/* of ratios and times, the worst of the others */
	assert_line(
		text,
		"portgauge_pool_saturation_ratio{netns=\"other\",protocol=\"tcp\"} 0.090909091");
	assert_line(text, "portgauge_pool_exhaustion_seconds{netns=\"other\",protocol=\"tcp\"} 10");
	free(text);
	free(crowd);
}

static void assert_sum(const char *text, const char *start, size_t wanted)
{
	assert_true(sum_of(text, start) == (double)wanted);
}

static void a_document_is_bounded_and_adds_up_whatever_the_limits(void **state)
{
	const size_t names = ARRAY_SIZE(hostile);
	struct crowd *crowd = crowd_new();

	(void)state;
	for (size_t n = 0; n < 5; n++) {
		const struct view_limits limits = { .top = n, .namespaces = n, .shares = n };
		char *text = encode_with(prometheus_metrics, &crowd->view, &limits);

		assert_sum(text, "portgauge_owner_used_ports{", NETNS_COUNT * names);
		assert_sum(text, "portgauge_destination_used_ports{", 2 * names * NETNS_COUNT);
		assert_sum(text, "portgauge_destination_owner_used_ports{", n * 2 * names);
		assert_in_range(count_lines(text, "portgauge_owner_used_ports{"), 3,
				3 * (2 * n + 1));
		assert_in_range(count_lines(text, "portgauge_destination_used_ports{"), 1,
				2 * n + 1);
		assert_in_range(count_lines(text, "portgauge_destination_owner_used_ports{"), 0,
				n * 2 * (n + 1));
		assert_series_unique(text);
		free(text);
	}
	free(crowd);
}

static void what_has_no_room_is_counted(void **state)
{
	struct crowd *crowd = crowd_new();
	uint64_t dropped[VIEW_LIST__COUNT] = { 0 };
	char *text;

	(void)state;
	prometheus_count_dropped(dropped, &crowd->view, &usual);
	prometheus_count_dropped(dropped, &crowd->view, &usual);
	assert_int_equal(dropped[VIEW_NAMESPACES], 2 * 30);
	assert_int_equal(dropped[VIEW_DESTINATIONS], 2 * 30);
	/* a pair of names that is written the same way */
	assert_int_equal(dropped[VIEW_SHARES], 20 * (ARRAY_SIZE(hostile) - 1 - 2));
	assert_int_equal(dropped[VIEW_REFUSALS], 0);
	memcpy(crowd->view.series_dropped, dropped, sizeof(dropped));
	text = encode_with(prometheus_metrics, &crowd->view, &usual);
	assert_line(text, "portgauge_series_dropped_total{list=\"namespaces\"} 60");
	assert_line(text, "portgauge_series_dropped_total{list=\"refusals\"} 0");
	free(text);
	free(crowd);
}

/* The parser's exit status; its standard input is the file. */
static int parse(const char *path)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen(path, "r", stdin) || !freopen("/dev/null", "w", stdout))
			_exit(126);
		execl(PARSER, PARSER, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_reference_parser_takes_any_name(void **state)
{
	char path[PATH_MAX];
	struct crowd *crowd = crowd_new();
	FILE *file = fopen(scratch_path(path, *state, "metrics"), "we");

	assert_non_null(file);
	prometheus_process(file, SAMPLE_OPENMETRICS, "/proc/self");
	prometheus_openmetrics(file, &crowd->view, &usual);
	fclose(file);
	assert_int_equal(parse(path), 0);
	free(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_have_the_same_samples),
		cmocka_unit_test(families_are_described_as_openmetrics_wants),
		cmocka_unit_test(the_text_format_knows_no_units_and_infos),
		cmocka_unit_test(process_metrics_come_in_both_formats),
		cmocka_unit_test(bounds_are_canonical),
		cmocka_unit_test(namespaces_beyond_the_bound_are_summed),
		cmocka_unit_test(a_document_is_bounded_and_adds_up_whatever_the_limits),
		cmocka_unit_test(what_has_no_room_is_counted),
		scratch_test(the_reference_parser_takes_any_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
