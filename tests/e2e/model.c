// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "process.h"
#include "review.h"
#include "user/base/clock.h"
#include "user/base/text.h"
#include "user/base/util.h"
#include "watch.h"

#define NEVER_S 86400
#define NS_PER_MS 1000000ULL
#define EXACT_MS 6000 /* how long to wait for what should come by itself */
#define LATE_MS 300   /* the same where it should not */
#define RECONCILED_MS 4000
#define GONE_S 20
#define TRIES_MAX 4
#define POLL_US 50000

enum source { SOURCE_FENTRY, SOURCE_KPROBE, SOURCE_TRACEPOINT, SOURCE_DIAG };

struct bench {
	const char *source_wanted;
	const char *results;
	struct watch *watch;
	char source_name[32];
	enum source source;
	double reconciliations; /* those we know of */
	struct review review;   /* of the state in which the last case left the agent */
	const char *reviewed;   /* that case */
	unsigned int turn;      /* counts cases, for names of namespaces */
	uint32_t previous;      /* inode of the last case's namespace */
	struct model model;
};

/* --- the bench ------------------------------------------------------------------------------- */

struct bench *bench_new(const char *source, const char *results)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return NULL;
	bench->source_wanted = source;
	bench->results = results;
	return bench;
}

/* What verify said of the case before; NULL: nothing differs. */
static const char *review_result(struct bench *bench, char reply[REVIEW_REPLY_MAX])
{
	return review_end(&bench->review, bench->watch, reply) ? reply : NULL;
}

int bench_free(struct bench *bench)
{
	char reply[REVIEW_REPLY_MAX];
	bool differs = review_result(bench, reply);
	int status = watch_stop(bench->watch);

	if (differs)
		print_error("portgauge verify after \"%s\": %s\n", bench->reviewed, reply);
	free(bench);
	return differs ? EXIT_FAILURE : status;
}

static enum source source_from(const char *name)
{
	static const char *const names[] = {
		[SOURCE_FENTRY] = "fentry",
		[SOURCE_KPROBE] = "kprobe",
		[SOURCE_TRACEPOINT] = "tracepoint",
		[SOURCE_DIAG] = "diag",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return (enum source)i;
	fail_msg("the tables of scenarios do not know source '%s'", name);
	return SOURCE_DIAG;
}

static double reconciliations(const json_t *snapshot)
{
	return number(json_object_get(snapshot, "health"), "reconciliations");
}

static void bench_start(struct bench *bench)
{
	struct watch_plan plan = { .source = bench->source_wanted, .reconcile_s = NEVER_S };
	json_t *snapshot;

	bench->watch = watch_start(&plan);
	bench->previous = 0;
	snapshot = watch_snapshot(bench->watch);
	snprintf(bench->source_name, sizeof(bench->source_name), "%s", text(snapshot, "source"));
	bench->source = source_from(bench->source_name);
	bench->reconciliations = reconciliations(snapshot);
	json_decref(snapshot);
}

/* A case may have ended the agent; the next one gets another. */
static void bench_ready(struct bench *bench)
{
	if (bench->watch && !program_runs(watch_pid(bench->watch))) {
		watch_stop(bench->watch);
		bench->watch = NULL;
	}
	if (!bench->watch)
		bench_start(bench);
}

/* --- what the agent says --------------------------------------------------------------------- */

static uint64_t deadline_in_ms(uint64_t ms)
{
	return clock_ns(CLOCK_MONOTONIC) + ms * NS_PER_MS;
}

/* A snapshot that was made after now, for which the signal asks. */
static json_t *ask(const struct bench *bench, int signal)
{
	uint64_t deadline = deadline_in(GONE_S);
	char now[TEXT_TIME_MAX];
	json_t *snapshot;

	text_time(now, clock_ns(CLOCK_REALTIME));
	usleep(1000); /* as exact as its time is */
	kill(watch_pid(bench->watch), signal);
	for (;;) {
		snapshot = watch_snapshot(bench->watch);
		if (strcmp(text(snapshot, "time"), now) > 0)
			return snapshot;
		json_decref(snapshot);
		if (clock_ns(CLOCK_MONOTONIC) > deadline)
			fail_msg("the agent does not heed signal %d", signal);
		usleep(1000);
	}
}

/* Notes a reconcile that we did not ask for. */
static json_t *look(struct model *model)
{
	struct bench *bench = model->bench;
	json_t *snapshot = ask(bench, SIGUSR2);

	if (reconciliations(snapshot) > bench->reconciliations) {
		bench->reconciliations = reconciliations(snapshot);
		model->disturbed = true;
	}
	return snapshot;
}

void model_reconcile(struct model *model)
{
	struct bench *bench = model->bench;
	double before = bench->reconciliations;
	json_t *snapshot = ask(bench, SIGUSR1);

	while (reconciliations(snapshot) <= before) {
		json_decref(snapshot);
		snapshot = ask(bench, SIGUSR2);
	}
	bench->reconciliations = reconciliations(snapshot);
	json_decref(snapshot);
}

static bool holds_within(struct model *model, const struct claim *claims, size_t count, uint64_t ms,
			 char reply[CLAIM_REPLY_MAX])
{
	struct scope scope = { model->netns, model->since };
	uint64_t deadline = deadline_in_ms(ms);

	for (;;) {
		json_t *snapshot = look(model);
		bool hold = claims_hold(snapshot, &scope, claims, count, reply);

		json_decref(snapshot);
		if (hold || clock_ns(CLOCK_MONOTONIC) > deadline)
			return hold;
		usleep(POLL_US);
	}
}

/* --- classes --------------------------------------------------------------------------------- */

static const char *class_name(enum case_class reached)
{
	switch (reached) {
	case CLASS_EXACT:
		return "exact";
	case CLASS_RECONCILE:
		return "reconcile";
	default:
		return "invisible";
	}
}

static enum case_class usual_class(const struct model *model)
{
	return model->bench->source == SOURCE_DIAG ? CLASS_RECONCILE : CLASS_EXACT;
}

/* It may take a walk through the kernel's BTF, so it is asked once a case. */
static const char *diag_lacks(const struct model_case *plan, enum source source)
{
	return source == SOURCE_DIAG && plan->diag_lacks ? plan->diag_lacks() : NULL;
}

static enum case_class expected_class(const struct model *model)
{
	const struct model_case *plan = model->plan;
	const enum case_class stated[] = {
		[SOURCE_FENTRY] = plan->fentry,
		[SOURCE_KPROBE] = plan->kprobe,
		[SOURCE_TRACEPOINT] = plan->tracepoint,
		[SOURCE_DIAG] = model->lacks ? CLASS_INVISIBLE : plan->diag,
	};
	enum case_class reached = stated[model->bench->source];

	return reached ? reached : usual_class(model);
}

/* Why the class is not the usual; NULL: it is, or nobody says. */
static const char *why_unusual(const struct model *model)
{
	const struct model_case *plan = model->plan;

	if (model->seen == usual_class(model))
		return NULL;
	if (model->lacks)
		return model->lacks;
	return model->bench->source == SOURCE_DIAG && plan->diag_why ? plan->diag_why : plan->why;
}

/* How long to wait for a class, and not long for one that should not be reached. */
static uint64_t patience_ms(const struct model *model, enum case_class reached)
{
	if (expected_class(model) > reached)
		return LATE_MS;
	return reached == CLASS_EXACT ? EXACT_MS : RECONCILED_MS;
}

/* reply: what is wrong at once, or in the end. */
static enum case_class judge(struct model *model, const struct claim *claims, size_t count,
			     char reply[CLAIM_REPLY_MAX])
{
	char after[CLAIM_REPLY_MAX];

	if (holds_within(model, claims, count, patience_ms(model, CLASS_EXACT), reply))
		return CLASS_EXACT;
	model_reconcile(model);
	if (holds_within(model, claims, count, patience_ms(model, CLASS_RECONCILE), after))
		return CLASS_RECONCILE;
	strcpy(reply, after);
	return CLASS_INVISIBLE;
}

/* All rows about the namespace, one a line. */
static void show(struct model *model)
{
	json_t *snapshot = look(model);
	const char *section;
	json_t *rows;
	json_t *row;
	size_t i;

	json_object_foreach(snapshot, section, rows)
		json_array_foreach(rows, i, row)
			if (number(row, "netns") == model->netns) {
				char *line = json_dumps(row, JSON_COMPACT);

				print_message("# %s %s\n", section, line);
				free(line);
			}
	json_decref(snapshot);
}

static void complain(struct model *model, enum case_class reached, const char *reply, int line)
{
	show(model);
	fail_msg("line %d: %s instead of %s: %s", line, class_name(reached),
		 class_name(expected_class(model)), reply);
}

static double skipped_programs(struct model *model)
{
	json_t *snapshot = look(model);
	double skipped =
		number(json_object_get(json_object_get(snapshot, "health"), "lost"), "recursion");

	json_decref(snapshot);
	return skipped;
}

/* Where something stays invisible, all that follows may be wrong too. */
void model_expect(struct model *model, const struct claim *claims, size_t count, int line)
{
	char at_once[CLAIM_REPLY_MAX] = "";
	enum case_class reached;

	if (model->seen == CLASS_INVISIBLE)
		return;
	reached = judge(model, claims, count, at_once);
	if (reached > model->seen)
		model->seen = reached;
	if (reached <= expected_class(model) || model->disturbed)
		return;
	if (skipped_programs(model) > model->skipped)
		model->disturbed = true; /* and the agent has yet to look */
	else
		complain(model, reached, at_once, line);
}

void model_expect_in(struct model *model, const char *name, const struct claim *claims,
		     size_t count, int line)
{
	uint32_t clients = model->netns;

	model->netns = space_inode(name);
	model_expect(model, claims, count, line);
	model->netns = clients;
}

/* --- a case ---------------------------------------------------------------------------------- */

static void model_begin(struct model *model)
{
	struct bench *bench = model->bench;
	char before[32];

	snprintf(before, sizeof(before), "pg-clients-%u", bench->turn % 2);
	bench->turn++;
	snprintf(model->clients, sizeof(model->clients), "pg-clients-%u", bench->turn % 2);
	snprintf(model->servers, sizeof(model->servers), "pg-servers-%u", bench->turn % 2);
	bench_ready(bench);
	text_time(model->since, clock_ns(CLOCK_REALTIME));
	/* Made before the last one goes, lest it get the same inode. */
	space_add(model->clients, MODEL_FIRST, MODEL_LAST);
	model->netns = space_inode(model->clients);
	if (space_exists(before))
		space_delete(before);
	model->seen = CLASS_EXACT;
	model->skipped = skipped_programs(model);
}

static void stop_all(struct model *model)
{
	while (model->actors_count)
		actor_stop(model->actors[--model->actors_count]);
	if (model->joined)
		space_delete(model->servers);
	model->joined = false;
}

/* How many ports the kernel itself still sees in use inside the pools; all have one range. */
static double kernel_ports(const struct model *model, const json_t *snapshot, const char *protocol)
{
	json_t *pool = pool_row(snapshot, model->netns, protocol);

	if (!pool)
		return 0;
	return space_ports(model->clients, protocol, (uint16_t)number(pool, "first"),
			   (uint16_t)number(pool, "last"));
}

static double agent_ports(const struct model *model, const json_t *snapshot, const char *protocol)
{
	double used = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "pools"), i, row)
		if (number(row, "netns") == model->netns &&
		    !strcmp(text(row, "protocol"), protocol))
			used += number(row, "used");
	return used;
}

static bool nothing_is_left(const struct model *model, const json_t *snapshot)
{
	static const char *const protocols[] = { "tcp", "udp" };

	for (size_t i = 0; space_exists(model->clients) && i < ARRAY_SIZE(protocols); i++)
		if (agent_ports(model, snapshot, protocols[i]) !=
		    kernel_ports(model, snapshot, protocols[i]))
			return false;
	return space_exists(model->clients) || claims_nothing_known(snapshot, model->netns);
}

static bool previous_is_gone(const struct model *model, const json_t *snapshot)
{
	uint32_t previous = model->bench->previous;

	return !previous || previous == model->netns || claims_nothing_known(snapshot, previous);
}

static void wait_until(struct model *model,
		       bool (*condition)(const struct model *model, const json_t *snapshot),
		       bool insist, const char *what)
{
	uint64_t deadline = deadline_in(insist ? GONE_S : RECONCILED_MS / 1000);

	for (;;) {
		json_t *snapshot = look(model);
		bool holds = condition(model, snapshot);

		if (!holds)
			wait_or_fail(deadline, what, snapshot);
		json_decref(snapshot);
		if (holds)
			return;
		if (insist)
			model_reconcile(model);
	}
}

/* The last case must have left nothing that verify finds; and it looks at this one. */
static void verify(struct model *model)
{
	struct bench *bench = model->bench;
	char reply[REVIEW_REPLY_MAX];
	bool differs = review_result(bench, reply);
	json_t *snapshot = ask(bench, SIGUSR2);

	bench->reconciliations = reconciliations(snapshot);
	json_decref(snapshot);
	review_start(&bench->review, bench->watch);
	if (differs)
		fail_msg("portgauge verify after \"%s\": %s", bench->reviewed, reply);
	bench->reviewed = model->plan->name;
}

/* When all sockets are closed the agent has what the kernel has, after one look; and nothing of
 * the namespace of the case before, which is gone by now. */
static void model_end(struct model *model)
{
	struct bench *bench = model->bench;

	stop_all(model);
	model_reconcile(model);
	wait_until(model, nothing_is_left, !space_exists(model->clients),
		   "after the last socket closed the agent has what the kernel has");
	wait_until(model, previous_is_gone, true, "the last case's namespace is forgotten");
	verify(model);
	bench->previous = model->netns;
}

static void record(const struct model *model, const char *how, const char *why)
{
	const struct bench *bench = model->bench;
	struct utsname kernel;
	FILE *file;

	if (!bench->results)
		return;
	file = fopen(bench->results, "ae");
	assert_non_null(file);
	uname(&kernel);
	fprintf(file, "%s\t%s\t%s\t%s\t%s\n", kernel.release, bench->source_name, model->plan->name,
		how, why ? why : "");
	assert_int_equal(fclose(file), 0);
}

/* Once more when the agent reconciled by itself: it skipped a program, and mended what it may have
 * missed; but then "at once" is not proven. */
static void run(struct model *model)
{
	for (int try = 1; try <= TRIES_MAX; try++) {
		model->disturbed = false;
		model_begin(model);
		model->plan->play(model);
		model_end(model);
		if (!model->disturbed)
			return;
		print_message("# the kernel skipped a program, and the agent looked: once more\n");
	}
	fail_msg("the agent reconciled by itself each of %d times", TRIES_MAX);
}

/* Better than the table says may be chance: the agent looked for another reason, a namespace that
 * had just come or gone. Always better is a table that is wrong. */
static void run_until_usual(struct model *model)
{
	for (int try = 1; try <= TRIES_MAX; try++) {
		run(model);
		if (model->seen >= expected_class(model))
			return;
		print_message("# %s, which is better than %s: once more\n", class_name(model->seen),
			      class_name(expected_class(model)));
	}
	fail_msg("%s, which is better than %s: mend the table", class_name(model->seen),
		 class_name(expected_class(model)));
}

static void test(void **state)
{
	struct model_entry *entry = *state;
	struct bench *bench = entry->bench;
	struct model *model = &bench->model;
	const char *lacks;

	*model = (struct model){ .plan = entry->plan, .bench = bench };
	bench_ready(bench);
	lacks = model->plan->lacks ? model->plan->lacks() : NULL;
	if (lacks) {
		print_message("# %s: not on this kernel: %s\n", model->plan->name, lacks);
		record(model, "absent", lacks);
		model->plan = NULL;
		return;
	}
	model->lacks = diag_lacks(model->plan, bench->source);
	run_until_usual(model);
	if (model->seen != usual_class(model) && !why_unusual(model))
		fail_msg("%s, which is not the usual: say why", class_name(model->seen));
	record(model, class_name(model->seen), why_unusual(model));
	model->plan = NULL;
}

/* Of a test that ended before its end. */
static int clean_up(void **state)
{
	struct model_entry *entry = *state;
	struct model *model = &entry->bench->model;

	if (model->plan) {
		record(model, "failed", NULL);
		model->bench->previous = 0;
	}
	stop_all(model);
	return 0;
}

struct CMUnitTest model_test(struct model_entry *entry)
{
	return (struct CMUnitTest){ entry->plan->name, test, NULL, clean_up, entry };
}
