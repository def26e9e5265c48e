// SPDX-License-Identifier: Apache-2.0
/* What the cases are made of. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "user/base/clock.h"
#include "watch.h"

#define SETTLED_S 20
#define POLL_US 50000

struct actor *model_adopt(struct model *model, struct actor *actor)
{
	assert_true(model->actors_count < MODEL_ACTORS_MAX);
	model->actors[model->actors_count++] = actor;
	return actor;
}

struct actor *model_actor(struct model *model, const char *name)
{
	return model_adopt(model, actor_start(model->clients, name));
}

struct actor *model_server(struct model *model, const char *address, uint16_t port)
{
	struct actor *server = model_actor(model, "pg-server");

	all_done(actor_listen(server, address, port), 1);
	return server;
}

struct actor *model_remote_server(struct model *model, uint16_t port)
{
	struct actor *server;

	space_add(model->servers, MODEL_FIRST, MODEL_LAST);
	model->joined = true;
	space_join(model->clients, model->servers);
	/* Else a late RST may end a remnant before its time (RFC 1337). */
	model_sysctl(model, "tcp_rfc1337", "1");
	server = model_adopt(model, actor_start(model->servers, "pg-server"));
	all_done(actor_listen(server, ADDRESS_B, port), 1);
	return server;
}

void model_stop(struct model *model, struct actor *actor)
{
	unsigned int i = 0;

	while (model->actors[i] != actor)
		i++;
	model->actors[i] = model->actors[--model->actors_count];
	actor_stop(actor);
}

void model_sysctl(struct model *model, const char *name, const char *value)
{
	char file[64];

	snprintf(file, sizeof(file), "net/ipv4/%s", name);
	space_sysctl(model->clients, file, value);
}

void model_range(struct model *model, const char *range)
{
	model_sysctl(model, "ip_local_port_range", range);
}

void model_settles(struct model *model, const char *options, const char *filter, unsigned int lines)
{
	uint64_t deadline = deadline_in(SETTLED_S);
	unsigned int is;

	while ((is = space_ss(model->clients, options, filter)) != lines) {
		if (clock_ns(CLOCK_MONOTONIC) > deadline)
			fail_msg("ss %s %s: %u lines, not %u", options, filter, is, lines);
		usleep(POLL_US);
	}
}

void all_failed(struct outcome outcome, uint32_t count, int error)
{
	some_failed(outcome, 0, count, error);
}

void some_failed(struct outcome outcome, uint32_t done, uint32_t failed, int error)
{
	if (outcome.done != done || outcome.failed != failed || outcome.error != error)
		fail_msg("%u done, %u failed (%s), instead of %u done, %u failed (%s)",
			 outcome.done, outcome.failed, strerror(outcome.error), done, failed,
			 strerror(error));
}
