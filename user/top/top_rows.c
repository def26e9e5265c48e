// SPDX-License-Identifier: Apache-2.0
#include "user/top/top_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"
#include "user/base/util.h"
#include "user/core/view.h"

#define HASH_BASIS 0xcbf29ce484222325ULL /* FNV-1a */
#define HASH_PRIME 0x100000001b3ULL

const char *top_list_name(enum top_list list)
{
	static const char *const names[TOP_LIST__COUNT] = {
		"Pools",    "Destinations", "Owners", "Refusals",
		"Verdicts", "Alerts",       "Owners", "Destinations",
	};

	return names[list];
}

/* --- keys: what a row is about, whatever its numbers ------------------------------------------ */

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * HASH_PRIME;
	return hash;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
	return mix(hash, &number, sizeof(number));
}

static uint64_t mix_text(uint64_t hash, const char *s)
{
	return s ? mix(hash, s, strlen(s) + 1) : mix_number(hash, 0);
}

/* Of pools, and of whatever has to do with one. */
static uint64_t pool_key(uint32_t netns, const char *name, uint8_t protocol)
{
	return mix_number(mix_text(mix_number(HASH_BASIS, netns), name), protocol);
}

static uint64_t pool_of(const struct view_destination *d)
{
	return pool_key(d->netns, d->netns_name, d->protocol);
}

static uint64_t destination_key(const struct view_destination *d)
{
	uint64_t hash = mix(pool_of(d), d->local, sizeof(d->local));

	hash = mix_number(mix(hash, d->remote, sizeof(d->remote)), d->remote_port);
	return d->window ? mix_number(mix_number(hash, d->first), d->last) : hash;
}

/* What a share tells of its owner is enough to find it. */
static uint64_t owner_key(uint64_t pool, const char *process, uint32_t pid)
{
	return mix_number(mix_text(pool, process), pid);
}

static uint64_t key_of_owner(const struct view_owner *o)
{
	return owner_key(pool_key(o->netns, o->netns_name, o->protocol), o->process, o->pid);
}

static uint64_t refusal_key(const struct view_refusal *r)
{
	uint64_t hash =
		owner_key(pool_key(r->netns, r->netns_name, r->protocol), r->process, r->pid);

	hash = mix_number(mix_text(hash, r->path), r->error);
	return mix_number(mix(hash, r->remote, sizeof(r->remote)), r->remote_port);
}

/* --- which rows there are -------------------------------------------------------------------- */

static int add(struct top *top, uint64_t key, size_t index, size_t more)
{
	if (top->count == top->room) {
		size_t room = top->room ? top->room * 2 : 64;
		struct top_row *rows = reallocarray(top->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		top->rows = rows;
		top->room = room;
	}
	top->rows[top->count++] = (struct top_row){ .key = key, .index = index, .more = more };
	return 0;
}

static int add_pools(struct top *top)
{
	int r = 0;

	for (size_t i = 0; i < top->view->pools_count && r == 0; i++) {
		const struct view_pool *p = &top->view->pools[i];

		r = add(top, pool_key(p->netns, p->netns_name, p->protocol), i, 0);
	}
	return r;
}

static int add_destinations(struct top *top)
{
	int r = 0;

	for (size_t i = 0; i < top->view->destinations_count && r == 0; i++) {
		const struct view_destination *d = &top->view->destinations[i];

		if (!top->here.about || pool_of(d) == top->here.about)
			r = add(top, destination_key(d), i, 0);
	}
	return r;
}

static int add_owners(struct top *top)
{
	int r = 0;

	for (size_t i = 0; i < top->view->owners_count && r == 0; i++) {
		const struct view_owner *o = &top->view->owners[i];

		r = add(top, mix_number(key_of_owner(o), o->start_time), i, 0);
	}
	return r;
}

/* A storm repeats itself: one row says it, with the number. Its oldest one tells it from others. */
static int add_refusals(struct top *top)
{
	const struct view_refusal *rows = top->view->refusals;
	size_t count = top->view->refusals_count;
	int r = 0;

	for (size_t i = 0, next; i < count && r == 0; i = next) {
		uint64_t key = refusal_key(&rows[i]);

		next = i + 1;
		while (next < count && refusal_key(&rows[next]) == key)
			next++;
		r = add(top, mix_number(key, rows[next - 1].time), i, next - i);
	}
	return r;
}

static int add_verdicts(struct top *top)
{
	int r = 0;

	for (size_t i = 0; i < top->view->verdicts_count && r == 0; i++) {
		const struct view_verdict *v = &top->view->verdicts[i];

		r = add(top, mix_text(mix_text(HASH_BASIS, v->verdict), v->subject), i, 0);
	}
	return r;
}

static int add_alerts(struct top *top)
{
	int r = 0;

	for (size_t i = 0; i < top->view->alerts_count && r == 0; i++) {
		const struct view_alert *a = &top->view->alerts[i];

		r = add(top, mix_text(mix_text(HASH_BASIS, a->rule), a->subject), i, 0);
	}
	return r;
}

/* Owners of the one destination, or destinations of the one owner. */
static int add_shares(struct top *top)
{
	bool of_destination = top->here.list == TOP_SHARES;
	int r = 0;

	for (size_t i = 0; i < top->view->destinations_count; i++) {
		const struct view_destination *d = &top->view->destinations[i];

		if (of_destination && destination_key(d) != top->here.about)
			continue;
		for (size_t j = 0; j < d->owners_count && r == 0; j++) {
			uint64_t owner =
				owner_key(pool_of(d), d->owners[j].process, d->owners[j].pid);

			if (of_destination)
				r = add(top, owner, i, j);
			else if (owner == top->here.about)
				r = add(top, destination_key(d), i, j);
		}
	}
	return r;
}

static int add_all(struct top *top)
{
	static int (*const adders[TOP_LIST__COUNT])(struct top * top) = {
		add_pools,    add_destinations, add_owners, add_refusals,
		add_verdicts, add_alerts,       add_shares, add_shares,
	};

	top->count = 0;
	return top->view ? adders[top->here.list](top) : 0;
}

/* --- filter and order ------------------------------------------------------------------------ */

static bool passes(const struct top_cell *cells, unsigned int count, const char *filter)
{
	for (unsigned int i = 0; i < count; i++)
		if (strcasestr(cells[i].text, filter))
			return true;
	return !*filter;
}

/* Drops what does not pass, and notes what the others are sorted by. */
static void sift(struct top *top)
{
	unsigned int columns = top_columns_count(top->here.list);
	unsigned int by = top->orders[top->here.list].column;
	struct top_cell cells[TOP_COLUMNS_MAX];
	size_t kept = 0;

	if (!by && !top->here.filter[0])
		return;
	for (size_t i = 0; i < top->count; i++) {
		struct top_row row = top->rows[i];

		top_fill(cells, top, &row);
		if (!passes(cells, columns, top->here.filter))
			continue;
		if (by) {
			row.value = cells[by - 1].value;
			snprintf(row.text, sizeof(row.text), "%.31s", cells[by - 1].text);
		}
		top->rows[kept++] = row;
	}
	top->count = kept;
}

/* What is the same stays in the order of the view: worst first. */
static int compare_places(const struct top_row *a, const struct top_row *b)
{
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return (a->more > b->more) - (a->more < b->more);
}

static int by_value(const void *a, const void *b)
{
	const struct top_row *x = a;
	const struct top_row *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return compare_places(x, y);
}

static int by_text(const void *a, const void *b)
{
	const struct top_row *x = a;
	const struct top_row *y = b;
	int order = strcasecmp(x->text, y->text);

	return order ? order : compare_places(x, y);
}

static void reverse(struct top_row *rows, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct top_row other = rows[count - 1 - i];

		rows[count - 1 - i] = rows[i];
		rows[i] = other;
	}
}

/* Times and severities are texts whose order is another. */
static bool is_sorted_as_text(const struct top *top, unsigned int column)
{
	static const char *const others[] = { "TIME", "SINCE", "SEVERITY" };
	const struct top_column *c = &top_columns(top->here.list)[column];

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(c->title, others[i]))
			return false;
	return c->is_text;
}

static void sort(struct top *top)
{
	const struct top_order *order = &top->orders[top->here.list];

	if (order->column && top->count)
		qsort(top->rows, top->count, sizeof(*top->rows),
		      is_sorted_as_text(top, order->column - 1) ? by_text : by_value);
	if (order->reversed)
		reverse(top->rows, top->count);
}

/* The row that was selected may be elsewhere now; if it is gone, the one in its place is. */
static void find_selected(struct top *top)
{
	struct top_place *here = &top->here;

	for (size_t i = 0; i < top->count && here->selected; i++) {
		if (top->rows[i].key != here->selected)
			continue;
		here->at = i;
		return;
	}
	if (here->at >= top->count)
		here->at = top->count ? top->count - 1 : 0;
	here->selected = top->count ? top->rows[here->at].key : 0;
}

int top_rows_build(struct top *top)
{
	int r = add_all(top);

	if (r < 0) {
		top->count = 0;
		return r;
	}
	sift(top);
	sort(top);
	find_selected(top);
	return 0;
}

/* --- where rows lead to ---------------------------------------------------------------------- */

static bool follow(struct top_place *ret, enum top_list list, uint64_t about, const char *subject)
{
	*ret = (struct top_place){ .list = list, .about = about };
	snprintf(ret->title, sizeof(ret->title), "%.100s", subject);
	text_printable(ret->title, sizeof(ret->title), ret->title);
	return true;
}

static bool follow_destination(const struct view_destination *d, struct top_place *ret)
{
	char endpoint[TEXT_ENDPOINT_MAX];
	char title[TOP_TITLE_MAX];
	bool named = d->service;

	snprintf(title, sizeof(title), "%s%s%.16s%s, %.48s %s",
		 text_endpoint(endpoint, d->remote, d->remote_port), named ? " (" : "",
		 named ? d->service : "", named ? ")" : "", d->netns_name,
		 text_protocol(d->protocol));
	return follow(ret, TOP_SHARES, destination_key(d), title);
}

static bool follow_owner(const char *process, uint32_t pid, uint64_t pool, const char *netns_name,
			 uint8_t protocol, struct top_place *ret)
{
	char who[TEXT_WHO_MAX];
	char title[TOP_TITLE_MAX];

	snprintf(title, sizeof(title), "%s, %.48s %s", text_who(who, process, pid), netns_name,
		 text_protocol(protocol));
	return follow(ret, TOP_TARGETS, owner_key(pool, process, pid), title);
}

static bool follow_from_owner(const struct view_owner *o, struct top_place *ret)
{
	return follow_owner(o->process, o->pid, pool_key(o->netns, o->netns_name, o->protocol),
			    o->netns_name, o->protocol, ret);
}

static bool follow_from_refusal(const struct view_refusal *r, struct top_place *ret)
{
	return follow_owner(r->process, r->pid, pool_key(r->netns, r->netns_name, r->protocol),
			    r->netns_name, r->protocol, ret);
}

static bool follow_from_share(const struct view_destination *d, const struct view_share *s,
			      struct top_place *ret)
{
	return follow_owner(s->process, s->pid, pool_of(d), d->netns_name, d->protocol, ret);
}

static bool follow_pool(const struct view_pool *p, struct top_place *ret)
{
	char title[TOP_TITLE_MAX];

	snprintf(title, sizeof(title), "%.100s %s", p->netns_name, text_protocol(p->protocol));
	return follow(ret, TOP_DESTINATIONS, pool_key(p->netns, p->netns_name, p->protocol), title);
}

bool top_rows_follow(const struct top *top, const struct top_row *row, struct top_place *ret)
{
	const struct view *view = top->view;

	switch (top->here.list) {
	case TOP_POOLS:
		return follow_pool(&view->pools[row->index], ret);
	case TOP_DESTINATIONS:
	case TOP_TARGETS:
		return follow_destination(&view->destinations[row->index], ret);
	case TOP_OWNERS:
		return follow_from_owner(&view->owners[row->index], ret);
	case TOP_REFUSALS:
		return follow_from_refusal(&view->refusals[row->index], ret);
	case TOP_SHARES:
		return follow_from_share(&view->destinations[row->index],
					 &view->destinations[row->index].owners[row->more], ret);
	default:
		return false;
	}
}

struct top_words top_rows_words(const struct top *top, const struct top_row *row)
{
	struct top_words words = { NULL, NULL };

	if (top->here.list == TOP_VERDICTS) {
		words.text = top->view->verdicts[row->index].text;
		words.remedy = top->view->verdicts[row->index].remedy;
	} else if (top->here.list == TOP_ALERTS) {
		words.text = top->view->alerts[row->index].summary;
	}
	words.text = words.text ? words.text : "";
	words.remedy = words.remedy ? words.remedy : "";
	return words;
}
