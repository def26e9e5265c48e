// SPDX-License-Identifier: Apache-2.0
/*
 * Every allocation of the pure modules fails once: nothing crashes or leaks (see `make asan`), the
 * caller is told, and a resync mends the books. The allocators below stand before libc's for all
 * that is linked into this program, and for nothing else.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdbool.h>

#include "tests/unit/books.h"
#include "user/alert/alert.h"
#include "user/base/arena.h"
#include "user/config/config.h"
#include "user/host/cgroup.h"
#include "user/core/holds.h"
#include "user/core/ledger_types.h"
#include "user/core/portset.h"
#include "user/base/util.h"
#include "user/core/waiting.h"

#define PORTS 40 /* enough for every table to grow */
#define ROUNDS_MAX 10000

/* --- the allocators -------------------------------------------------------------------------- */

static unsigned int countdown; /* the allocation to fail, counted from 1; 0: none */

static bool fails(void)
{
	return countdown && --countdown == 0;
}

/* POSIX lets a pointer to data be one to a function; C does not. */
static void find_next(void *ret, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(ret, &found, sizeof(found));
}

void *malloc(size_t size)
{
	static void *(*next)(size_t size);

	if (!next)
		find_next(&next, "malloc");
	return fails() ? NULL : next(size);
}

void *calloc(size_t count, size_t size)
{
	static void *(*next)(size_t count, size_t size);

	if (!next)
		find_next(&next, "calloc");
	return fails() ? NULL : next(count, size);
}

void *realloc(void *pointer, size_t size)
{
	static void *(*next)(void *pointer, size_t size);

	if (!next)
		find_next(&next, "realloc");
	return fails() ? NULL : next(pointer, size);
}

void *reallocarray(void *pointer, size_t count, size_t size)
{
	static void *(*next)(void *pointer, size_t count, size_t size);

	if (!next)
		find_next(&next, "reallocarray");
	return fails() ? NULL : next(pointer, count, size);
}

/* --- a life in which each allocation may fail ------------------------------------------------ */

/* Holds of every kind: shared toward two destinations, bound, bound twice, UDP, of two owners. */
static struct event hold_event(uint32_t i, uint8_t flags)
{
	static const uint8_t paths[] = { PATH_CONNECT, PATH_BIND, PATH_LISTEN, PATH_CHILD };
	struct saying saying = {
		.id = 1 + i,
		.at_ns = BOOKS_START_NS,
		.event_flags = flags,
		.port = (uint16_t)(EVENT_FIRST + i / 4 * 2),
		.path = paths[i % 4],
		.remote_port = (uint16_t)(1 + i % 2),
		.nowhere = i % 4 == 1 || i % 4 == 2,
		.pid = 1 + i / 8 % 2,
		.netns = 1 + i / 20 % 2,
	};

	if (i % 5 == 4) {
		saying.protocol = IPPROTO_UDP;
		saying.path = PATH_AUTOBIND;
	}
	if (saying.path == PATH_CONNECT && i % 8 == 0) {
		saying.state = HOLD_TIME_WAIT;
		saying.tw_flags = HOLD_TW_TIMESTAMPS;
	}
	return make_taken(&saying);
}

/* What may fail must say so: 0 or -ENOMEM. */
static void expect(int r)
{
	if (r != 0)
		assert_int_equal(r, -ENOMEM);
}

static void live(struct ledger *ledger)
{
	struct netns_facts facts = usual_facts();
	struct event event;

	facts.reserved[0] = 1;
	expect(ledger_set_netns(ledger, &facts));
	for (uint32_t i = 0; i < PORTS; i++) {
		event = hold_event(i, 0);
		expect(ledger_apply(ledger, &event));
		event = refused_event(.at_ns = BOOKS_START_NS, .pid = i, .path = PATH_BIND);
		expect(ledger_apply(ledger, &event));
	}
	facts.last = EVENT_LAST - 1;
	expect(ledger_set_netns(ledger, &facts));
	facts.tw_reuse = 1;
	expect(ledger_set_netns(ledger, &facts));
	ledger_advance(ledger, BOOKS_START_NS + 10 * SECOND);
}

static void resync(struct ledger *ledger)
{
	struct netns_facts facts = usual_facts();

	assert_int_equal(ledger_set_netns(ledger, &facts), 0);
	ledger_resync_begin(ledger);
	for (uint32_t i = 0; i < PORTS; i++) {
		struct event event = hold_event(i, EVENT_FOUND | EVENT_RESYNC);

		assert_int_equal(ledger_apply(ledger, &event), 0);
	}
	ledger_resync_end(ledger);
}

/* The sums of a view that must be the same whatever failed before the resync. */
struct sums {
	uint32_t shared[2][2];
	uint32_t exclusive[2][2];
	uint32_t destinations;
	uint32_t active;
	uint32_t time_wait;
	uint32_t owners_used;
};

static struct sums sums_of(struct books *books)
{
	const struct view *view = look(books);
	struct sums sums = { 0 };

	for (size_t i = 0; i < view->pools_count; i++) {
		const struct view_pool *row = &view->pools[i];

		sums.shared[row->netns - 1][row->protocol == IPPROTO_UDP] = row->shared;
		sums.exclusive[row->netns - 1][row->protocol == IPPROTO_UDP] = row->exclusive;
	}
	for (size_t i = 0; i < view->destinations_count; i++) {
		sums.destinations++;
		sums.active += view->destinations[i].active;
		sums.time_wait += view->destinations[i].time_wait;
	}
	for (size_t i = 0; i < view->owners_count; i++)
		sums.owners_used += view->owners[i].active + view->owners[i].time_wait +
				    view->owners[i].exclusive;
	return sums;
}

static void release_all(struct books *books)
{
	for (uint32_t i = 0; i < PORTS; i++)
		release(books, .id = 1 + i);
	pass(books, 1000 * SECOND);
	assert_int_equal(look(books)->owners_count, 0);
	assert_int_equal(look(books)->destinations_count, 0);
	for (size_t i = 0; i < books->view->pools_count; i++)
		assert_int_equal(books->view->pools[i].used, 0);
}

/* Lives with the given allocation failing, 0: none. False: there were not that many. */
static bool live_once(unsigned int failing, struct sums *ret)
{
	struct books books = { .now_ns = BOOKS_START_NS };
	bool failed;

	assert_int_equal(ledger_new(&books.ledger, 0, BOOKS_START_NS), 0);
	countdown = failing;
	live(books.ledger);
	failed = failing && !countdown;
	countdown = 0;
	resync(books.ledger);
	*ret = sums_of(&books);
	release_all(&books);
	books_close(&books);
	return failed;
}

static void a_resync_mends_any_failed_allocation(void **state)
{
	struct sums expected;
	struct sums sums;
	unsigned int i = 1;

	(void)state;
	live_once(0, &expected);
	for (; live_once(i, &sums); i++) {
		if (memcmp(&sums, &expected, sizeof(sums)) != 0)
			fail_msg("allocation %u", i);
		assert_in_range(i, 1, ROUNDS_MAX);
	}
	assert_true(i > 50);
}

/* Sets grow when six of eight slots are taken, even for a port that is there already. */
static void a_hold_that_was_not_counted_takes_no_port_along(void **state)
{
	(void)state;
	for (unsigned int failing = 1; failing < 20; failing++) {
		struct books books = books_open();
		struct event event = taken_event(.id = 7, .at_ns = BOOKS_START_NS, .port = 40000,
						 .path = PATH_CHILD, .nowhere = true);

		for (uint16_t i = 0; i < 6; i++)
			take(&books, .id = 1 + i, .port = (uint16_t)(40000 + i),
			     .path = PATH_LISTEN, .nowhere = true);
		countdown = failing;
		expect(ledger_apply(books.ledger, &event));
		countdown = 0;
		release(&books, .id = 7);
		assert_int_equal(tcp(&books)->used, 6);
		assert_int_equal(tcp(&books)->exclusive, 6);
		assert_int_equal(owner(&books, EVENT_PID)->exclusive, 6);
		for (uint64_t id = 1; id <= 6; id++)
			release(&books, .id = id);
		assert_int_equal(tcp(&books)->used, 0);
		assert_int_equal(tcp(&books)->exclusive, 0);
		books_close(&books);
	}
}

/* --- what is untouched on failure ------------------------------------------------------------ */

static void no_ledger_leaves_the_result_alone(void **state)
{
	struct ledger *ledger = (struct ledger *)state;
	int r;

	countdown = 1;
	r = ledger_new(&ledger, 0, 0);
	countdown = 0;
	assert_int_equal(r, -ENOMEM);
	assert_ptr_equal(ledger, state);
}

static void no_view_leaves_the_result_alone(void **state)
{
	struct view_facts facts = { .source = "test" };
	struct books books = books_open();
	struct view *view = (struct view *)state;
	unsigned int i = 1;
	int r;

	take(&books, .id = 1, .port = 40000);
	refuse(&books, .path = PATH_CONNECT);
	for (;; i++) {
		countdown = i;
		r = view_build(&view, books.ledger, &facts);
		countdown = 0;
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_ptr_equal(view, state);
	}
	assert_true(i > 1);
	view_unref(view);
	books_close(&books);
}

/* A view so large that its rows need one chunk of memory after the other. */
static void no_rows_are_no_view(void **state)
{
	struct view_facts facts = { .source = "test" };
	struct books books = books_open();
	struct view *view = NULL;
	unsigned int i = 1;

	(void)state;
	for (uint32_t k = 0; k < 2000; k++)
		take(&books, .id = 1 + k, .port = 40000, .remote_port = (uint16_t)(1 + k),
		     .pid = 1 + k);
	for (; !view; i++) {
		countdown = i;
		expect(view_build(&view, books.ledger, &facts));
		countdown = 0;
	}
	assert_true(i > 10);
	assert_int_equal(view->destinations_count, 2000);
	view_unref(view);
	books_close(&books);
}

/* What is watched is forgotten, and a verdict without words is no verdict. */
static void no_words_are_no_view(void **state)
{
	struct view_facts facts = { .source = "test" };
	struct books books = books_open();
	struct view *view = NULL;
	unsigned int i = 1;

	(void)state;
	for (uint32_t netns = 2; netns < 32; netns++)
		for (uint32_t k = 0; k < 90; k++)
			take(&books, .id = netns * 100 + k, .port = (uint16_t)(40000 + k),
			     .netns = netns);
	for (; !view; i++) {
		countdown = i;
		pass(&books, SECOND);
		expect(view_build(&view, books.ledger, &facts));
		countdown = 0;
	}
	assert_int_equal(view->verdicts_count, 20);
	view_unref(view);
	books_close(&books);
}

static void a_set_that_cannot_grow_is_unchanged(void **state)
{
	struct portset set = { 0 };
	unsigned int failed = 0;
	uint32_t count;
	int r;

	(void)state;
	for (uint16_t port = 1; port < 1000; port++) {
		count = set.count;
		countdown = 1;
		r = portset_add(&set, port);
		countdown = 0;
		if (r < 0) {
			failed++;
			assert_int_equal(set.count, count);
			assert_false(portset_contains(&set, port));
			assert_int_equal(portset_add(&set, port), 0);
		}
	}
	assert_true(failed > 1);
	assert_int_equal(set.count, 999);
	for (uint16_t port = 1; port < 1000; port++)
		assert_true(portset_contains(&set, port));
	portset_done(&set);
}

static void a_queue_that_cannot_grow_is_unchanged(void **state)
{
	struct waiting_queue queue = { 0 };
	unsigned int failed = 0;
	uint64_t id;
	int r;

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++) {
		countdown = 1;
		r = waiting_push(&queue, i, i);
		countdown = 0;
		if (r < 0) {
			failed++;
			assert_int_equal(waiting_push(&queue, i, i), 0);
		}
	}
	assert_true(failed > 1);
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_true(waiting_pop(&queue, UINT64_MAX, &id));
		assert_int_equal(id, i);
	}
	assert_int_equal(queue.count, 0);
	waiting_done(&queue);
}

static void a_table_that_cannot_grow_keeps_its_holds(void **state)
{
	struct share share = { .holds = 1 };
	struct holds holds = { 0 };

	(void)state;
	for (uint64_t id = 1; id <= 2000; id++) {
		struct hold hold = { .id = id, .share = &share };

		for (unsigned int failing = 1; failing <= 4; failing++) {
			countdown = failing;
			if (holds_add(&holds, &hold))
				break;
			assert_null(holds_find(&holds, id));
		}
		countdown = 0;
	}
	assert_int_equal(holds.count, 2000);
	for (uint64_t id = 1; id <= 2000; id++)
		assert_non_null(holds_find(&holds, id));
	holds_done(&holds);
}

static void nothing_hears(void *context, const struct view_alert *alert, bool entered)
{
	(void)context;
	(void)alert;
	(void)entered;
}

static void alerts_without_memory_may_be_asked_again(void **state)
{
	static const struct alert_rule rule = { .name = "Refused",
						.severity = SEVERITY_WARNING,
						.metric = ALERT_REFUSALS,
						.enter = 1,
						.leave = 1 };
	struct books books = books_open();
	struct alerts *alerts = NULL;
	int r = -ENOMEM;

	(void)state;
	refuse(&books, .path = PATH_CONNECT);
	assert_int_equal(alerts_new(&alerts, &rule, 1), 0);
	look(&books);
	for (unsigned int i = 1; r < 0; i++) {
		countdown = i;
		r = alerts_evaluate(alerts, books.view, books.now_ns, nothing_hears, NULL);
		countdown = 0;
		expect(r);
	}
	assert_int_equal(books.view->alerts_count, 1);
	alerts_free(alerts);
	books_close(&books);
}

static void no_settings_leave_the_result_alone(void **state)
{
	static const char text[] =
		"reconcile: 5s\nweb: {listen_addresses: [\":1\"]}\nalerts:\n  rules:\n"
		"  - {name: A, severity: info, metric: drift, enter: 1, labels: {a: b},\n"
		"     match: {netns: [x]}, unknown: 1}\nnotifiers:\n"
		"- {type: webhook, urls: [http://a]}\n- {type: exec, command: [/x, y]}\n";
	struct config *config = (struct config *)state;
	size_t count;
	unsigned int i = 1;
	int r;

	for (;; i++) {
		countdown = i;
		r = config_read(&config, text, sizeof(text) - 1);
		countdown = 0;
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_ptr_equal(config, state);
	}
	assert_true(i > 5);
	config_errors(config, &count);
	assert_int_equal(count, 1);
	config_free(config);
}

static void no_table_leaves_the_result_alone(void **state)
{
	struct cgroup_table *table = (struct cgroup_table *)state;
	struct alerts *alerts = (struct alerts *)state;

	countdown = 1;
	expect(cgroup_table_new(&table, "/"));
	countdown = 1;
	expect(alerts_new(&alerts, NULL, 0));
	countdown = 0;
	assert_ptr_equal(table, state);
	assert_ptr_equal(alerts, state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resync_mends_any_failed_allocation),
		cmocka_unit_test(a_hold_that_was_not_counted_takes_no_port_along),
		cmocka_unit_test(no_ledger_leaves_the_result_alone),
		cmocka_unit_test(no_view_leaves_the_result_alone),
		cmocka_unit_test(no_rows_are_no_view),
		cmocka_unit_test(no_words_are_no_view),
		cmocka_unit_test(a_set_that_cannot_grow_is_unchanged),
		cmocka_unit_test(a_queue_that_cannot_grow_is_unchanged),
		cmocka_unit_test(a_table_that_cannot_grow_keeps_its_holds),
		cmocka_unit_test(alerts_without_memory_may_be_asked_again),
		cmocka_unit_test(no_settings_leave_the_result_alone),
		cmocka_unit_test(no_table_leaves_the_result_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
