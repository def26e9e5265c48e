// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "exporters/http/gzip.h"
#include "user/base/util.h"

#define MUCH 300000

/* As gzip would read it: 16 says that there must be a gzip header. */
static void assert_unpacks(const char *packed, size_t packed_size, const char *body, size_t size)
{
	CLEANUP(freep) char *out = malloc(size + 1);
	z_stream stream = {
		.next_in = (unsigned char *)(uintptr_t)packed,
		.avail_in = (unsigned int)packed_size,
		.next_out = (unsigned char *)out,
		.avail_out = (unsigned int)size + 1,
	};

	assert_non_null(out);
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, size);
	assert_int_equal(stream.avail_in, 0);
	assert_memory_equal(out, body, size);
	inflateEnd(&stream);
}

static void bodies_come_out_as_they_went_in(void **state)
{
	CLEANUP(freep) char *body = malloc(MUCH);
	static const size_t sizes[] = { 1, 1024, MUCH };
	unsigned int random = 1;

	(void)state;
	assert_non_null(body);
	for (size_t i = 0; i < MUCH; i++) { /* hard to pack */
		random = random * 1103515245 + 12345;
		body[i] = (char)(random >> 16);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		CLEANUP(freep) char *packed = NULL;
		size_t size;

		assert_int_equal(gzip_pack(&packed, &size, body, sizes[i]), 0);
		assert_unpacks(packed, size, body, sizes[i]);
	}
}

static void metrics_get_much_smaller(void **state)
{
	CLEANUP(freep) char *body = calloc(1, MUCH + 100);
	CLEANUP(freep) char *packed = NULL;
	size_t n = 0;
	size_t size;

	(void)state;
	assert_non_null(body);
	for (int i = 0; n < MUCH; i++)
		n += (size_t)sprintf(body + n, "portgauge_x{remote=\"10.0.%d.%d\"} %d\n", i / 256,
				     i % 256, i);
	assert_int_equal(gzip_pack(&packed, &size, body, n), 0);
	assert_true(size < n / 4);
	assert_unpacks(packed, size, body, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_come_out_as_they_went_in),
		cmocka_unit_test(metrics_get_much_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
