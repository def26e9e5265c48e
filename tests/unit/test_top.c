// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/counter.h"
#include "user/top/playback.h"

#define ESCAPE "\033"
#define ENTER "\r"

struct play {
	struct counter rows;
	struct top *top;
};

static struct play play(void)
{
	struct play play = { .rows = counter_usual };

	demand_utf8();
	assert_int_equal(top_new(&play.top), 0);
	return play;
}

/* Shows the rows as they are now, and presses keys. */
static void look(struct play *play, const char *keys)
{
	counter_show(play->top, &play->rows);
	counter_type(play->top, keys);
}

/* The row with the cursor, on a wide screen; without the cursor. */
static void selects(struct play *play, const char *start)
{
	char *screen = counter_screen(play->top, 40, 200);
	const char *line = strstr(screen, "\n>");

	if (!line || strncmp(line + 2, start, strlen(start)) != 0)
		fail_msg("'%s' is not selected: %s", start, screen);
	free(screen);
}

static void shows(struct play *play, const char *text)
{
	char *screen = counter_screen(play->top, 24, 80);

	if (!strstr(screen, text))
		fail_msg("no '%s': %s", text, screen);
	free(screen);
}

static void shows_no(struct play *play, const char *text)
{
	char *screen = counter_screen(play->top, 24, 80);

	if (strstr(screen, text))
		fail_msg("'%s': %s", text, screen);
	free(screen);
}

/* --- screens --------------------------------------------------------------------------------- */

static void take(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Is what tests/golden/top/ has? TAKE_GOLDEN=1 puts it there. */
static void is_golden(struct play *play, const char *name, unsigned int rows, unsigned int columns)
{
	char *screen = counter_screen(play->top, rows, columns);
	char wanted[1 << 16] = "";
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/top/%s-%ux%u.txt", name, columns, rows);
	if (getenv("TAKE_GOLDEN"))
		take(path, screen);
	file = fopen(path, "re");
	if (!file)
		fail_msg("there is no %s", path);
	assert_true(fread(wanted, 1, sizeof(wanted) - 1, file) > 0);
	fclose(file);
	assert_string_equal(screen, wanted);
	free(screen);
}

/* Each list, in three sizes. */
static void screens_are_as_they_were(void **state)
{
	static const struct {
		const char *name;
		const char *keys;
	} places[] = {
		{ "pools", "1" },        { "destinations", "2" },  { "owners", "3" },
		{ "refusals", "4" },     { "verdicts", "5" },      { "alerts", "6" },
		{ "shares", "2" ENTER }, { "targets", "3" ENTER }, { "filtered", "3/celery" },
		{ "help", "?" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct play p = play();

		look(&p, places[i].keys);
		is_golden(&p, places[i].name, 24, 80);
		is_golden(&p, places[i].name, 10, 40);
		is_golden(&p, places[i].name, 60, 200);
		top_free(p.top);
	}
}

/* Lines of a golden screen are no wider than it. */
static void no_line_is_wider_than_the_screen(void **state)
{
	(void)state;
	for (unsigned int columns = 1; columns < 130; columns++) {
		for (const char *list = "123456"; *list; list++) {
			struct play p = play();
			const char keys[] = { *list, '\0' };
			char *screen;

			look(&p, keys);
			screen = counter_screen(p.top, 1 + columns % 30, columns);
			for (char *line = strtok(screen, "\n"); line; line = strtok(NULL, "\n"))
				assert_true(grid_width(line) <= columns);
			free(screen);
			top_free(p.top);
		}
	}
}

static void before_the_first_view_there_is_a_screen_too(void **state)
{
	struct play p = play();

	(void)state;
	shows(&p, "waiting for the first picture");
	counter_type(p.top, "2" ENTER ESCAPE "j/x" ENTER "srS");
	shows(&p, "[2 Destinations]");
	top_free(p.top);
}

static void names_from_the_host_are_printable(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "3");
	shows(&p, "?[31mred????[4]");
	look(&p, "Gr" ENTER);
	top_free(p.top);
}

static void what_must_not_be_overlooked_is_at_the_top(void **state)
{
	struct play p = play();
	struct view *view;

	(void)state;
	p.rows.lost[0].count = 12;
	view = counter_view(&p.rows);
	view->health.complete = false;
	assert_int_equal(top_take(p.top, view, true), 0);
	view_unref(view);
	shows(&p, "44 refused in 60 s  12 lost  incomplete\n");
	shows(&p, "Pools, and more");
	top_free(p.top);
}

static void a_message_takes_the_last_line(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "");
	top_tell(p.top, "nobody\nanswers");
	shows(&p, "\nnobody?answers\n");
	top_tell(p.top, NULL);
	shows(&p, "\nq quit");
	top_free(p.top);
}

/* --- selection ------------------------------------------------------------------------------- */

static void swap_pools(struct counter *rows)
{
	struct view_pool first = rows->pools[0];

	rows->pools[0] = rows->pools[1];
	rows->pools[1] = first;
}

static void the_selected_row_stays_when_rows_move(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "j");
	selects(&p, "host tcp");
	swap_pools(&p.rows);
	p.rows.pools[0].used = 1;
	look(&p, "");
	selects(&p, "host tcp");
	look(&p, "j");
	selects(&p, "shop tcp");
	top_free(p.top);
}

static void a_neighbour_takes_the_place_of_a_row_that_is_gone(void **state)
{
	struct play p = play();
	struct view *view;

	(void)state;
	look(&p, "G");
	selects(&p, "shop udp");
	view = counter_view(&p.rows);
	view->pools_count = 2;
	assert_int_equal(top_take(p.top, view, false), 0);
	view_unref(view);
	selects(&p, "host tcp");
	top_free(p.top);
}

static void the_cursor_stops_at_both_ends(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "kkk");
	selects(&p, "shop tcp");
	look(&p, "jjjjjjj");
	selects(&p, "shop udp");
	assert_int_equal(top_press(p.top, TOP_KEY_PAGE_UP), 0);
	selects(&p, "shop tcp");
	assert_int_equal(top_press(p.top, TOP_KEY_END), 0);
	selects(&p, "shop udp");
	top_free(p.top);
}

static void the_selected_row_is_scrolled_into_sight(void **state)
{
	struct play p = play();
	char *screen;

	(void)state;
	look(&p, "3G");
	screen = counter_screen(p.top, 7, 80); /* room for two */
	assert_non_null(strstr(screen, "\n>?[31mred"));
	assert_null(strstr(screen, "checkout"));
	free(screen);
	counter_type(p.top, "g");
	screen = counter_screen(p.top, 7, 80);
	assert_non_null(strstr(screen, "\n>checkout"));
	free(screen);
	top_free(p.top);
}

/* --- drill ----------------------------------------------------------------------------------- */

static void pools_lead_to_their_destinations_and_on_to_owners_and_back(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, ENTER);
	shows(&p, "Destinations of shop tcp\n");
	shows(&p, "10.0.0.2:443 ");
	shows_no(&p, "[fd00::9]");
	look(&p, ENTER);
	shows(&p, "Owners of 10.0.0.2:6432 (pgbouncer), shop tcp\n");
	selects(&p,
		"checkout-api[1956] node server.js --port ... checkout.service  2960  75.2%    310");
	look(&p, "j" ENTER);
	shows(&p, "Destinations of celery[1958], shop tcp\n");
	selects(&p, "10.0.0.2:6432 pgbouncer pgbouncer[812] 10.0.0.1      976    976");
	look(&p, "j");
	selects(&p, "10.0.0.2:443 ");
	look(&p, ESCAPE);
	selects(&p, "celery[1958]");
	look(&p, ESCAPE ESCAPE ESCAPE);
	shows(&p, "Pools\n");
	selects(&p, "shop tcp");
	top_free(p.top);
}

static void owners_and_refusals_lead_to_destinations(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "3j" ENTER);
	shows(&p, "Destinations of celery[1958], shop tcp\n");
	look(&p, "4" ENTER);
	shows(&p, "Destinations of celery[1958], shop tcp\n");
	look(&p, "4G" ENTER);
	shows(&p, "Destinations of unknown, shop tcp\n");
	shows(&p, "It holds no port");
	top_free(p.top);
}

static void one_can_go_round_for_ever(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "2");
	for (int i = 0; i < 50; i++)
		counter_type(p.top, ENTER);
	for (int i = 0; i < 50; i++)
		counter_type(p.top, ESCAPE);
	shows(&p, "\nDestinations\n");
	top_free(p.top);
}

static void a_destination_that_is_gone_leaves_an_empty_list(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "2" ENTER);
	p.rows.destinations[0].remote_port = 1;
	look(&p, "");
	shows(&p, "Nobody holds a port toward it any more.");
	look(&p, ENTER "jkG");
	top_free(p.top);
}

static void verdicts_show_their_remedy(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "5");
	shows(&p, "2650 of 3936 ports are in TIME_WAIT");
	shows(&p, "keep connections open in checkout-api");
	look(&p, "6j");
	shows(&p, "23000 of 28232 ports used");
	top_free(p.top);
}

/* --- filter, order, pause -------------------------------------------------------------------- */

static void a_filter_leaves_rows_with_these_letters(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "3/CELE");
	shows(&p, "\n/CELE_\n");
	shows_no(&p, "checkout-api[");
	look(&p, "\177\177\177\177shop" ENTER);
	shows(&p, "filter /shop");
	shows_no(&p, "?[31mred");
	look(&p, "1");
	shows_no(&p, "host"); /* it goes along */
	look(&p, "/q" ENTER);
	shows(&p, "No row has this in it.");
	look(&p, ESCAPE);
	shows(&p, "host");
	top_free(p.top);
}

static void a_filter_can_be_given_up(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "/udp" ENTER "/x" ESCAPE);
	shows(&p, "filter /udp");
	look(&p, "/\025" ENTER);
	shows_no(&p, "filter /");
	assert_int_equal(top_press(p.top, '/'), 0);
	assert_int_equal(top_press(p.top, 0x7db2), 0);
	assert_int_equal(top_press(p.top, TOP_KEY_UP), 0);
	shows(&p, "\n/\xe7\xb6\xb2_\n");
	assert_int_equal(top_press(p.top, TOP_KEY_BACKSPACE), 0);
	shows(&p, "\n/_\n");
	for (int i = 0; i < 100; i++)
		assert_int_equal(top_press(p.top, 0x7db2), 0);
	top_free(p.top);
}

static void where_enter_leads_nothing_is_filtered(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "3/celery" ENTER ENTER);
	selects(&p, "10.0.0.2:6432");
	look(&p, ESCAPE);
	shows(&p, "filter /celery");
	top_free(p.top);
}

static void rows_are_sorted_by_any_column(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "sssssg"); /* SIZE */
	shows(&p, "by SIZE\n");
	selects(&p, "host tcp");
	look(&p, "rg");
	shows(&p, "by SIZE reversed\n");
	selects(&p, "shop udp");
	look(&p, "SSSSg"); /* POOL */
	selects(&p, "host tcp");
	look(&p, "Sg"); /* none */
	selects(&p, "shop tcp");
	shows(&p, "\nPools\n");
	look(&p, "SSSg"); /* FULL IN: the soonest */
	shows(&p, "by FULL IN\n");
	selects(&p, "shop tcp");
	look(&p, "jj");
	selects(&p, "shop udp");
	look(&p, "6sg"); /* the gravest */
	selects(&p, "critical");
	top_free(p.top);
}

static void a_pause_keeps_the_picture(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "p");
	p.rows.pools[0].used = 17;
	look(&p, "");
	shows(&p, "PAUSED\n");
	shows(&p, " 4000 ");
	look(&p, "p");
	look(&p, "");
	shows(&p, "   17 ");
	top_free(p.top);
}

static void names_are_shown_where_there_is_room(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "2");
	selects(&p, "10.0.0.2:6432 pgbouncer pgbouncer[812] shop");
	shows(&p, "SERVICE pgbouncer, ANSWERED BY pgbouncer[812]");
	look(&p, ENTER);
	shows(&p, "Owners of 10.0.0.2:6432 (pgbouncer), shop tcp\n");
	selects(&p, "checkout-api[1956] node server.js --port ... checkout.service  2960");
	look(&p, "j");
	selects(&p, "celery[1958]       python3 -m celery worker  worker-7d9");
	look(&p, "3j");
	selects(&p, "celery[1958]*      python3 -m celery worker  worker-7d9 ");
	shows(&p, "COMMAND python3 -m celery worker,");
	shows(&p, "POD prod/worker-7d9,");
	top_free(p.top);
}

static void names_are_found_and_sorted_by(void **state)
{
	static const char *const words[] = { "worker-7d9", "prod/", "-m celery" };
	struct play p = play();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		look(&p, "3/\025");
		look(&p, words[i]);
		look(&p, ENTER);
		selects(&p, "celery[1958]");
		shows_no(&p, "checkout-api[");
	}
	look(&p, "2/\025https" ENTER);
	selects(&p, "[fd00::9]:443");
	look(&p, "/\025bouncer[8" ENTER);
	selects(&p, "10.0.0.2:6432");
	look(&p, "/\025" ENTER "ssg");
	shows(&p, "by SERVICE\n");
	selects(&p, "10.0.0.2:443"); /* which has none */
	look(&p, "rg");
	selects(&p, "10.0.0.2:6432");
	top_free(p.top);
}

static void a_recording_is_shown_as_one_with_its_time(void **state)
{
	struct playback playback;
	struct play p = play();

	(void)state;
	playback_init(&playback, NOW - 100 * SECOND, 91 * SECOND);
	top_replay(p.top, &playback);
	shows(&p, "waiting for the first picture");
	look(&p, "");
	shows(&p, "REPLAY web-3 10:54:18 UTC");
	shows(&p, "\nREPLAY 2026-11-22 10:54:09 UTC +0:01:31  p pause");
	look(&p, "++");
	shows(&p, "+0:01:31 x4");
	top_tell(p.top, "it is cut");
	shows(&p, "\nit is cut\n");
	shows(&p, "REPLAY web-3");
	top_free(p.top);
}

static void keys_move_in_a_recording(void **state)
{
	struct playback playback;
	struct play p = play();

	(void)state;
	playback_init(&playback, NOW - 123 * (SECOND / 1000), 0);
	top_replay(p.top, &playback);
	look(&p, ".");
	assert_int_equal(playback_shown_ns(&playback), SECOND);
	shows(&p, "PAUSED\n");
	p.rows.pools[0].used = 17;
	look(&p, ""); /* to pause is not to let go */
	shows(&p, "   17 ");
	playback_end(&playback, SECOND);
	shows(&p, "END\n");
	look(&p, "/.,p");
	shows(&p, "\n/.,p_\n"); /* letters of the filter, here */
	assert_int_equal(playback_shown_ns(&playback), SECOND);
	top_free(p.top);
}

static void help_goes_by_any_key_and_q_quits(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "?");
	shows(&p, "any key: back");
	look(&p, "q");
	shows_no(&p, "any key: back");
	assert_int_equal(top_press(p.top, '/'), 0);
	assert_int_equal(top_press(p.top, 'q'), 0);
	assert_int_equal(top_press(p.top, '\r'), 0);
	assert_int_equal(top_press(p.top, 'q'), 1);
	top_free(p.top);
}

static void keys_go_round_the_lists(void **state)
{
	struct play p = play();

	(void)state;
	look(&p, "\t");
	shows(&p, "[2 Destinations");
	look(&p, ENTER "\t");
	shows(&p, "[3 Owners");
	assert_int_equal(top_press(p.top, TOP_KEY_LEFT), 0);
	assert_int_equal(top_press(p.top, TOP_KEY_BACK_TAB), 0);
	assert_int_equal(top_press(p.top, TOP_KEY_LEFT), 0);
	shows(&p, "[6 Alerts");
	assert_int_equal(top_press(p.top, TOP_KEY_RIGHT), 0);
	shows(&p, "[1 Pools");
	top_free(p.top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens_are_as_they_were),
		cmocka_unit_test(no_line_is_wider_than_the_screen),
		cmocka_unit_test(before_the_first_view_there_is_a_screen_too),
		cmocka_unit_test(names_from_the_host_are_printable),
		cmocka_unit_test(what_must_not_be_overlooked_is_at_the_top),
		cmocka_unit_test(a_message_takes_the_last_line),
		cmocka_unit_test(the_selected_row_stays_when_rows_move),
		cmocka_unit_test(a_neighbour_takes_the_place_of_a_row_that_is_gone),
		cmocka_unit_test(the_cursor_stops_at_both_ends),
		cmocka_unit_test(the_selected_row_is_scrolled_into_sight),
		cmocka_unit_test(pools_lead_to_their_destinations_and_on_to_owners_and_back),
		cmocka_unit_test(owners_and_refusals_lead_to_destinations),
		cmocka_unit_test(one_can_go_round_for_ever),
		cmocka_unit_test(a_destination_that_is_gone_leaves_an_empty_list),
		cmocka_unit_test(verdicts_show_their_remedy),
		cmocka_unit_test(a_filter_leaves_rows_with_these_letters),
		cmocka_unit_test(a_filter_can_be_given_up),
		cmocka_unit_test(where_enter_leads_nothing_is_filtered),
		cmocka_unit_test(rows_are_sorted_by_any_column),
		cmocka_unit_test(a_pause_keeps_the_picture),
		cmocka_unit_test(names_are_shown_where_there_is_room),
		cmocka_unit_test(names_are_found_and_sorted_by),
		cmocka_unit_test(a_recording_is_shown_as_one_with_its_time),
		cmocka_unit_test(keys_move_in_a_recording),
		cmocka_unit_test(help_goes_by_any_key_and_q_quits),
		cmocka_unit_test(keys_go_round_the_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
