/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What agent and broker say to each other, over a SOCK_SEQPACKET pair: one question of a fixed
 * size, then one answer. A list that may be long comes as a file in memory, an array of the words
 * it is made of.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/host/netns_door.h"

enum broker_kind {
	BROKER_PROCESSES = 1, /* answer: a file of struct netns_process */
	BROKER_NETNS,         /* with its file, or of pid; answer: its door */
	BROKER_SOCKETS,       /* of pid; answer: a file of inode numbers; count: links looked at */
	BROKER_PROGRAM,       /* of pid; answer: text */
	BROKER__END,
};

struct broker_question {
	uint32_t kind;
	uint32_t pid;    /* 0: none */
	uint32_t inode;  /* BROKER_NETNS: the one that it must be */
	uint32_t extent; /* BROKER_NETNS: 1: open what the source looks at, too; _SOCKETS: links */
};

#define BROKER_TEXT_MAX 4096

struct broker_answer {
	int32_t error; /* 0, or a negative errno, and no descriptors */
	uint32_t count;
	uint32_t parts; /* BROKER_NETNS: bit by netns_door_part: the descriptors that follow */
	uint32_t reserved;
	char text[BROKER_TEXT_MAX];
};

_Static_assert(sizeof(struct broker_question) == 16, "a question has one size");

/* One message with as many descriptors as count. A negative errno; they stay the caller's. */
int broker_send(int socket, const void *data, size_t size, const int *fds, size_t count);

/* One message of exactly this size, and at most *count descriptors, which the caller closes. Waits
 * for the socket's SO_RCVTIMEO. -ECONNRESET: the other end is gone; -ETIMEDOUT; -EBADMSG: it is
 * something else, and is taken off the socket, its descriptors closed. */
int broker_receive(int socket, void *data, size_t size, int *fds, size_t *count);
