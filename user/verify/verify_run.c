// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify_run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/verify/control_client.h"
#include "user/base/util.h"
#include "user/verify/verify.h"

#define NS_PER_SECOND 1000000000ULL
#define NS_PER_US 1000
#define PAUSE_US 250000      /* longer than a task that wants to run is kept waiting */
#define POLLS_AN_INTERVAL 20 /* while waiting for a reconcile */
#define RECONCILE_GRACE_NS (10 * NS_PER_SECOND)
#define READINGS_MAX 5

struct run {
	struct verify_host *host;
	const char *control;
	void (*waiting)(void);
	struct verify_reading kernel[READINGS_MAX];
	struct verify_reading ledger[READINGS_MAX];
	size_t newest; /* the last of both that has been read */
	struct holds_dump_header header;
	uint32_t flags; /* of all dumps so far */
	size_t unread_holds;
	struct verify_list found;
};

static void forget_readings(struct run *run, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		verify_reading_done(&run->kernel[i]);
		verify_reading_done(&run->ledger[i]);
	}
}

static void run_done(struct run *run)
{
	forget_readings(run, 0, READINGS_MAX);
	verify_list_done(&run->found);
}

/* --- readings -------------------------------------------------------------------------------- */

static int keep_dump(struct run *run, size_t index, const struct holds_dump *dump)
{
	struct verify_reading *reading = &run->ledger[index];
	int r = 0;

	reading->side = VERIFY_LEDGER;
	run->header = dump->header;
	run->flags |= dump->header.flags;
	run->unread_holds = 0;
	for (size_t i = 0; i < dump->count && r == 0; i++) {
		const struct abi_tuple *tuple = &dump->records[i].tuple;
		const struct verify_place *place = verify_host_place(run->host, tuple->netns);

		if (!place || place->unreadable)
			run->unread_holds++;
		else if (tuple->port >= place->first && tuple->port <= place->last)
			r = verify_add_hold(reading, &dump->records[i]);
	}
	verify_sort(reading);
	return r;
}

static int read_ledger(struct run *run, size_t index)
{
	CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
	int r = control_fetch(&dump, run->control);

	return r < 0 ? r : keep_dump(run, index, &dump);
}

/* The first dump after a reconcile that began after the given time. */
static int read_ledger_reconciled(struct run *run, size_t index, uint64_t since_ns)
{
	uint64_t interval_ns = run->header.reconcile_ns;
	uint64_t deadline_ns = since_ns + 2 * interval_ns + RECONCILE_GRACE_NS;

	for (;;) {
		CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
		int r = control_fetch(&dump, run->control);

		if (r < 0)
			return r;
		if (dump.header.reconcile_began_ns > since_ns)
			return keep_dump(run, index, &dump);
		if (clock_ns(CLOCK_MONOTONIC) > deadline_ns)
			return -ETIME;
		usleep((useconds_t)(PAUSE_US + interval_ns / NS_PER_US / POLLS_AN_INTERVAL));
	}
}

static int read_kernel(struct run *run, size_t index)
{
	int r = verify_host_read(run->host, &run->kernel[index]);

	run->newest = index;
	return r;
}

/* --- judging --------------------------------------------------------------------------------- */

/* Which readings make the two sandwiches of one look. */
struct look {
	uint8_t kernel_before, ledger_between, kernel_after;
	uint8_t ledger_before, kernel_between, ledger_after;
};

static int judge(const struct run *run, struct verify_list *ret, const struct look *look)
{
	int r = verify_sandwich(ret, &run->kernel[look->kernel_before],
				&run->ledger[look->ledger_between],
				&run->kernel[look->kernel_after], run->host->shows_bound);

	if (r < 0)
		return r;
	return verify_sandwich(ret, &run->ledger[look->ledger_before],
			       &run->kernel[look->kernel_between], &run->ledger[look->ledger_after],
			       run->host->shows_bound);
}

/* Appends what both looks show. */
static int judge_twice(const struct run *run, struct verify_list *ret, const struct look looks[2])
{
	CLEANUP(verify_list_done) struct verify_list first = { 0 };
	CLEANUP(verify_list_done) struct verify_list second = { 0 };
	int r = judge(run, &first, &looks[0]);

	if (r == 0)
		r = judge(run, &second, &looks[1]);
	return r < 0 ? r : verify_list_common(ret, &first, &second);
}

/* D0 K0, D1 K1, D2 K2; a comma is a pause. */
static int look_quickly(struct run *run)
{
	static const struct look looks[2] = { { 0, 1, 1, 0, 0, 1 }, { 1, 2, 2, 1, 1, 2 } };
	int r = 0;

	for (size_t i = 0; i < 3 && r == 0; i++) {
		if (i)
			usleep(PAUSE_US);
		r = read_ledger(run, i);
		if (r == 0)
			r = read_kernel(run, i);
	}
	return r < 0 ? r : judge_twice(run, &run->found, looks);
}

/* Drops what may lag, or else what may not. */
static void keep_only(struct verify_list *list, const struct holds_dump_header *header,
		      bool lagging)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (verify_lags(&list->differences[i], header) == lagging)
			list->differences[kept++] = list->differences[i];
	list->count = kept;
}

static bool may_only_lag(const struct verify_list *list, const struct holds_dump_header *header)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->differences[i].kind != VERIFY_UNSEEN &&
		    verify_lags(&list->differences[i], header))
			return true;
	return false;
}

/* After the agent's next reconcile: D3 K3, D4 K4, against readings from before it. */
static int read_later(struct run *run)
{
	int r = read_ledger_reconciled(run, 3, clock_ns(CLOCK_MONOTONIC));

	if (r == 0)
		r = read_kernel(run, 3);
	usleep(PAUSE_US);
	if (r == 0)
		r = read_ledger(run, 4);
	return r < 0 ? r : read_kernel(run, 4);
}

/* What lags must be mended by then; the rest was judged. header: of before, with all flags. */
static int look_later(struct run *run, const struct holds_dump_header *header)
{
	static const struct look looks[2] = { { 1, 3, 3, 1, 1, 3 }, { 2, 4, 4, 2, 2, 4 } };
	CLEANUP(verify_list_done) struct verify_list later = { 0 };
	int r;

	forget_readings(run, 0, 1);
	r = read_later(run);
	if (r == 0)
		r = judge_twice(run, &later, looks);
	if (r < 0)
		return r;
	keep_only(&run->found, header, false);
	keep_only(&later, header, true);
	return verify_list_append(&run->found, &later);
}

static int look(struct run *run)
{
	struct holds_dump_header header;
	int r = look_quickly(run);

	if (r < 0)
		return r;
	header = run->header;
	header.flags = run->flags;
	if (!may_only_lag(&run->found, &header))
		return 0;
	if (run->waiting)
		run->waiting();
	return look_later(run, &header);
}

/* --- the outcome ----------------------------------------------------------------------------- */

/* A namespace that became unreadable meanwhile looks empty. */
static void drop_unreadable(struct run *run)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->found.count; i++) {
		const struct verify_difference *one = &run->found.differences[i];

		if (!verify_host_place(run->host, one->entry.tuple.netns)->unreadable)
			run->found.differences[kept++] = *one;
	}
	run->found.count = kept;
}

int verify_run(struct verify_outcome *ret, struct verify_host *host, const char *control,
	       void (*waiting)(void))
{
	CLEANUP(run_done) struct run run = { .host = host, .control = control, .waiting = waiting };
	int r = look(&run);

	if (r < 0)
		return r;
	drop_unreadable(&run);
	*ret = (struct verify_outcome){
		.found = run.found,
		.kernel = run.kernel[run.newest],
		.ledger = run.ledger[run.newest],
		.header = run.header,
		.unread_holds = run.unread_holds,
	};
	run.found = (struct verify_list){ 0 };
	run.kernel[run.newest] = (struct verify_reading){ 0 };
	run.ledger[run.newest] = (struct verify_reading){ 0 };
	return 0;
}

void verify_outcome_done(struct verify_outcome *outcome)
{
	verify_list_done(&outcome->found);
	verify_reading_done(&outcome->kernel);
	verify_reading_done(&outcome->ledger);
	memset(outcome, 0, sizeof(*outcome));
}
