// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/alert/owners.h"

#define ROWS 2000
#define TRIES 20000

static const char *const names[] = { "host", "host%7", "shop", "pod" };

static struct view_owner some_row(void)
{
	struct view_owner row = {
		.pid = (uint32_t)rand() % 100,
		.netns = 1 + (uint32_t)rand() % 3,
		.netns_name = names[rand() % 4],
		.protocol = rand() % 2 ? 6 : 17,
	};

	snprintf(row.process, sizeof(row.process), "worker-%d", rand() % 2);
	return row;
}

static struct view_share share_of(const struct view_owner *row)
{
	struct view_share share = { .pid = row->pid };

	memcpy(share.process, row->process, sizeof(share.process));
	return share;
}

/* Row by row. */
static const struct view_owner *search(const struct view *view, const struct owners_key *key)
{
	for (size_t i = 0; i < view->owners_count; i++) {
		const struct view_owner *row = &view->owners[i];

		if (row->netns == key->netns && row->protocol == key->protocol &&
		    !strcmp(row->netns_name, key->netns_name) &&
		    (!key->share ||
		     (row->pid == key->share->pid && !strcmp(row->process, key->share->process))))
			return row;
	}
	return NULL;
}

static void the_first_that_fits_is_found_as_by_a_search(void **state)
{
	struct view_owner *rows = calloc(ROWS, sizeof(*rows));
	struct view view = { .owners = rows, .owners_count = ROWS };
	struct owners owners;
	size_t found = 0;

	(void)state;
	srand(7);
	assert_non_null(rows);
	for (size_t i = 0; i < ROWS; i++)
		rows[i] = some_row();
	assert_int_equal(owners_open(&owners, &view), 0);
	for (size_t i = 0; i < TRIES; i++) {
		struct view_owner like = some_row();
		struct view_share share = share_of(&like);
		struct owners_key key = { .netns_name = like.netns_name,
					  .netns = like.netns,
					  .protocol = like.protocol,
					  .share = rand() % 8 ? &share : NULL };
		const struct view_owner *row = owners_find(&owners, &key);

		assert_ptr_equal(row, search(&view, &key));
		found += row != NULL;
	}
	assert_in_range(found, TRIES / 10, TRIES - 1);
	owners_done(&owners);
	free(rows);
}

static void whoever_has_most_in_a_place_is_its_first_row(void **state)
{
	const struct view_owner rows[] = {
		{ .pid = 1, .netns = 1, .netns_name = "host", .protocol = 17 },
		{ .pid = 2, .netns = 1, .netns_name = "host", .protocol = 6 },
		{ .pid = 3, .netns = 1, .netns_name = "host", .protocol = 6 },
	};
	const struct view view = { .owners = rows, .owners_count = 3 };
	const struct owners_key key = { .netns_name = "host", .netns = 1, .protocol = 6 };
	struct owners owners;

	(void)state;
	assert_int_equal(owners_open(&owners, &view), 0);
	assert_ptr_equal(owners_find(&owners, &key), &rows[1]);
	owners_done(&owners);
}

static void of_no_owners_none_is_found(void **state)
{
	const struct view view = { 0 };
	const struct owners_key key = { .netns_name = "host", .netns = 1, .protocol = 6 };
	struct owners owners = { 0 };

	(void)state;
	assert_null(owners_find(&owners, &key));
	assert_int_equal(owners_open(&owners, &view), 0);
	assert_null(owners_find(&owners, &key));
	owners_done(&owners);
	assert_null(owners_find(&owners, &key));
	owners_done(&owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_fits_is_found_as_by_a_search),
		cmocka_unit_test(whoever_has_most_in_a_place_is_its_first_row),
		cmocka_unit_test(of_no_owners_none_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
