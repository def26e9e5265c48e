/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hashes of all tables of the ledger. Their keys are made of words, so eight bytes are mixed at
 * a time: that takes a tenth of uthash's own, which looks at each, and every event asks five
 * tables. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Of one word, where every instruction counts. */
static inline uint32_t hash_word(uint64_t word)
{
	word ^= word >> 33;
	word *= 0xff51afd7ed558ccdULL;
	word ^= word >> 33;
	return (uint32_t)(word ^ word >> 32);
}

/* One step of it, and no hash by itself: keys that differ in few bits would stand in rows. */
static inline uint64_t hash_mix(uint64_t value)
{
	value *= 0xff51afd7ed558ccdULL;
	return value ^ value >> 32;
}

/* What is left of a size that is no multiple of eight is read as if zeros followed. */
static inline uint32_t hash_words(const void *key, size_t size)
{
	const unsigned char *at = key;
	uint64_t hash = size;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_mix(hash ^ word);
	}
	if (size) {
		word = 0;
		memcpy(&word, at, size);
		hash = hash_mix(hash ^ word);
	}
	return (uint32_t)hash_mix(hash);
}
