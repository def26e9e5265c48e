/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every alert there is, and what each receiver knows of it. Pure: times are arguments
 * (CLOCK_MONOTONIC).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known;
struct message;

struct known_config {
	size_t receivers;
	size_t alerts_max;
	uint64_t resend_ns;
	uint64_t retention_ns; /* of what has ended */
	uint64_t max_age_ns;   /* the same, where a receiver does not know it yet */
};

/* -ENOMEM: *ret is untouched. */
int known_new(struct known **ret, const struct known_config *config);
void known_free(struct known *known); /* NULL is fine */

/* The newest state of an alert. Takes a reference. When there is no room, the alert that ended
 * first goes; if none has ended, or memory runs out, false. An end of what nobody knew is nothing
 * new. */
bool known_take(struct known *known, struct message *message, uint64_t now_ns);

/* A look at everything that fires: known_take for each, between these two. What was not among them
 * has ended, at epoch (ns since the epoch); what ended long ago is forgotten. */
void known_look_begin(struct known *known);
void known_look_end(struct known *known, uint64_t now_ns, uint64_t epoch);

/* Up to max alerts that the receiver is to be told of; they are under way until known_told or
 * known_untold. Borrowed until the next call but these. */
size_t known_due(struct known *known, size_t receiver, uint64_t now_ns, const struct message **ret,
		 size_t max);
/* Returns how many. */
size_t known_told(struct known *known, size_t receiver, uint64_t now_ns);
void known_untold(struct known *known, size_t receiver);

/* States that a receiver does not know yet, of all receivers together. */
uint64_t known_waiting(const struct known *known);
/* Those that it never will. */
uint64_t known_dropped(const struct known *known);
