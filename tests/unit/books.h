/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger under test: events go in, a view comes out. Include after cmocka.h. The books have one
 * namespace, EVENT_NETNS, told by facts; the start-up snapshot is over. An event that names no
 * range saw the one that was told last.
 */
#pragma once

#include <stdlib.h>

#include "tests/unit/events.h"
#include "user/core/ledger.h"
#include "user/core/view.h"
#include "user/core/view_build.h"

#define BOOKS_START_NS (1000 * SECOND)
#define BOOKS_NETNS_MAX 8 /* inodes below have their range noted */

struct books {
	struct ledger *ledger;
	struct view *view; /* the newest; see look */
	uint64_t now_ns;
	struct abi_range told[BOOKS_NETNS_MAX]; /* by inode */
};

/* Facts as a test changes them before it tells them. */
static inline struct netns_facts usual_facts(void)
{
	return (struct netns_facts){
		.inode = EVENT_NETNS,
		.name = "host",
		.first = EVENT_FIRST,
		.last = EVENT_LAST,
		.tw_reuse = 2,
		.tw_reuse_delay_ms = 1000,
	};
}

static inline void tell(struct books *books, const struct netns_facts *facts)
{
	if (facts->inode < BOOKS_NETNS_MAX)
		books->told[facts->inode] =
			(struct abi_range){ .first = facts->first, .last = facts->last };
	assert_int_equal(ledger_set_netns(books->ledger, facts), 0);
}

static inline struct books books_with(uint32_t polled)
{
	struct books books = { .now_ns = BOOKS_START_NS };
	struct netns_facts facts = usual_facts();

	assert_int_equal(ledger_new(&books.ledger, polled, books.now_ns), 0);
	tell(&books, &facts);
	ledger_reconcile_begin(books.ledger);
	ledger_reconcile_end(books.ledger, books.now_ns);
	return books;
}

static inline struct books books_open(void)
{
	return books_with(0);
}

static inline void books_close(struct books *books)
{
	view_unref(books->view);
	ledger_free(books->ledger);
}

static inline void see_range(const struct books *books, const struct abi_tuple *tuple,
			     struct abi_range *range)
{
	const struct abi_range *told =
		tuple->netns < BOOKS_NETNS_MAX ? &books->told[tuple->netns] : NULL;

	if (!told || !told->last || range->first != EVENT_FIRST || range->last != EVENT_LAST)
		return;
	range->first = told->first;
	range->last = told->last;
}

/* An event without a time happens now. */
static inline void apply(struct books *books, struct event event)
{
	if (event.header.kind == EVENT_TAKEN)
		see_range(books, &event.taken.hold.tuple, &event.taken.hold.range);
	if (event.header.kind == EVENT_REFUSED)
		see_range(books, &event.refused.tuple, &event.refused.range);
	if (!event.header.time_ns)
		event.header.time_ns = books->now_ns;
	if (event.header.kind == EVENT_TAKEN && !event.taken.hold.taken_ns)
		event.taken.hold.taken_ns = event.header.time_ns;
	assert_int_equal(ledger_apply(books->ledger, &event), 0);
}

#define take(books, ...) apply(books, taken_event(__VA_ARGS__))
#define time_wait(books, ...) apply(books, time_wait_event(__VA_ARGS__))
#define release(books, ...) apply(books, released_event(__VA_ARGS__))
#define refuse(books, ...) apply(books, refused_event(__VA_ARGS__))

static inline void pass(struct books *books, uint64_t ns)
{
	books->now_ns += ns;
	ledger_advance(books->ledger, books->now_ns);
}

/* The view of now; good until the next look. */
static inline const struct view *look(struct books *books)
{
	struct view_facts facts = { .now_ns = books->now_ns, .source = "test" };

	view_unref(books->view);
	books->view = NULL;
	assert_int_equal(view_build(&books->view, books->ledger, &facts), 0);
	return books->view;
}

/* NULL where the view has no such row. */
static inline const struct view_pool *find_pool(struct books *books, uint32_t netns,
						uint8_t protocol)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->pools_count; i++)
		if (view->pools[i].netns == netns && view->pools[i].protocol == protocol)
			return &view->pools[i];
	return NULL;
}

static inline const struct view_pool *pool(struct books *books, uint8_t protocol)
{
	const struct view_pool *row = find_pool(books, EVENT_NETNS, protocol);

	assert_non_null(row);
	return row;
}

static inline const struct view_pool *tcp(struct books *books)
{
	return pool(books, IPPROTO_TCP);
}

static inline const struct view_destination *find_destination(struct books *books,
							      uint16_t remote_port)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->destinations_count; i++)
		if (view->destinations[i].remote_port == remote_port)
			return &view->destinations[i];
	return NULL;
}

/* The destination of events that name none. */
static inline const struct view_destination *destination(struct books *books)
{
	const struct view_destination *row = find_destination(books, EVENT_REMOTE_PORT);

	assert_non_null(row);
	return row;
}

static inline const struct view_owner *find_owner(struct books *books, uint32_t pid)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->owners_count; i++)
		if (view->owners[i].pid == pid)
			return &view->owners[i];
	return NULL;
}

static inline const struct view_owner *owner(struct books *books, uint32_t pid)
{
	const struct view_owner *row = find_owner(books, pid);

	assert_non_null(row);
	return row;
}

/* Of allocations, releases: 0 where there is no row. */
static inline uint64_t counted(const struct view_counter *rows, size_t count, uint8_t protocol,
			       const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].protocol == protocol && !strcmp(rows[i].path, path))
			return rows[i].count;
	return 0;
}

static inline uint64_t allocated(struct books *books, const char *path)
{
	const struct view *view = look(books);

	return counted(view->allocations, view->allocations_count, IPPROTO_TCP, path);
}

static inline uint64_t given_back(struct books *books, const char *path)
{
	const struct view *view = look(books);

	return counted(view->releases, view->releases_count, IPPROTO_TCP, path);
}
