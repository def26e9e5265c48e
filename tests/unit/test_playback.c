// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "user/top/playback.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define BEGIN UINT64_C(1795344858123000000) /* 2026-11-22T10:54:18.123Z */
#define FIRST (877 * MS)                    /* until a second begins */

static struct playback play(uint64_t at_ns)
{
	struct playback playback;

	playback_init(&playback, BEGIN, at_ns);
	return playback;
}

static void press(struct playback *playback, const char *keys)
{
	for (; *keys; keys++)
		assert_true(playback_press(playback, (unsigned char)*keys));
}

static void shows(const struct playback *playback, uint64_t at_ns)
{
	assert_int_equal(playback_shown_ns(playback), at_ns);
}

static void says(const struct playback *playback, const char *line)
{
	char said[PLAYBACK_LINE_MAX];

	assert_string_equal(playback_line(said, playback), line);
}

static void time_goes_by_as_it_did_by_whole_seconds(void **state)
{
	struct playback p = play(0);

	(void)state;
	shows(&p, 0);
	playback_advance(&p, FIRST - 1);
	shows(&p, 0);
	playback_advance(&p, 1);
	shows(&p, FIRST);
	playback_advance(&p, 999 * MS);
	shows(&p, FIRST);
	playback_advance(&p, 5 * SECOND);
	shows(&p, FIRST + 5 * SECOND);
}

static void it_can_go_faster_and_never_slower_than_it_was(void **state)
{
	struct playback p = play(FIRST);

	(void)state;
	press(&p, "-+++");
	says(&p, "2026-11-22 10:54:19 UTC +0:00:00 x8");
	playback_advance(&p, 2 * SECOND);
	shows(&p, FIRST + 16 * SECOND);
	press(&p, "++++++++");
	assert_int_equal(p.speed, PLAYBACK_SPEED_MAX);
	press(&p, "---------");
	assert_int_equal(p.speed, 1);
}

static void the_moment_that_was_asked_for_is_shown_exactly(void **state)
{
	struct playback p = play(90 * SECOND + 321 * MS);

	(void)state;
	shows(&p, 90 * SECOND + 321 * MS);
	says(&p, "2026-11-22 10:55:48 UTC +0:01:30");
	playback_advance(&p, 100 * MS);
	shows(&p, 90 * SECOND + 321 * MS);
}

static void a_pause_stops_it(void **state)
{
	struct playback p = play(0);

	(void)state;
	press(&p, "p");
	playback_advance(&p, 10 * SECOND);
	shows(&p, 0);
	press(&p, " ");
	playback_advance(&p, 10 * SECOND);
	shows(&p, FIRST + 9 * SECOND);
}

static void steps_are_whole_seconds_and_pause(void **state)
{
	struct playback p = play(10 * SECOND);

	(void)state;
	press(&p, ".");
	assert_true(p.pauses);
	shows(&p, FIRST + 10 * SECOND);
	press(&p, ".");
	shows(&p, FIRST + 11 * SECOND);
	press(&p, ",,");
	shows(&p, FIRST + 9 * SECOND);
	press(&p, ">");
	shows(&p, FIRST + 69 * SECOND);
	press(&p, "<");
	shows(&p, FIRST + 9 * SECOND);
	press(&p, "<");
	shows(&p, 0);
	press(&p, ",");
	shows(&p, 0);
	press(&p, ".");
	shows(&p, FIRST);
}

static void back_from_amid_a_second_is_where_it_began(void **state)
{
	struct playback p = play(FIRST + 4 * SECOND + 300 * MS);

	(void)state;
	press(&p, ",");
	shows(&p, FIRST + 4 * SECOND);
}

static void at_the_end_there_is_no_way_but_back(void **state)
{
	struct playback p = play(0);

	(void)state;
	press(&p, "]");
	shows(&p, UINT64_MAX);
	press(&p, ".>"); /* nobody has said yet where that is */
	shows(&p, UINT64_MAX);
	playback_end(&p, 3600 * SECOND + 5 * MS);
	shows(&p, 3600 * SECOND + 5 * MS);
	says(&p, "2026-11-22 11:54:18 UTC +1:00:00");
	press(&p, ".>pp");
	playback_advance(&p, SECOND);
	shows(&p, 3600 * SECOND + 5 * MS);
	assert_true(p.ended);
	press(&p, ",");
	assert_false(p.ended);
	shows(&p, FIRST + 3599 * SECOND);
	press(&p, "[");
	shows(&p, 0);
}

static void other_keys_are_not_its_own(void **state)
{
	struct playback p = play(0);

	(void)state;
	for (uint32_t key = 0; key < 0x110020; key++)
		if (key >= 128 || !strchr("p .,<>[]+-", (int)key) || !key)
			assert_false(playback_press(&p, key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_goes_by_as_it_did_by_whole_seconds),
		cmocka_unit_test(it_can_go_faster_and_never_slower_than_it_was),
		cmocka_unit_test(the_moment_that_was_asked_for_is_shown_exactly),
		cmocka_unit_test(a_pause_stops_it),
		cmocka_unit_test(steps_are_whole_seconds_and_pause),
		cmocka_unit_test(back_from_amid_a_second_is_where_it_began),
		cmocka_unit_test(at_the_end_there_is_no_way_but_back),
		cmocka_unit_test(other_keys_are_not_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
