/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenarios that prove the agent exact. One agent, which never reconciles of its own accord,
 * watches them all; each has a fresh namespace, in which it does something and expects the agent
 * to say just that. What the agent says without being asked is exact; what it says only after it
 * was told to look at the kernel's tables took a reconcile; the rest is invisible. A case states
 * which of these each source reaches; to be better is as wrong as to be worse, for docs/sources.md
 * is made of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "actor.h"
#include "check.h"
#include "claim.h"
#include "kernel.h"
#include "space.h"
#include "user/base/text.h"

#define LOCALHOST "127.0.0.1"
#define OTHER_LOCALHOST "127.0.0.9"
#define MAPPED_LOCALHOST "::ffff:127.0.0.1"
#define MODEL_FIRST 40000
#define MODEL_LAST 40999
#define MODEL_ACTORS_MAX 12

enum case_class {
	CLASS_EXACT = 1,
	CLASS_RECONCILE,
	CLASS_INVISIBLE,
};

struct model;

struct model_case {
	const char *name; /* a claim */
	void (*play)(struct model *model);
	const char *(*lacks)(void); /* what this kernel lacks for it; NULL: nothing */
	/* 0: the source's usual, which is CLASS_RECONCILE for diag and CLASS_EXACT for others */
	enum case_class fentry;
	enum case_class kprobe;
	enum case_class tracepoint;
	enum case_class diag;
	const char *why;      /* it is not the usual */
	const char *diag_why; /* the same of diag; NULL: as above */
	/* What diag lacks on this kernel, which makes the case invisible to it; NULL: nothing. */
	const char *(*diag_lacks)(void);
};

/* What diag cannot know, because sock_diag does not tell. */
#define DIAG_NO(why_) .diag = CLASS_INVISIBLE, .diag_why = "sock_diag does not tell " why_
#define DIAG_REFUSALS DIAG_NO("of refusals")
#define DIAG_CHOICE DIAG_NO("who chose a connection's port")
#define DIAG_GONE DIAG_NO("whose a socket was that nobody has open any more")
#define DIAG_HOLDER DIAG_NO("who opened a socket, only who has it open")
#define DIAG_WINDOW DIAG_NO("of IP_LOCAL_PORT_RANGE")
#define DIAG_KERNEL DIAG_NO("that a socket is the kernel's")
#define DIAG_BOUND .diag_lacks = kernel_lacks_bound_dump
#define DIAG_STUCK .diag_lacks = kernel_lacks_dump_of_blocked_ports
/* Only that nothing is left is expected, which diag has from the start. */
#define DIAG_NOTHING .diag = CLASS_EXACT, .diag_why = "there is nothing to see"

struct bench;

/* One run of one case. */
struct model {
	const struct model_case *plan;
	struct bench *bench;
	char clients[32]; /* the namespace whose ports are counted, MODEL_FIRST to MODEL_LAST */
	char servers[32]; /* the other end, where there is one */
	uint32_t netns;   /* inode of clients */
	char since[TEXT_TIME_MAX]; /* when it began */
	struct actor *actors[MODEL_ACTORS_MAX];
	unsigned int actors_count;
	enum case_class seen; /* the worst so far */
	const char *lacks;    /* diag, on this kernel; NULL: nothing */
	bool disturbed;       /* the agent reconciled by itself: this run proves nothing */
	double skipped;       /* runs of BPF programs that the kernel had skipped when it began */
	bool joined;
};

/* Actors end with the case. In clients: a process; one that listens. */
struct actor *model_actor(struct model *model, const char *name);
struct actor *model_server(struct model *model, const char *address, uint16_t port);
/* Joins clients by a veth with servers, where a process listens on ADDRESS_B:port. */
struct actor *model_remote_server(struct model *model, uint16_t port);
/* For those that were started otherwise: stopped at the end; or stopped now. */
struct actor *model_adopt(struct model *model, struct actor *actor);
void model_stop(struct model *model, struct actor *actor);

/* In clients: below /proc/sys/net/ipv4; and the range. */
void model_sysctl(struct model *model, const char *name, const char *value);
void model_range(struct model *model, const char *range);

/* Waits until the kernel itself counts so many lines of `ss OPTIONS FILTER` in clients. */
void model_settles(struct model *model, const char *options, const char *filter,
		   unsigned int lines);

/* Demands that all of count failed, and how. */
void all_failed(struct outcome outcome, uint32_t count, int error);
/* The first so many succeeded, the rest failed. */
void some_failed(struct outcome outcome, uint32_t done, uint32_t failed, int error);

/* Tells the agent to look at the kernel's tables: what was exact must stay so. */
void model_reconcile(struct model *model);

/* The agent must say just this of clients, within the class that the case states. */
void model_expect(struct model *model, const struct claim *claims, size_t count, int line);
#define EXPECT(model, ...)                                                                 \
	model_expect(model, (const struct claim[]){ __VA_ARGS__ },                         \
		     sizeof((const struct claim[]){ __VA_ARGS__ }) / sizeof(struct claim), \
		     __LINE__)
/* The same of another namespace that the case made. */
#define EXPECT_IN(model, name, ...)                                                           \
	model_expect_in(model, name, (const struct claim[]){ __VA_ARGS__ },                   \
			sizeof((const struct claim[]){ __VA_ARGS__ }) / sizeof(struct claim), \
			__LINE__)
void model_expect_in(struct model *model, const char *name, const struct claim *claims,
		     size_t count, int line);
#define EXPECT_NOTHING(model) model_expect(model, NULL, 0, __LINE__)

/* --- for main() ------------------------------------------------------------------------------ */

/* source: NULL lets the agent choose. results: a file to append a line a case to; or NULL. */
struct bench *bench_new(const char *source, const char *results);
/* Stops the agent; 0, or how it went wrong. */
int bench_free(struct bench *bench);

/* A case and the bench it runs on; the state of a test. */
struct model_entry {
	const struct model_case *plan;
	struct bench *bench;
};

struct CMUnitTest model_test(struct model_entry *entry);

/* The cases by theme; each table ends with an empty row. */
extern const struct model_case model_bind_cases[];
extern const struct model_case model_blocked_cases[];
extern const struct model_case model_connect_cases[];
extern const struct model_case model_identity_cases[];
extern const struct model_case model_netns_cases[];
extern const struct model_case model_range_cases[];
extern const struct model_case model_refusal_cases[];
extern const struct model_case model_timewait_cases[];
extern const struct model_case model_udp_cases[];
extern const struct model_case model_vrf_cases[];
