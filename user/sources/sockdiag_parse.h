/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the kernel's answers to sockdiag.h. Pure; no length in them is believed. */
#pragma once

#include "user/sources/sockdiag.h"

/* One question, and what to do with what answers it. */
struct sockdiag_answer {
	const struct sockdiag_query *query;
	sockdiag_handler *handler;
	void *context;
	uint32_t sequence; /* of the question; other answers are passed over */
	uint32_t port_id;
	bool named;       /* asked for ports that bind() named */
	bool single;      /* one object is the whole answer, not a list */
	bool interrupted; /* out: the tables changed meanwhile, read again */
};

/* Parses one datagram. 1: that was the end; 0: more follows; else as sockdiag_read. */
int sockdiag_parse(struct sockdiag_answer *answer, const void *data, size_t size);
