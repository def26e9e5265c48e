// SPDX-License-Identifier: Apache-2.0
#include "exporters/json/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"
#include "user/base/util.h"

json_t *value_text(const char *s)
{
	CLEANUP(freep) char *clean = NULL;
	size_t size;

	if (!s || !*s)
		return json_null();
	size = strlen(s) + 1;
	clean = malloc(size);
	if (!clean)
		return NULL;
	return json_string(text_printable(clean, size, s));
}

json_t *value_time(uint64_t time_ns)
{
	char text[TEXT_TIME_MAX];

	return time_ns ? json_string(text_time(text, time_ns)) : json_null();
}

json_t *value_number(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

json_t *value_count(uint64_t count)
{
	return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

json_t *value_address(const uint8_t address[16])
{
	char text[TEXT_ADDRESS_MAX];

	return json_string(text_address(text, address));
}

static void check(json_t **document, int r)
{
	if (r == 0)
		return;
	json_decref(*document);
	*document = NULL;
}

void value_put(json_t **document, const char *key, json_t *value)
{
	check(document, json_object_set_new(*document, key, value));
}

void value_append(json_t **document, json_t *value)
{
	check(document, json_array_append_new(*document, value));
}
