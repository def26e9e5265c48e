// SPDX-License-Identifier: Apache-2.0
#include "user/record/coder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096
#define NUMBER_BYTES_MAX 10
#define MORE 0x80

/* How an address is written. */
enum { ADDRESS_NONE, ADDRESS_V4, ADDRESS_V6 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct coder coder_writer(void)
{
	return (struct coder){ .writes = true };
}

struct coder coder_reader(const uint8_t *data, size_t size)
{
	return (struct coder){ .data = (uint8_t *)data, .size = size };
}

void coder_done(struct coder *coder)
{
	if (coder->writes)
		free(coder->data);
	*coder = (struct coder){ .writes = coder->writes };
}

/* The next bytes, to write to or to read; NULL: there are not so many. */
static uint8_t *take(struct coder *coder, size_t size)
{
	uint8_t *data;

	if (coder->bad)
		return NULL;
	if (size > coder->size - coder->at && coder->writes) {
		size_t room = (coder->size + size + ROOM_MIN) * 2;

		data = realloc(coder->data, room);
		if (data) {
			coder->data = data;
			coder->size = room;
		}
	}
	if (size > coder->size - coder->at) {
		coder->bad = true;
		return NULL;
	}
	data = coder->data + coder->at;
	coder->at += size;
	return data;
}

static void code_bytes(struct coder *coder, void *bytes, size_t size)
{
	uint8_t *data = take(coder, size);

	if (!data)
		return;
	if (coder->writes)
		memcpy(data, bytes, size);
	else
		memcpy(bytes, data, size);
}

static void write_number(struct coder *coder, uint64_t value)
{
	uint8_t bytes[NUMBER_BYTES_MAX];
	size_t count = 0;

	do {
		bytes[count] = (uint8_t)(value & ~MORE & 0xff);
		value >>= 7;
		if (value)
			bytes[count] |= MORE;
		count++;
	} while (value);
	code_bytes(coder, bytes, count);
}

static uint64_t read_number(struct coder *coder)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 7 * NUMBER_BYTES_MAX; shift += 7) {
		uint8_t byte = 0;

		code_bytes(coder, &byte, 1);
		value |= (uint64_t)(byte & ~MORE) << shift;
		if (byte & MORE)
			continue;
		if (shift == 63 && byte > 1)
			break;
		return coder->bad ? 0 : value;
	}
	coder->bad = true;
	return 0;
}

void coder_number(struct coder *coder, uint64_t *value, uint64_t max)
{
	uint64_t read;

	if (coder->writes) {
		write_number(coder, *value);
		return;
	}
	read = read_number(coder);
	if (read > max)
		coder->bad = true;
	*value = coder->bad ? 0 : read;
}

/* The sign goes into the lowest bit. */
uint64_t coder_near(struct coder *coder, uint64_t value, uint64_t base)
{
	uint64_t difference = value - base;
	uint64_t folded = difference >> 63 ? ~(difference << 1) : difference << 1;

	coder_number(coder, &folded, UINT64_MAX);
	return base + (folded & 1 ? ~(folded >> 1) : folded >> 1);
}

/* Length plus one, the text, and a zero, so that it can be used where it stands. */
void coder_text(struct coder *coder, const char **value, size_t max)
{
	uint64_t length = coder->writes && *value ? strnlen(*value, max) + 1 : 0;
	uint8_t zero = 0;
	char *text;

	coder_number(coder, &length, max + 1);
	if (!coder->writes)
		*value = NULL;
	if (!length)
		return;
	text = (char *)take(coder, length - 1);
	if (text && coder->writes)
		memcpy(text, *value, length - 1);
	code_bytes(coder, &zero, 1);
	if (!text || coder->bad || coder->writes)
		return;
	if (zero || memchr(text, 0, length - 1))
		coder->bad = true;
	else
		*value = text;
}

void coder_name(struct coder *coder, char *value, size_t size)
{
	const char *text = value;

	coder_text(coder, &text, size - 1);
	if (coder->writes)
		return;
	memset(value, 0, size);
	snprintf(value, size, "%s", text ? text : "");
}

static uint8_t form_of(const uint8_t address[16])
{
	static const uint8_t none[16];

	if (!memcmp(address, none, sizeof(none)))
		return ADDRESS_NONE;
	return memcmp(address, mapped, sizeof(mapped)) ? ADDRESS_V6 : ADDRESS_V4;
}

void coder_address(struct coder *coder, uint8_t value[16])
{
	uint64_t form = coder->writes ? form_of(value) : 0;

	coder_number(coder, &form, ADDRESS_V6);
	if (!coder->writes)
		memset(value, 0, 16);
	if (form == ADDRESS_V6)
		code_bytes(coder, value, 16);
	if (form != ADDRESS_V4)
		return;
	if (!coder->writes)
		memcpy(value, mapped, sizeof(mapped));
	code_bytes(coder, value + sizeof(mapped), 16 - sizeof(mapped));
}
