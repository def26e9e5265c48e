// SPDX-License-Identifier: Apache-2.0
/*
 * The real agent against real sockets, in network namespaces of our own. As root:
 *
 *	build/tests/e2e/e2e [--source NAME] [--without-prometheus] [PATTERN]
 *
 * PATTERN: only scenarios whose names match it, as in "*time_wait*". Exit status: failures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

#define SCENARIOS_MAX 128

struct programme {
	struct CMUnitTest scenarios[SCENARIOS_MAX];
	size_t count;
};

static void add(struct programme *programme, const struct CMUnitTest *suite, size_t count)
{
	for (size_t i = 0; i < count && programme->count < SCENARIOS_MAX; i++)
		programme->scenarios[programme->count++] = suite[i];
}

int main(int argc, char **argv)
{
	struct programme programme = { .count = 0 };
	bool prometheus = true;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--source") && i + 1 < argc)
			setenv("PORTGAUGE_SOURCE", argv[++i], 1);
		else if (!strcmp(argv[i], "--without-prometheus"))
			prometheus = false;
		else
			cmocka_set_test_filter(argv[i]);
	}
	if (geteuid()) {
		fputs("e2e: needs root, for network namespaces and BPF\n", stderr);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	add(&programme, holds_suite, holds_suite_count);
	add(&programme, refusal_suite, refusal_suite_count);
	add(&programme, netns_suite, netns_suite_count);
	add(&programme, command_suite, command_suite_count);
	add(&programme, verify_suite, verify_suite_count);
	if (prometheus)
		add(&programme, prometheus_suite, prometheus_suite_count);
	return _cmocka_run_group_tests("e2e", programme.scenarios, programme.count, NULL, NULL);
}
