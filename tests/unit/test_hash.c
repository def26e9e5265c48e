// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "user/core/hash.h"

#define KEYS 65536UL
#define SLOTS (2 * KEYS)

/* Steps to a free slot for all of the keys, one slot after the other as in holds.c. */
static uint64_t steps(uint32_t (*hash)(uint32_t number))
{
	bool *taken = calloc(SLOTS, sizeof(*taken));
	uint64_t count = 0;

	assert_non_null(taken);
	for (uint32_t number = 0; number < KEYS; number++) {
		size_t i = hash(number) & (SLOTS - 1);

		for (; taken[i]; i = (i + 1) & (SLOTS - 1))
			count++;
		taken[i] = true;
	}
	free(taken);
	return count;
}

static uint32_t of_time_and_processor(uint32_t number)
{
	return hash_word((uint64_t)(1000 + number * 17) << 10 | number % 2);
}

static uint32_t of_port_and_address(uint32_t number)
{
	return hash_word(0x55d0c0ffe000 + ((uint64_t)number << 48));
}

static uint32_t of_number(uint32_t number)
{
	return hash_words(&number, sizeof(number));
}

static uint32_t of_last_word(uint32_t number)
{
	const uint64_t key[] = { 1, 2, number };

	return hash_words(key, sizeof(key));
}

/* By chance a table that is half full takes half a step a key. */
static void keys_that_differ_in_few_bits_stand_apart(void **state)
{
	static uint32_t (*const hashes[])(uint32_t) = { of_time_and_processor, of_port_and_address,
							of_number, of_last_word };

	(void)state;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		assert_true(steps(hashes[i]) < KEYS);
}

static void every_byte_and_the_size_count(void **state)
{
	uint8_t key[20] = { 0 };
	const uint32_t none = hash_words(key, sizeof(key));

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = 1;
		assert_int_not_equal(hash_words(key, sizeof(key)), none);
		key[i] = 0;
	}
	assert_int_not_equal(hash_words(key, sizeof(key) - 1), none);
	assert_int_equal(hash_words(key, sizeof(key)), none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_differ_in_few_bits_stand_apart),
		cmocka_unit_test(every_byte_and_the_size_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
