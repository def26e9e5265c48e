// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporters/prometheus/process.h"
#include "tests/unit/metrics_text.h"
#include "tests/unit/scratch.h"

static char *encode_process(const char *self)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	prometheus_process(out, SAMPLE_TEXT, self);
	fclose(out);
	return text;
}

static void process_metrics_come_from_procfs(void **state)
{
	char path[PATH_MAX];
	char line[128];
	char *text;

	scratch_write(*state, "stat", "cpu 1 2\nbtime 1000\n");
	scratch_write(*state, "self/stat",
		      "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 3 0 500 "
		      "4096000 25 18446744073709551615 1 1\n");
	scratch_write(*state, "self/limits",
		      "Limit  Soft  Hard  Units\nMax open files            1024  "
		      "               4096                 files\n");
	scratch_write(*state, "self/fd/1000", "");
	scratch_write(*state, "self/fd/1001", "");
	scratch_path(path, *state, "self");

	text = encode_process(path);
	snprintf(line, sizeof(line), "process_resident_memory_bytes %ld",
		 25 * sysconf(_SC_PAGESIZE));
	assert_line(text, line);
	assert_line(text, "process_cpu_seconds_total 2");
	assert_line(text, "process_virtual_memory_bytes 4096000");
	assert_line(text, "process_threads 3");
	assert_line(text, "process_start_time_seconds 1005");
	assert_line(text, "process_open_fds 2");
	assert_line(text, "process_max_fds 1024");
	assert_line(text, "# TYPE process_cpu_seconds_total counter");
	free(text);
}

static void process_metrics_leave_out_what_is_unreadable(void **state)
{
	char *text = encode_process("/nonexistent");

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void process_metrics_work_on_this_process(void **state)
{
	char *text = encode_process("/proc/self");

	(void)state;
	assert_true(sum_of(text, "process_threads") >= 1);
	assert_true(sum_of(text, "process_open_fds") >= 3);
	assert_true(sum_of(text, "process_start_time_seconds") > 1e9);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(process_metrics_come_from_procfs),
		cmocka_unit_test(process_metrics_leave_out_what_is_unreadable),
		cmocka_unit_test(process_metrics_work_on_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
