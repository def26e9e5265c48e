/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that wait for one receiver, oldest first. Bounded in number and age: what has to go is
 * counted. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message;

struct queue {
	struct message **slots;
	size_t max;
	size_t head;
	size_t count;
	bool held; /* the oldest is under way */
	uint64_t max_age_ns;
	uint64_t dropped;
};

/* max: at least 2 are kept, so that one may wait while another is under way. -ENOMEM. */
int queue_init(struct queue *queue, size_t max, uint64_t max_age_ns);
void queue_done(struct queue *queue); /* a zeroed one is fine */

/* Takes a reference. A full queue drops its oldest message that is not under way. */
void queue_push(struct queue *queue, struct message *message);

/* Drops what is too old, but not what is under way. */
void queue_expire(struct queue *queue, uint64_t now_ns);

/* The oldest that is young enough, which stays and is under way from now on; NULL: none. */
struct message *queue_take(struct queue *queue, uint64_t now_ns);

/* The end of being under way. gone: it leaves the queue; else it is the oldest again. */
void queue_give_back(struct queue *queue, bool gone);
