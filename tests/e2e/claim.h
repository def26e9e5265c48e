/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a snapshot must say of one network namespace, no more and no less: a row that no claim
 * speaks of is as wrong as a claim without its row, and a number that a claim leaves out is 0, or
 * follows from the others as the comments say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#define ANY (-1)
#define CLAIM_SIZE 1000 /* of the pools of a scenario that does not change them */
#define CLAIM_REPLY_MAX 512

enum claim_kind { CLAIM_POOL, CLAIM_DESTINATION, CLAIM_OWNER, CLAIM_REFUSED };

struct claim {
	enum claim_kind kind;
	const char *protocol;
	const char *process; /* destination: the only one there is; NULL: any */
	const char *local;   /* destination; NULL: any */
	const char *remote;
	uint16_t port;    /* of the remote end */
	unsigned int vrf; /* interface index */
	int size;         /* pool; 0: CLAIM_SIZE */
	int capacity;     /* destination; 0: size less exclusive of its pool's claim */
	int free;         /* destination, in place of capacity and used */
	int used;         /* 0: the sum of what follows, recyclable ones not counted */
	int shared;
	int exclusive;
	int active;
	int time_wait;
	int recyclable;
	int refusals;      /* owner; or how often a refusal is listed, 0: once */
	const char *path;  /* refused: "connect", "bind", "listen" or "autobind" */
	const char *error; /* refused: name of the errno */
	uint16_t first;    /* destination: of IP_LOCAL_PORT_RANGE */
	uint16_t last;
	pid_t pid; /* owner or refused; 0: any */
};

#define TCP(...) ((struct claim){ .kind = CLAIM_POOL, .protocol = "tcp", __VA_ARGS__ })
#define UDP(...) ((struct claim){ .kind = CLAIM_POOL, .protocol = "udp", __VA_ARGS__ })
#define TOWARD(remote_, port_, ...) \
	((struct claim){ .kind = CLAIM_DESTINATION, .remote = remote_, .port = port_, __VA_ARGS__ })
#define OWNER(process_, protocol_, ...) \
	((struct claim){                \
		.kind = CLAIM_OWNER, .process = process_, .protocol = protocol_, __VA_ARGS__ })
#define REFUSED(process_, path_, error_, ...)   \
	((struct claim){ .kind = CLAIM_REFUSED, \
			 .process = process_,   \
			 .path = path_,         \
			 .error = error_,       \
			 __VA_ARGS__ })

/* What is heard. */
struct scope {
	uint32_t netns;
	const char *since; /* refusals before this time (RFC 3339) are another's */
};

/* True: the snapshot says just that. Else reply says what differs first. */
bool claims_hold(const json_t *snapshot, const struct scope *scope, const struct claim *claims,
		 size_t count, char reply[CLAIM_REPLY_MAX]);

/* No pool, destination or owner of this namespace at all. */
bool claims_nothing_known(const json_t *snapshot, uint32_t netns);
