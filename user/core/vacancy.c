// SPDX-License-Identifier: Apache-2.0
#include "user/core/vacancy.h"

#include <netinet/in.h>
#include <string.h>

#include "user/core/counting.h"
#include "user/core/ledger_types.h"

#define NS_PER_SECOND 1000000000ULL
#define MISSED_NS (60 * NS_PER_SECOND) /* a restart takes less */
#define TOLD_NS (600 * NS_PER_SECOND)

static bool was_chosen(const struct hold *hold)
{
	return hold->path == PATH_CONNECT || hold->path == PATH_BIND || hold->path == PATH_AUTOBIND;
}

/* A service: it named its port, and listens there. */
static bool served(const struct hold *hold)
{
	if (!(hold->marks & MARK_NAMED) || !(hold->marks & MARK_COUNTED))
		return false;
	return hold->path == PATH_LISTEN || hold_pool(hold)->protocol == IPPROTO_UDP;
}

static struct vacancy *find(struct ledger *ledger, const struct pool *pool, uint16_t port)
{
	for (unsigned int i = 0; i < VACANCIES_MAX; i++)
		if (ledger->vacancies[i].pool == pool && ledger->vacancies[i].port == port)
			return &ledger->vacancies[i];
	return NULL;
}

void vacancy_taken(struct ledger *ledger, const struct hold *hold)
{
	struct vacancy *vacancy = find(ledger, hold_pool(hold), hold->port);

	if (!vacancy)
		return;
	if (!was_chosen(hold)) {
		*vacancy = (struct vacancy){ 0 }; /* it got it back */
		return;
	}
	if (vacancy->taker || hold->taken_ns < vacancy->left_ns ||
	    hold->taken_ns - vacancy->left_ns > MISSED_NS)
		return;
	vacancy->taker = hold->id;
	vacancy->taken_ns = hold->taken_ns;
}

/* The oldest makes room. */
static struct vacancy *make_room(struct ledger *ledger)
{
	struct vacancy *oldest = &ledger->vacancies[0];

	for (unsigned int i = 1; i < VACANCIES_MAX; i++)
		if (ledger->vacancies[i].left_ns < oldest->left_ns)
			oldest = &ledger->vacancies[i];
	return oldest;
}

void vacancy_left(struct ledger *ledger, const struct hold *hold, uint64_t now_ns)
{
	const struct owner *owner = hold->share->key.stake->key.owner;
	struct vacancy *vacancy;

	if (!served(hold))
		return;
	vacancy = find(ledger, hold_pool(hold), hold->port);
	if (!vacancy)
		vacancy = make_room(ledger);
	*vacancy = (struct vacancy){
		.pool = hold_pool(hold),
		.left_ns = now_ns,
		.pid = owner->key.tgid,
		.port = hold->port,
	};
	memcpy(vacancy->process, owner->comm, sizeof(vacancy->process));
}

const struct hold *vacancy_taker(const struct ledger *ledger, const struct vacancy *vacancy)
{
	if (!vacancy->pool || !vacancy->taker || ledger->now_ns - vacancy->taken_ns > TOLD_NS)
		return NULL;
	return holds_find(&ledger->holds, vacancy->taker);
}

void vacancies_forget(struct ledger *ledger, const struct pool *pool)
{
	for (unsigned int i = 0; i < VACANCIES_MAX; i++)
		if (ledger->vacancies[i].pool == pool)
			ledger->vacancies[i] = (struct vacancy){ 0 };
}
