/* SPDX-License-Identifier: Apache-2.0 */
/* Readings of kernel and ledger built by hand. Include after cmocka.h. */
#pragma once

#include "tests/unit/objects.h"
#include "user/base/util.h"
#include "user/verify/verify_reading.h"

static inline struct verify_reading kernel_of(const struct sockdiag_record *records, size_t count)
{
	struct verify_reading reading = { .side = VERIFY_KERNEL };

	for (size_t i = 0; i < count; i++)
		assert_int_equal(verify_add_object(&reading, &records[i]), 0);
	verify_sort(&reading);
	return reading;
}

static inline struct verify_reading ledger_of(const struct holds_dump_record *records, size_t count)
{
	struct verify_reading reading = { .side = VERIFY_LEDGER };

	for (size_t i = 0; i < count; i++)
		assert_int_equal(verify_add_hold(&reading, &records[i]), 0);
	verify_sort(&reading);
	return reading;
}

#define OBJECTS(...) ((const struct sockdiag_record[]){ __VA_ARGS__ })
#define HOLDS(...) ((const struct holds_dump_record[]){ __VA_ARGS__ })
#define kernel(...) kernel_of(OBJECTS(__VA_ARGS__), ARRAY_SIZE(OBJECTS(__VA_ARGS__)))
#define ledger(...) ledger_of(HOLDS(__VA_ARGS__), ARRAY_SIZE(HOLDS(__VA_ARGS__)))
#define nothing_of(which) ((struct verify_reading){ .side = (which) })
