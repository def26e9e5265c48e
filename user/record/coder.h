/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, texts and addresses as bytes that mean the same on every machine. One description of a
 * record serves both ways: a coder either writes what it is given a pointer to, or reads into it.
 * Pure. Whatever is wrong makes it bad, and it then reads zeros and writes nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coder {
	bool writes;
	bool bad;      /* read: malformed; written: no memory */
	uint8_t *data; /* written: its own, grows; read: borrowed, never changed */
	size_t at;     /* bytes written, or read */
	size_t size;   /* of the room, or of what there is to read */
};

/* coder_done() frees what it wrote. */
struct coder coder_writer(void);
struct coder coder_reader(const uint8_t *data, size_t size);
void coder_done(struct coder *coder);

/* At most max: small numbers take fewer bytes. */
void coder_number(struct coder *coder, uint64_t *value, uint64_t max);
/* The same of a difference, for a value near base on either side. Returns the value. */
uint64_t coder_near(struct coder *coder, uint64_t value, uint64_t base);

/* NULL is a text of its own. Read: points into the data. */
void coder_text(struct coder *coder, const char **value, size_t max);
/* A terminated text in an array. */
void coder_name(struct coder *coder, char *value, size_t size);
/* 16 bytes, IPv4 mapped. */
void coder_address(struct coder *coder, uint8_t value[16]);

/* A whole field of an unsigned type, or an enumeration. */
#define coder_field(coder, field)                                                     \
	do {                                                                          \
		uint64_t value_ = (uint64_t)(field);                                  \
		coder_number(coder, &value_, UINT64_MAX >> (64 - 8 * sizeof(field))); \
		(field) = (__typeof__(field))value_;                                  \
	} while (0)
