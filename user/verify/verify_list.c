// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 256

int verify_list_add(struct verify_list *list, enum verify_kind kind,
		    const struct verify_entry *entry, const struct verify_entry *hold)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : ROOM_MIN;
		struct verify_difference *differences =
			reallocarray(list->differences, room, sizeof(*differences));

		if (!differences)
			return -ENOMEM;
		list->differences = differences;
		list->room = room;
	}
	list->differences[list->count] =
		(struct verify_difference){ .kind = kind, .entry = *entry };
	if (hold)
		list->differences[list->count].hold = *hold;
	list->count++;
	return 0;
}

int verify_list_append(struct verify_list *ret, const struct verify_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct verify_difference *one = &list->differences[i];
		int r = verify_list_add(ret, one->kind, &one->entry, &one->hold);

		if (r < 0)
			return r;
	}
	return 0;
}

void verify_list_done(struct verify_list *list)
{
	free(list->differences);
	memset(list, 0, sizeof(*list));
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_differences(const void *first, const void *second)
{
	const struct verify_difference *a = first;
	const struct verify_difference *b = second;
	int r = verify_compare_place(&a->entry, &b->entry);

	if (!r)
		r = order(a->kind, b->kind);
	return r ? r : order(a->entry.identity, b->entry.identity);
}

static void sort(struct verify_list *list)
{
	if (list->count)
		qsort(list->differences, list->count, sizeof(*list->differences),
		      compare_differences);
}

int verify_list_common(struct verify_list *ret, struct verify_list *first,
		       struct verify_list *second)
{
	size_t i = 0;
	size_t j = 0;

	sort(first);
	sort(second);
	while (i < first->count && j < second->count) {
		const struct verify_difference *one = &second->differences[j];
		int ahead = compare_differences(&first->differences[i], one);
		int r = ahead ? 0 : verify_list_add(ret, one->kind, &one->entry, &one->hold);

		if (r < 0)
			return r;
		i += ahead <= 0;
		j += ahead >= 0;
	}
	return 0;
}
