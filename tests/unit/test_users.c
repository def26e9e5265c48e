// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <crypt.h>
#include <pthread.h>
#include <string.h>

#include "exporters/http/authorization.h"
#include "exporters/http/settings.h"
#include "exporters/http/users.h"
#include "user/base/util.h"

#define THREADS 32

/* The cheapest cost there is, so that the test is quick. */
static const char *hash_of(char ret[CRYPT_OUTPUT_SIZE], const char *password)
{
	struct crypt_data data = { 0 };

	snprintf(ret, CRYPT_OUTPUT_SIZE, "%s",
		 crypt_r(password, "$2b$04$abcdefghijklmnopqrstuu", &data));
	return ret;
}

struct house {
	struct users *users;
	struct settings settings;
	struct user list[2];
	char hashes[2][CRYPT_OUTPUT_SIZE];
};

static int open_house(void **state)
{
	struct house *house = calloc(1, sizeof(*house));

	if (!house || users_new(&house->users) < 0)
		return -1;
	house->list[0] = (struct user){ "anna", hash_of(house->hashes[0], "rose") };
	house->list[1] = (struct user){ "bert", hash_of(house->hashes[1], "tulip") };
	house->settings.users = house->list;
	house->settings.users_count = 2;
	*state = house;
	return 0;
}

static int close_house(void **state)
{
	struct house *house = *state;

	users_free(house->users);
	free(house);
	return 0;
}

static enum users_verdict check(const struct house *house, const char *name, const char *password)
{
	return users_check(house->users, &house->settings, name, password);
}

static enum users_verdict recall(const struct house *house, const char *name, const char *password)
{
	return users_recall(house->users, &house->settings, name, password);
}

static void only_the_right_password_is_right(void **state)
{
	const struct house *house = *state;

	assert_int_equal(check(house, "anna", "rose"), USERS_RIGHT);
	assert_int_equal(check(house, "bert", "tulip"), USERS_RIGHT);
	assert_int_equal(check(house, "anna", "tulip"), USERS_WRONG);
	assert_int_equal(check(house, "anna", ""), USERS_WRONG);
	assert_int_equal(check(house, "anna", "rose "), USERS_WRONG);
	assert_int_equal(check(house, "", ""), USERS_WRONG);
}

/* An unknown name is checked against one of the others' hashes: matching that one opens nothing. */
static void nobody_gets_in_with_anothers_password(void **state)
{
	static const char *const names[] = { "carl", "Anna", "", "anna2", "root", "x" };
	const struct house *house = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(check(house, names[i], "rose"), USERS_WRONG);
		assert_int_equal(check(house, names[i], "tulip"), USERS_WRONG);
		assert_int_equal(recall(house, names[i], "rose"), USERS_WRONG);
	}
}

static void what_was_right_is_remembered(void **state)
{
	const struct house *house = *state;

	assert_int_equal(recall(house, "anna", "rose"), USERS_WRONG);
	assert_int_equal(check(house, "anna", "rose"), USERS_RIGHT);
	assert_int_equal(recall(house, "anna", "rose"), USERS_RIGHT);
	assert_int_equal(recall(house, "bert", "rose"), USERS_WRONG);
	assert_int_equal(check(house, "anna", "tulip"), USERS_WRONG);
	assert_int_equal(recall(house, "anna", "tulip"), USERS_WRONG);
}

static void a_changed_or_removed_user_is_not_recalled(void **state)
{
	struct house *house = *state;

	assert_int_equal(check(house, "anna", "rose"), USERS_RIGHT);
	assert_int_equal(check(house, "bert", "tulip"), USERS_RIGHT);
	house->settings.users_count = 1; /* bert is gone */
	assert_int_equal(recall(house, "bert", "tulip"), USERS_WRONG);
	hash_of(house->hashes[0], "lily"); /* anna has another password */
	assert_int_equal(recall(house, "anna", "rose"), USERS_WRONG);
	assert_int_equal(check(house, "anna", "rose"), USERS_WRONG);
	assert_int_equal(check(house, "anna", "lily"), USERS_RIGHT);
}

static void the_longest_name_and_password_fit(void **state)
{
	const struct house *house = *state;
	char text[AUTHORIZATION_MAX + 1];

	memset(text, 'x', AUTHORIZATION_MAX);
	text[AUTHORIZATION_MAX] = '\0';
	assert_int_equal(check(house, text, text), USERS_WRONG);
	assert_int_equal(check(house, "anna", text), USERS_WRONG);
}

static void *check_wrong(void *data)
{
	return (void *)(intptr_t)check(data, "anna", "wrong");
}

/* However many come at once, each is answered; the right password is recalled all the while. */
static void a_crowd_is_bounded_and_keeps_nobody_waiting(void **state)
{
	struct house *house = *state;
	pthread_t threads[THREADS];

	assert_int_equal(check(house, "anna", "rose"), USERS_RIGHT);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, check_wrong, house), 0);
	assert_int_equal(recall(house, "anna", "rose"), USERS_RIGHT);
	for (size_t i = 0; i < THREADS; i++) {
		void *verdict;

		pthread_join(threads[i], &verdict);
		assert_int_not_equal((intptr_t)verdict, USERS_RIGHT);
	}
	assert_int_equal(check(house, "bert", "tulip"), USERS_RIGHT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_the_right_password_is_right, open_house,
						close_house),
		cmocka_unit_test_setup_teardown(nobody_gets_in_with_anothers_password, open_house,
						close_house),
		cmocka_unit_test_setup_teardown(what_was_right_is_remembered, open_house,
						close_house),
		cmocka_unit_test_setup_teardown(a_changed_or_removed_user_is_not_recalled,
						open_house, close_house),
		cmocka_unit_test_setup_teardown(the_longest_name_and_password_fit, open_house,
						close_house),
		cmocka_unit_test_setup_teardown(a_crowd_is_bounded_and_keeps_nobody_waiting,
						open_house, close_house),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
