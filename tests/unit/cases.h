/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded cases for verdicts: what goes on in a second, again and again, in a namespace of 1000
 * ports, 40000 to 40999. Include after cmocka.h.
 */
#pragma once

#include "tests/unit/books.h"

#define CASE_SIZE 1000
#define CASE_HOLDS_MAX 65536

/* A traffic of one kind. Holds are closed in the order in which they were opened. */
struct traffic {
	struct saying saying; /* of each hold; id and port are its own */
	uint64_t first_id;
	uint16_t first_port; /* of the range; 0 is its first one */
	uint16_t ports;      /* from there on, in turn; 0: all */
	uint32_t opened;
	uint32_t closed;
	uint32_t ended; /* out of TIME_WAIT */
};

static inline struct netns_facts case_facts(void)
{
	struct netns_facts facts = usual_facts();

	facts.last = (uint16_t)(facts.first + CASE_SIZE - 1);
	return facts;
}

static inline struct books case_open(void)
{
	struct books books = books_open();
	struct netns_facts facts = case_facts();

	tell(&books, &facts);
	pass(&books, SECOND);
	return books;
}

static inline void opens(struct books *books, struct traffic *traffic, uint32_t count)
{
	struct saying saying = traffic->saying;

	for (uint32_t i = 0; i < count; i++) {
		saying.id = traffic->first_id + traffic->opened;
		saying.port =
			(uint16_t)(EVENT_FIRST + traffic->first_port +
				   traffic->opened % (traffic->ports ? traffic->ports : CASE_SIZE));
		apply(books, make_taken(&saying));
		traffic->opened++;
	}
}

static inline void closes(struct books *books, struct traffic *traffic, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		release(books, .id = traffic->first_id + traffic->closed++);
}

static inline void waits(struct books *books, struct traffic *traffic, uint32_t count,
			 uint8_t tw_flags)
{
	for (uint32_t i = 0; i < count; i++)
		time_wait(books, .id = traffic->first_id + traffic->closed++, .tw_flags = tw_flags);
}

static inline void ends(struct books *books, struct traffic *traffic, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		release(books, .id = traffic->first_id + traffic->ended++);
}

/* The only verdict of this name; NULL: there is none. */
static inline const struct view_verdict *find_verdict(struct books *books, const char *name)
{
	const struct view *view = look(books);
	const struct view_verdict *found = NULL;

	for (size_t i = 0; i < view->verdicts_count; i++) {
		if (strcmp(view->verdicts[i].verdict, name) != 0)
			continue;
		assert_null(found);
		found = &view->verdicts[i];
	}
	return found;
}

/* The only verdict there is. */
static inline const struct view_verdict *only_verdict(struct books *books, const char *name)
{
	const struct view *view = look(books);

	if (view->verdicts_count != 1)
		fail_msg("%zu verdicts, first %s", view->verdicts_count,
			 view->verdicts_count ? view->verdicts[0].verdict : "none");
	assert_string_equal(view->verdicts[0].verdict, name);
	return &view->verdicts[0];
}

static inline void no_verdict(struct books *books)
{
	const struct view *view = look(books);

	for (size_t i = 0; i < view->verdicts_count; i++)
		fail_msg("%s: %s", view->verdicts[i].subject, view->verdicts[i].text);
}
