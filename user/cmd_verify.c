// SPDX-License-Identifier: Apache-2.0
/* Takes the readings that verify.h compares: of the kernel by sock_diag, of the agent by its
 * control socket. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "user/clock.h"
#include "user/command.h"
#include "user/control.h"
#include "user/control_client.h"
#include "user/holds_dump.h"
#include "user/log.h"
#include "user/netns.h"
#include "user/options.h"
#include "user/sockdiag.h"
#include "user/util.h"
#include "user/verify.h"
#include "user/verify_report.h"

#define NS_PER_SECOND 1000000000ULL
#define PAUSE_US 250000 /* longer than a task that wants to run is kept waiting */
#define RECONCILE_GRACE_NS (10 * NS_PER_SECOND)
#define READINGS_MAX 5

/* A network namespace and what of it is compared. */
struct place {
	uint32_t netns;
	const struct netns_entry *entry;
	uint16_t first;
	uint16_t last;
	bool unreadable; /* at least once */
};

struct verification {
	const char *control;
	struct netns_list netns;
	struct place *places; /* as many, sorted by netns */
	bool shows_bound;
	struct verify_reading kernel[READINGS_MAX];
	struct verify_reading ledger[READINGS_MAX];
	struct holds_dump_header header; /* of the newest dump */
	size_t unread_holds;             /* of the newest dump */
	struct verify_list found;
	struct verify_sum *sums; /* two a place */
	int error;               /* of the first namespace that could not be read */
};

static void verification_done(struct verification *self)
{
	for (size_t i = 0; i < READINGS_MAX; i++) {
		verify_reading_done(&self->kernel[i]);
		verify_reading_done(&self->ledger[i]);
	}
	verify_list_done(&self->found);
	netns_list_done(&self->netns);
	free(self->places);
	free(self->sums);
}

/* --- places ---------------------------------------------------------------------------------- */

static int compare_places(const void *first, const void *second)
{
	const struct place *a = first;
	const struct place *b = second;

	return (a->netns > b->netns) - (a->netns < b->netns);
}

static struct place *find_place(const struct verification *self, uint32_t netns)
{
	const struct place key = { .netns = netns };

	return bsearch(&key, self->places, self->netns.count, sizeof(key), compare_places);
}

static int read_range(void *context)
{
	struct place *place = context;
	struct netns_facts facts = { 0 };
	int r = netns_read_facts(&facts);

	place->first = facts.first;
	place->last = facts.last;
	return r;
}

static int find_places(struct verification *self)
{
	int r = netns_scan(&self->netns, "/proc");

	if (r < 0)
		return r;
	self->places = calloc(self->netns.count ? self->netns.count : 1, sizeof(*self->places));
	self->sums = calloc(self->netns.count ? self->netns.count * 2 : 1, sizeof(*self->sums));
	if (!self->places || !self->sums)
		return -ENOMEM;
	for (size_t i = 0; i < self->netns.count; i++) {
		struct place *place = &self->places[i];

		place->entry = &self->netns.entries[i];
		place->netns = place->entry->inode;
		place->unreadable = netns_visit(place->entry, read_range, place) < 0;
	}
	qsort(self->places, self->netns.count, sizeof(*self->places), compare_places);
	return 0;
}

/* --- the kernel ------------------------------------------------------------------------------ */

struct visit {
	struct verify_reading *reading;
	const struct place *place;
	bool *shows_bound;
};

static int add_object(void *context, const struct sockdiag_record *record)
{
	struct visit *visit = context;

	if (record->protocol == IPPROTO_TCP && record->state == SOCKDIAG_CLOSE)
		*visit->shows_bound = true;
	return verify_add_object(visit->reading, record);
}

static int read_place(void *context)
{
	struct visit *visit = context;
	struct sockdiag_query query = {
		.netns = visit->place->netns,
		.protocol = IPPROTO_TCP,
		.first = visit->place->first,
		.last = visit->place->last,
	};
	int r = sockdiag_read(&query, add_object, visit);

	query.protocol = IPPROTO_UDP;
	return r < 0 ? r : sockdiag_read(&query, add_object, visit);
}

/* A namespace that could not be read once is left out of all comparisons. */
static int read_kernel(struct verification *self, size_t index)
{
	struct verify_reading *reading = &self->kernel[index];

	reading->side = VERIFY_KERNEL;
	for (size_t i = 0; i < self->netns.count; i++) {
		struct place *place = &self->places[i];
		struct visit visit = { reading, place, &self->shows_bound };
		int r;

		if (place->unreadable)
			continue;
		r = netns_visit(place->entry, read_place, &visit);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && !self->error)
			self->error = r;
		place->unreadable = r < 0;
	}
	verify_sort(reading);
	return 0;
}

/* --- the agent ------------------------------------------------------------------------------- */

static int fetch(struct verification *self, struct holds_dump *ret)
{
	int r = control_fetch(ret, self->control);

	if (r < 0)
		return r;
	self->header = ret->header;
	return 0;
}

static int keep_dump(struct verification *self, size_t index, const struct holds_dump *dump)
{
	struct verify_reading *reading = &self->ledger[index];
	int r = 0;

	reading->side = VERIFY_LEDGER;
	self->unread_holds = 0;
	for (size_t i = 0; i < dump->count && r == 0; i++) {
		const struct abi_tuple *tuple = &dump->records[i].tuple;
		const struct place *place = find_place(self, tuple->netns);

		if (!place || place->unreadable)
			self->unread_holds++;
		else if (tuple->port >= place->first && tuple->port <= place->last)
			r = verify_add_hold(reading, &dump->records[i]);
	}
	verify_sort(reading);
	return r;
}

static int read_ledger(struct verification *self, size_t index)
{
	CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
	int r = fetch(self, &dump);

	return r < 0 ? r : keep_dump(self, index, &dump);
}

/* The first dump after a reconcile that began after the given time. */
static int read_ledger_reconciled(struct verification *self, size_t index, uint64_t since_ns)
{
	uint64_t interval_ns = self->header.reconcile_ns;
	uint64_t deadline_ns = since_ns + 2 * interval_ns + RECONCILE_GRACE_NS;

	for (;;) {
		CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
		int r = fetch(self, &dump);

		if (r < 0)
			return r;
		if (dump.header.reconcile_began_ns > since_ns)
			return keep_dump(self, index, &dump);
		if (clock_ns(CLOCK_MONOTONIC) > deadline_ns)
			return -ETIME;
		usleep((useconds_t)(PAUSE_US + interval_ns / 20000));
	}
}

/* --- comparing ------------------------------------------------------------------------------- */

/* Which readings make the sandwiches of one look: kernel, ledger, kernel; ledger, kernel, ledger.
 */
struct look {
	uint8_t kernel_before, ledger_between, kernel_after;
	uint8_t ledger_before, kernel_between, ledger_after;
};

static int judge(const struct verification *self, struct verify_list *ret, const struct look *look)
{
	int r = verify_sandwich(ret, &self->kernel[look->kernel_before],
				&self->ledger[look->ledger_between],
				&self->kernel[look->kernel_after], self->shows_bound);

	if (r < 0)
		return r;
	return verify_sandwich(ret, &self->ledger[look->ledger_before],
			       &self->kernel[look->kernel_between],
			       &self->ledger[look->ledger_after], self->shows_bound);
}

/* Appends what both looks show. */
static int judge_twice(const struct verification *self, struct verify_list *ret,
		       const struct look looks[2])
{
	CLEANUP(verify_list_done) struct verify_list first = { 0 };
	CLEANUP(verify_list_done) struct verify_list second = { 0 };
	int r = judge(self, &first, &looks[0]);

	if (r == 0)
		r = judge(self, &second, &looks[1]);
	return r < 0 ? r : verify_persist(ret, &first, &second);
}

/* K0 D0 K1, D1 K2, D2; a comma is a pause. */
static int look_quickly(struct verification *self)
{
	static const struct look looks[2] = { { 0, 0, 1, 0, 1, 1 }, { 1, 1, 2, 1, 2, 2 } };
	int r = read_kernel(self, 0);

	for (size_t i = 0; i < 2 && r == 0; i++) {
		r = read_ledger(self, i);
		if (r == 0)
			r = read_kernel(self, i + 1);
		usleep(PAUSE_US);
	}
	if (r == 0)
		r = read_ledger(self, 2);
	return r < 0 ? r : judge_twice(self, &self->found, looks);
}

/* Drops what may lag, or else what may not. */
static void keep_only(struct verify_list *list, uint32_t polled, bool lagging)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (verify_lags(&list->differences[i], polled) == lagging)
			list->differences[kept++] = list->differences[i];
	list->count = kept;
}

static bool may_only_lag(const struct verification *self)
{
	for (size_t i = 0; i < self->found.count; i++)
		if (self->found.differences[i].kind != VERIFY_UNSEEN &&
		    verify_lags(&self->found.differences[i], self->header.polled))
			return true;
	return false;
}

/* What lags must be mended by the agent's next reconcile: D3 K3, D4 K4, against readings from
 * before it. */
static int look_later(struct verification *self, uint64_t since_ns)
{
	static const struct look looks[2] = { { 1, 3, 3, 0, 1, 3 }, { 2, 4, 4, 1, 2, 4 } };
	CLEANUP(verify_list_done) struct verify_list later = { 0 };
	int r = read_ledger_reconciled(self, 3, since_ns);

	if (r == 0)
		r = read_kernel(self, 3);
	usleep(PAUSE_US);
	if (r == 0)
		r = read_ledger(self, 4);
	if (r == 0)
		r = read_kernel(self, 4);
	if (r == 0)
		r = judge_twice(self, &later, looks);
	if (r < 0)
		return r;
	keep_only(&self->found, self->header.polled, false);
	keep_only(&later, self->header.polled, true);
	return verify_append(&self->found, &later);
}

static int compare(struct verification *self)
{
	int r = look_quickly(self);

	if (r < 0 || !may_only_lag(self))
		return r;
	log_info("verify: waiting for the agent's next reconcile, which may mend what differs");
	return look_later(self, clock_ns(CLOCK_MONOTONIC));
}

/* --- the result ------------------------------------------------------------------------------ */

static struct verify_sum *sum_of(const struct verification *self, const struct verify_entry *entry)
{
	const struct place *place = find_place(self, entry->tuple.netns);

	return &self->sums[(place - self->places) * 2 + (entry->protocol == IPPROTO_UDP)];
}

static void drop_unreadable(struct verification *self)
{
	size_t kept = 0;

	for (size_t i = 0; i < self->found.count; i++)
		if (!find_place(self, self->found.differences[i].entry.tuple.netns)->unreadable)
			self->found.differences[kept++] = self->found.differences[i];
	self->found.count = kept;
}

static const struct verify_reading *newest(const struct verify_reading readings[READINGS_MAX])
{
	size_t i = READINGS_MAX - 1;

	while (i && !readings[i].room)
		i--;
	return &readings[i];
}

static void sum_up(struct verification *self)
{
	const struct verify_reading *kernel = newest(self->kernel);
	const struct verify_reading *ledger = newest(self->ledger);

	for (size_t i = 0; i < kernel->count; i++)
		sum_of(self, &kernel->entries[i])->objects++;
	for (size_t i = 0; i < ledger->count; i++)
		sum_of(self, &ledger->entries[i])->holds++;
	for (size_t i = 0; i < self->found.count; i++) {
		struct verify_sum *sum = sum_of(self, &self->found.differences[i].entry);

		if (self->found.differences[i].kind == VERIFY_UNSEEN)
			sum->unseen++;
		else
			sum->differences++;
	}
}

/* Names the sums, and moves those of namespaces that could be read to the front. */
static size_t finish_sums(struct verification *self)
{
	size_t kept = 0;

	for (size_t i = 0; i < self->netns.count * 2; i++) {
		const struct place *place = &self->places[i / 2];
		struct verify_sum sum = self->sums[i];

		if (place->unreadable)
			continue;
		sum.netns = place->netns;
		sum.name = place->entry->name;
		sum.protocol = i % 2 ? IPPROTO_UDP : IPPROTO_TCP;
		self->sums[kept++] = sum;
	}
	return kept;
}

static int print(struct verification *self, bool json)
{
	struct verify_report report = {
		.found = &self->found,
		.sums = self->sums,
		.unread_holds = self->unread_holds,
		.incomplete = self->header.flags & HOLDS_DUMP_INCOMPLETE,
		.source = self->header.source,
	};

	drop_unreadable(self);
	sum_up(self);
	report.sums_count = finish_sums(self);
	if (!report.sums_count) {
		log_error("verify: no network namespace could be read: %s",
			  sockdiag_explain(self->error, IPPROTO_UDP));
		return EX_OSERR;
	}
	report.unread_namespaces = self->netns.count - report.sums_count / 2;
	if (json)
		verify_report_json(stdout, &report);
	else
		verify_report_text(stdout, &report);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("verify: writing to standard output failed");
		return EX_IOERR;
	}
	return verify_report_count(&report) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- failures -------------------------------------------------------------------------------- */

static const struct failure {
	int error;
	int status;
	const char *words; /* behind the control socket's path */
} failures[] = {
	{ -ENOENT, EX_UNAVAILABLE,
	  "there is no agent; start one with portgauge run, or name its socket with --control" },
	{ -ECONNREFUSED, EX_UNAVAILABLE, "the agent is gone; start it with portgauge run" },
	{ -EACCES, EX_NOPERM, "we may not ask this agent; run as the user that it runs as" },
	{ -EPERM, EX_NOPERM, "we may not ask this agent; run as the user that it runs as" },
	{ -ENAMETOOLONG, EX_USAGE, "the path is too long for a socket" },
	{ -ETIMEDOUT, EX_UNAVAILABLE, "the agent does not answer" },
	{ -ECONNRESET, EX_UNAVAILABLE, "the agent hung up; see its log" },
	{ -ETIME, EX_UNAVAILABLE, "the agent has stopped to reconcile; see its log" },
	{ -EPROTO, EX_PROTOCOL, "the agent is of another version; restart it" },
	{ -EBADMSG, EX_PROTOCOL, "what answers is no portgauge agent" },
};

static int explain(const struct verification *self, int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		if (failures[i].error != error)
			continue;
		log_error("verify: %s: %s", self->control, failures[i].words);
		return failures[i].status;
	}
	log_error("verify: %s", strerror(-error));
	return EX_OSERR;
}

/* The namespace we are in tells what this kernel can do. */
static int try_kernel(struct verification *self)
{
	const struct place *here = find_place(self, netns_current());
	int r;

	if (!here || here->unreadable) {
		log_error("verify: cannot read this network namespace; is /proc mounted?");
		return EX_OSERR;
	}
	r = sockdiag_shows_bound(here->first, here->last);
	self->shows_bound = r > 0;
	if (r != -EPROTONOSUPPORT && r != -ENOENT)
		return 0;
	log_error("verify: %s", sockdiag_explain(r, IPPROTO_TCP));
	return EX_OSERR;
}

int cmd_verify(int argc, char **argv)
{
	CLEANUP(verification_done) struct verification self = { 0 };
	struct options options;
	int r;

	if (options_parse(
		    &options, argc, argv, OPTIONS_JSON | OPTIONS_CONTROL,
		    "Compares what the running agent believes with the kernel's own tables.") < 0)
		return EX_USAGE;
	self.control = options.control ? options.control : CONTROL_DEFAULT;
	r = find_places(&self);
	if (r < 0)
		return explain(&self, r);
	r = try_kernel(&self);
	if (r != 0)
		return r;
	r = compare(&self);
	return r < 0 ? explain(&self, r) : print(&self, options.json);
}
