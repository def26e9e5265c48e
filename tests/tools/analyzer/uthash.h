/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What uthash means, for clang-tidy only; never compiled in. The analyzer cannot follow the real
 * macros' buckets and reports uses after free that cannot be. Here a table is a singly linked
 * list, growing it may fail, and what is deleted is not in it any more. A macro of uthash that
 * is missing here shows as an undeclared function: add it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct UT_hash_handle {
	void *tbl;
	void *prev;
	void *next;
} UT_hash_handle;

/* Nobody knows what these do, so that the analyzer tries both ways. */
bool uthash_differs(const void *element, const void *key, size_t size);
void *uthash_table(void);
void uthash_unlink(void *head, void *element);
unsigned int uthash_count(const void *head);

#define HASH_COUNT(head) uthash_count(head)

#define HASH_FIND(hh_, head, key, size, found)                              \
	for ((found) = (head); (found) && uthash_differs(found, key, size); \
	     (found) = (found)->hh_.next)                                   \
	continue
#define HASH_FIND_STR(head, key, found) HASH_FIND(hh, head, key, strlen(key), found)

/* As with HASH_NONFATAL_OOM: what does not fit has no table. */
#define HASH_ADD(hh_, head, field, size, element)                           \
	((element)->hh_.next = (head), (element)->hh_.tbl = uthash_table(), \
	 (head) = (element)->hh_.tbl ? (element) : (head))
#define HASH_ADD_STR(head, field, element) HASH_ADD(hh, head, field, 0, element)

#define HASH_DEL(head, element) \
	((head) == (element) ? (void)((head) = (element)->hh.next) : uthash_unlink(head, element))

#define HASH_ITER(hh_, head, element, following)                                                  \
	for ((element) = (head), (following) = (element) ? (element)->hh_.next : NULL; (element); \
	     (element) = (following), (following) = (element) ? (element)->hh_.next : NULL)
