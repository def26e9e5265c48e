// SPDX-License-Identifier: Apache-2.0
#include "user/core/window.h"

#include <stdlib.h>

#include "user/core/counting.h"

#define RANGES_MAX 1024 /* distinct own ranges; more are not told apart */
#define WINDOWS_MAX 16  /* of one destination */

uint16_t range_number(struct ledger *ledger, const struct abi_range *range)
{
	struct abi_range *ranges;

	if (!range->own_first)
		return 0;
	for (uint16_t i = 1; i < ledger->ranges_count; i++)
		if (ledger->ranges[i].own_first == range->own_first &&
		    ledger->ranges[i].own_last == range->own_last)
			return i;
	if (ledger->ranges_count >= RANGES_MAX)
		return 0;
	ranges = reallocarray(ledger->ranges, (size_t)ledger->ranges_count + 2, sizeof(*ranges));
	if (!ranges)
		return 0;
	ledger->ranges = ranges;
	if (!ledger->ranges_count)
		ranges[ledger->ranges_count++] = (struct abi_range){ 0 };
	ranges[ledger->ranges_count] = *range;
	return ledger->ranges_count++;
}

static struct window **find(struct destination *destination, const struct abi_range *range,
			    unsigned int *ret_count)
{
	struct window **at = &destination->windows;

	for (*ret_count = 0; *at; at = &(*at)->next, ++*ret_count)
		if ((*at)->first == range->own_first && (*at)->last == range->own_last)
			break;
	return at;
}

/* All that is on its ports already. */
static void count_one(void *context, const struct hold *hold)
{
	struct window *window = context;

	if (hold->marks & MARK_COUNTED)
		tally_add(&window->tally, hold, 1);
}

static void count_present(const struct ledger *ledger, struct window *window,
			  const struct destination *destination)
{
	const uint16_t range[] = { window->first, window->last };

	holds_visit_ports(&ledger->holds, destination, range, count_one, window);
}

void window_enter(struct ledger *ledger, const struct hold *hold)
{
	struct destination *destination = hold->share->key.destination;
	const struct abi_range *range;
	struct window **at;
	unsigned int count;

	if (!hold->range || !destination)
		return;
	range = &ledger->ranges[hold->range];
	at = find(destination, range, &count);
	if (!*at) {
		struct window *window = count < WINDOWS_MAX ? calloc(1, sizeof(*window)) : NULL;

		if (!window)
			return;
		window->first = range->own_first;
		window->last = range->own_last;
		count_present(ledger, window, destination);
		*at = window;
	}
	(*at)->holds++;
}

void window_leave(const struct ledger *ledger, const struct hold *hold)
{
	struct destination *destination = hold->share->key.destination;
	struct window *window;
	struct window **at;
	unsigned int count;

	if (!hold->range || !destination)
		return;
	at = find(destination, &ledger->ranges[hold->range], &count);
	window = *at;
	if (!window || --window->holds)
		return;
	*at = window->next;
	free(window);
}

const struct window *window_find(const struct destination *destination, uint16_t first,
				 uint16_t last)
{
	const struct window *window = destination->windows;

	while (window && (window->first != first || window->last != last))
		window = window->next;
	return window;
}

void windows_done(struct destination *destination)
{
	struct window *window;

	while ((window = destination->windows)) {
		destination->windows = window->next;
		free(window);
	}
}
