// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <unistd.h>

#include <jansson.h>

#include "exporters/json/rows.h"
#include "user/agent.h"
#include "user/host/cgroup.h"
#include "user/commands/advice.h"
#include "user/commands/command.h"
#include "user/host/kallsyms.h"
#include "user/host/kconfig.h"
#include "user/base/log.h"
#include "user/host/netns.h"
#include "user/host/netns_door.h"
#include "user/commands/options.h"
#include "user/host/privilege.h"
#include "user/host/procfs.h"
#include "user/sources/source.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define BTF "/sys/kernel/btf/vmlinux"
#define KALLSYMS "/proc/kallsyms"
#define PARTS_MAX 8
#define LOCKDOWN "/sys/kernel/security/lockdown"

/* What was found out about this host. */
struct diagnosis {
	struct utsname kernel;
	bool btf;
	const char *lockdown; /* NULL: unknown */
	struct kconfig kconfig;
	char *cgroup_root;
	struct privilege privileges[PRIVILEGES_MAX];
	size_t privileges_count;
	struct source_attempt sources[SOURCES_MAX];
	size_t sources_count;
	const char *chosen;                       /* NULL: none works */
	char parts[PARTS_MAX][KALLSYMS_NAME_MAX]; /* of functions that the chosen source hooks */
	size_t parts_count;
	size_t netns_count;
	struct netns_facts facts;
	bool facts_known;
	struct view *view; /* one picture; NULL: none could be taken */
};

static void diagnosis_done(struct diagnosis *diagnosis)
{
	free(diagnosis->cgroup_root);
	view_unref(diagnosis->view);
}

/* Without what all better sources must have, commands take the worst only if it is named. */
static bool is_privileged(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->privileges_count; i++)
		if ((diagnosis->privileges[i].required & PRIVILEGE_BPF) &&
		    !diagnosis->privileges[i].have)
			return false;
	return true;
}

/* Every source is tried, the worse ones too: people ask what they would get. */
static void try_sources(struct diagnosis *diagnosis, const struct options *options)
{
	struct source_config config = {
		.ring_bytes = options->ring_bytes,
		.max_holds = options->max_holds,
		.cgroup_root = diagnosis->cgroup_root,
	};
	const struct source_ops *const *table = source_table();

	for (size_t i = 0; i < SOURCES_MAX && table[i]; i++) {
		struct source_attempt *attempt = &diagnosis->sources[i];
		struct source *source = NULL;

		*attempt = (struct source_attempt){ .ops = table[i], .tried = true };
		attempt->error = table[i]->open(&source, &config, attempt->reason);
		if (attempt->error == 0 && !diagnosis->chosen && is_privileged(diagnosis))
			diagnosis->chosen = table[i]->name;
		table[i]->close(source);
		diagnosis->sources_count++;
	}
}

static void remember_part(void *context, const char *function, const char *part)
{
	struct diagnosis *diagnosis = context;

	(void)function;
	if (diagnosis->parts_count < PARTS_MAX)
		snprintf(diagnosis->parts[diagnosis->parts_count++], KALLSYMS_NAME_MAX, "%s", part);
}

static void find_parts(struct diagnosis *diagnosis)
{
	CLEANUP(file_closep) FILE *file = fopen(KALLSYMS, "re");
	const struct source_ops *const *table = source_table();

	for (size_t i = 0; file && diagnosis->chosen && table[i]; i++)
		if (!strcmp(table[i]->name, diagnosis->chosen) && table[i]->hooks)
			kallsyms_find_parts(file, table[i]->hooks, remember_part, diagnosis);
}

/* What a look at all ports tells, without the history that a running agent has. */
static void take_picture(struct diagnosis *diagnosis, const struct options *options)
{
	struct agent_config config = options_agent(options);
	struct agent *agent = NULL;

	if (!diagnosis->chosen)
		return;
	config.source = diagnosis->chosen;
	if (agent_open(&agent, &config) < 0)
		return;
	agent_view(agent, &diagnosis->view);
	agent_close(agent);
}

static void examine(struct diagnosis *diagnosis, const struct options *options)
{
	struct netns_list list;
	char line[128];

	uname(&diagnosis->kernel);
	diagnosis->btf = access(BTF, R_OK) == 0;
	kconfig_read(&diagnosis->kconfig, diagnosis->kernel.release);
	diagnosis->lockdown = advice_lockdown(
		procfs_read(LOCKDOWN, line, sizeof(line)) < 0 ? NULL : line, &diagnosis->kconfig);
	cgroup_find_root(&diagnosis->cgroup_root, "/proc/self/mountinfo");
	diagnosis->privileges_count = privilege_list(diagnosis->privileges);
	if (netns_scan(&list, "/proc") == 0) {
		diagnosis->netns_count = list.count;
		netns_list_done(&list);
	}
	diagnosis->facts_known = netns_door_own_facts(&diagnosis->facts) == 0;
	try_sources(diagnosis, options);
	find_parts(diagnosis);
	take_picture(diagnosis, options);
}

static struct advice advise(const struct diagnosis *diagnosis, const struct source_attempt *attempt)
{
	struct advice advice;

	advice_give(&advice, attempt,
		    &(struct advice_facts){
			    .btf = diagnosis->btf,
			    .cgroup2 = diagnosis->cgroup_root,
			    .lockdown = diagnosis->lockdown,
			    .kconfig = &diagnosis->kconfig,
			    .privileges = diagnosis->privileges,
			    .privileges_count = diagnosis->privileges_count,
		    });
	return advice;
}

static void print_failure(const struct diagnosis *diagnosis, const struct source_attempt *attempt)
{
	struct advice advice = advise(diagnosis, attempt);

	printf("  %-11s no: %s\n", attempt->ops->name, attempt->reason);
	if (advice.missing[0])
		printf("  %-11s missing: %s\n  %-11s fix: %s\n", "", advice.missing, "",
		       advice.fix);
}

static void print_source(const struct diagnosis *diagnosis, const struct source_attempt *attempt)
{
	const char *name = attempt->ops->name;

	if (attempt->error)
		print_failure(diagnosis, attempt);
	else
		printf("  %-11s %s: %s\n", name,
		       diagnosis->chosen && !strcmp(diagnosis->chosen, name) ? "chosen" : "works",
		       attempt->ops->sees);
}

/* Their words are printable: user/core/verdict_text.c makes them. */
static void print_verdicts(const struct view *view)
{
	if (!view)
		return;
	puts("\nverdicts, of one picture; a running agent knows more");
	if (!view->verdicts_count)
		puts("  none");
	for (size_t i = 0; i < view->verdicts_count; i++) {
		const struct view_verdict *v = &view->verdicts[i];

		printf("  %s %s: %s\n    %s\n    Remedy: %s\n", view_severity_name(v->severity),
		       v->verdict, v->subject, v->text, v->remedy);
	}
}

static void print_text(const struct diagnosis *diagnosis)
{
	printf("kernel        %s (%s)\n", diagnosis->kernel.release, diagnosis->kernel.machine);
	printf("BTF           %s\n",
	       diagnosis->btf
		       ? BTF
		       : "missing: the kernel needs CONFIG_DEBUG_INFO_BTF for any BPF source");
	printf("lockdown      %s\n", diagnosis->lockdown ? diagnosis->lockdown : "unknown");
	printf("cgroup v2     %s\n", diagnosis->cgroup_root
					     ? diagnosis->cgroup_root
					     : "not mounted: the tracepoint source needs it");
	printf("namespaces    %zu\n", diagnosis->netns_count);
	if (diagnosis->facts_known)
		printf("range here    %u-%u\n", diagnosis->facts.first, diagnosis->facts.last);
	puts("\nprivileges");
	for (size_t i = 0; i < diagnosis->privileges_count; i++)
		printf("  %-19s %-4s %s\n", diagnosis->privileges[i].name,
		       diagnosis->privileges[i].have ? "yes" : "NO",
		       diagnosis->privileges[i].needed_for);
	puts("\nsources, best first");
	for (size_t i = 0; i < diagnosis->sources_count; i++)
		print_source(diagnosis, &diagnosis->sources[i]);
	for (size_t i = 0; i < diagnosis->parts_count; i++)
		printf("warning: the compiler split %s off a function that %s hooks; what calls it "
		       "directly comes with the next reconcile\n",
		       diagnosis->parts[i], diagnosis->chosen);
	if (!diagnosis->chosen && !is_privileged(diagnosis))
		puts("\nprivileges are missing: see \"NO\" above; --source diag does without them, and "
		     "sees less");
	else if (!diagnosis->chosen)
		puts("\nno source works here: mend what stands behind \"no\" above");
	print_verdicts(diagnosis->view);
}

static json_t *json_privileges(const struct diagnosis *diagnosis)
{
	json_t *object = json_object();

	for (size_t i = 0; i < diagnosis->privileges_count; i++)
		json_object_set_new(object, diagnosis->privileges[i].name,
				    json_boolean(diagnosis->privileges[i].have));
	return object;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static json_t *json_sources(const struct diagnosis *diagnosis)
{
	json_t *array = json_array();

	for (size_t i = 0; i < diagnosis->sources_count; i++) {
		const struct source_attempt *attempt = &diagnosis->sources[i];
		struct advice advice = advise(diagnosis, attempt);

		json_array_append_new(
			array,
			json_pack("{s:s, s:b, s:s, s:s?, s:s?, s:s?}", "source", attempt->ops->name,
				  "works", attempt->error == 0, "sees", attempt->ops->sees,
				  "reason", attempt->error ? attempt->reason : NULL, "missing",
				  or_null(advice.missing), "fix", or_null(advice.fix)));
	}
	return array;
}

static json_t *json_parts(const struct diagnosis *diagnosis)
{
	json_t *array = json_array();

	for (size_t i = 0; i < diagnosis->parts_count; i++)
		json_array_append_new(array, json_string(diagnosis->parts[i]));
	return array;
}

static void print_json(const struct diagnosis *diagnosis)
{
	json_t *root =
		json_pack("{s:i, s:s, s:s, s:b, s:s?, s:s?, s:I}", "version", 1, "kernel",
			  diagnosis->kernel.release, "machine", diagnosis->kernel.machine, "btf",
			  diagnosis->btf, "lockdown", diagnosis->lockdown, "cgroup_root",
			  diagnosis->cgroup_root, "namespaces", (json_int_t)diagnosis->netns_count);

	json_object_set_new(root, "range",
			    diagnosis->facts_known ? json_pack("[i, i]", diagnosis->facts.first,
							       diagnosis->facts.last)
						   : json_null());
	json_object_set_new(root, "privileges", json_privileges(diagnosis));
	json_object_set_new(root, "sources", json_sources(diagnosis));
	json_object_set_new(root, "split_functions", json_parts(diagnosis));
	json_object_set_new(root, "verdicts",
			    diagnosis->view ? rows_verdicts(diagnosis->view) : json_null());
	json_object_set_new(root, "source",
			    diagnosis->chosen ? json_string(diagnosis->chosen) : json_null());
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

int cmd_doctor(int argc, char **argv)
{
	CLEANUP(diagnosis_done) struct diagnosis diagnosis = { 0 };
	struct options options;

	if (options_parse(&options, argc, argv, OPTIONS_SOURCE | OPTIONS_JSON,
			  "Tells what this kernel and these privileges allow.") < 0)
		return EX_USAGE;
	examine(&diagnosis, &options);
	if (options.json)
		print_json(&diagnosis);
	else
		print_text(&diagnosis);
	return diagnosis.chosen ? EXIT_SUCCESS : EXIT_FAILURE;
}
