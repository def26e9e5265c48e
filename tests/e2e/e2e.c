// SPDX-License-Identifier: Apache-2.0
/*
 * The real agent against real sockets, in network namespaces of our own. As root:
 *
 *	build/tests/e2e/e2e [OPTION...] [PATTERN]
 *
 *	--source NAME          rather than the one the agent chooses
 *	--differs-by kernel    without what is the same on each, or wants programs that guests lack
 *	--differs-by source    without what is the same with each source of a kernel, too
 *	--model                only the scenarios of model.h
 *	--model-results FILE   append how each of those was seen
 *	--list-model           print their names and end
 *	--list                 print the names of all and end
 *
 * PATTERN: only scenarios whose names match it, as in "*time_wait*". Exit status: failures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "scenario.h"
#include "user/base/util.h"

#define SCENARIOS_MAX 256
#define MODEL_MAX 256

/* What a suite may find different; the later ones include the earlier. */
enum differs { DIFFERS_NEVER, DIFFERS_BY_KERNEL, DIFFERS_BY_SOURCE };

struct programme {
	const char *results;
	enum differs least;
	bool model_only;
	bool list_model;
	bool list;
	struct CMUnitTest scenarios[SCENARIOS_MAX];
	size_t count;
	struct CMUnitTest model[MODEL_MAX];
	struct model_entry entries[MODEL_MAX];
	size_t model_count;
};

static void add(struct programme *programme, const struct CMUnitTest *suite, size_t count)
{
	assert_true(programme->count + count <= SCENARIOS_MAX);
	for (size_t i = 0; i < count; i++)
		programme->scenarios[programme->count++] = suite[i];
}

static void add_all(struct programme *programme)
{
	static const struct {
		const struct CMUnitTest *cases;
		const size_t *count;
		enum differs differs;
	} suites[] = {
		{ holds_suite, &holds_suite_count, DIFFERS_BY_SOURCE },
		{ refusal_suite, &refusal_suite_count, DIFFERS_BY_SOURCE },
		{ loss_suite, &loss_suite_count, DIFFERS_BY_SOURCE },
		{ tracer_suite, &tracer_suite_count, DIFFERS_BY_KERNEL },
		{ fault_suite, &fault_suite_count, DIFFERS_BY_KERNEL },
		{ verify_suite, &verify_suite_count, DIFFERS_BY_SOURCE },
		{ recording_suite, &recording_suite_count, DIFFERS_BY_SOURCE },
		{ netns_suite, &netns_suite_count, DIFFERS_BY_KERNEL },
		{ command_suite, &command_suite_count, DIFFERS_BY_KERNEL },
		{ diag_suite, &diag_suite_count, DIFFERS_BY_KERNEL },
		{ names_suite, &names_suite_count, DIFFERS_BY_KERNEL },
		{ privilege_suite, &privilege_suite_count, DIFFERS_BY_KERNEL },
		{ usage_suite, &usage_suite_count, DIFFERS_NEVER },
		{ control_suite, &control_suite_count, DIFFERS_NEVER },
		{ record_suite, &record_suite_count, DIFFERS_NEVER },
		{ notify_suite, &notify_suite_count, DIFFERS_NEVER },
		{ config_suite, &config_suite_count, DIFFERS_NEVER },
		{ verdict_suite, &verdict_suite_count, DIFFERS_NEVER },
		{ prometheus_suite, &prometheus_suite_count, DIFFERS_NEVER },
		{ alertmanager_suite, &alertmanager_suite_count, DIFFERS_NEVER },
		{ web_suite, &web_suite_count, DIFFERS_NEVER },
		{ page_suite, &page_suite_count, DIFFERS_NEVER },
		{ top_suite, &top_suite_count, DIFFERS_NEVER },
		{ hostile_suite, &hostile_suite_count, DIFFERS_NEVER },
		{ web_clients_suite, &web_clients_suite_count, DIFFERS_NEVER },
		{ proxy_clients_suite, &proxy_clients_suite_count, DIFFERS_NEVER },
		{ database_clients_suite, &database_clients_suite_count, DIFFERS_NEVER },
		{ mail_clients_suite, &mail_clients_suite_count, DIFFERS_NEVER },
		{ ssh_clients_suite, &ssh_clients_suite_count, DIFFERS_NEVER },
		{ ftp_clients_suite, &ftp_clients_suite_count, DIFFERS_NEVER },
		{ dns_clients_suite, &dns_clients_suite_count, DIFFERS_NEVER },
		{ voip_clients_suite, &voip_clients_suite_count, DIFFERS_NEVER },
		{ story_suite, &story_suite_count, DIFFERS_NEVER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (suites[i].differs >= programme->least)
			add(programme, suites[i].cases, *suites[i].count);
}

static void add_model(struct programme *programme, struct bench *bench)
{
	static const struct model_case *const themes[] = {
		model_bind_cases,  model_blocked_cases, model_connect_cases, model_identity_cases,
		model_netns_cases, model_range_cases,   model_refusal_cases, model_timewait_cases,
		model_udp_cases,   model_vrf_cases,
	};

	for (size_t i = 0; i < ARRAY_SIZE(themes); i++)
		for (const struct model_case *plan = themes[i]; plan->name; plan++) {
			struct model_entry *entry = &programme->entries[programme->model_count];

			assert_true(programme->model_count < MODEL_MAX);
			*entry = (struct model_entry){ plan, bench };
			programme->model[programme->model_count++] = model_test(entry);
		}
}

static enum differs differs_by(const char *name)
{
	if (!strcmp(name, "kernel"))
		return DIFFERS_BY_KERNEL;
	return strcmp(name, "source") ? DIFFERS_NEVER : DIFFERS_BY_SOURCE;
}

static void parse(struct programme *programme, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--source") && i + 1 < argc)
			setenv("PORTGAUGE_SOURCE", argv[++i], 1);
		else if (!strcmp(argv[i], "--differs-by") && i + 1 < argc)
			programme->least = differs_by(argv[++i]);
		else if (!strcmp(argv[i], "--model"))
			programme->model_only = true;
		else if (!strcmp(argv[i], "--model-results") && i + 1 < argc)
			programme->results = argv[++i];
		else if (!strcmp(argv[i], "--list-model"))
			programme->list_model = true;
		else if (!strcmp(argv[i], "--list"))
			programme->list = true;
		else
			cmocka_set_test_filter(argv[i]);
	}
}

/* One agent for all of them; how it ends counts as well. */
static int run_model(struct programme *programme)
{
	struct bench *bench = bench_new(getenv("PORTGAUGE_SOURCE"), programme->results);
	int failed;

	add_model(programme, bench);
	failed = _cmocka_run_group_tests("model", programme->model, programme->model_count, NULL,
					 NULL);
	return failed + (bench_free(bench) != 0);
}

static int run_scenarios(struct programme *programme)
{
	add_all(programme);
	return _cmocka_run_group_tests("e2e", programme->scenarios, programme->count, NULL, NULL);
}

static int list(struct programme *programme)
{
	add_model(programme, NULL);
	if (programme->list)
		add_all(programme);
	for (size_t i = 0; i < programme->count; i++)
		puts(programme->scenarios[i].name);
	for (size_t i = 0; i < programme->model_count; i++)
		puts(programme->model[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	struct programme programme = { .count = 0 };
	int failed;

	if (argc == 4 && !strcmp(argv[1], "--actor"))
		actor_resume((int)strtol(argv[2], NULL, 10), argv[3]);
	parse(&programme, argc, argv);
	if (programme.list || programme.list_model)
		return list(&programme);
	if (geteuid()) {
		fputs("e2e: needs root, for network namespaces and BPF\n", stderr);
		return 1;
	}
	if (space_keep_private() < 0) {
		perror("e2e: cannot hide /run");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	failed = run_model(&programme);
	if (!programme.model_only)
		failed += run_scenarios(&programme);
	return failed;
}
