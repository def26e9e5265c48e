// SPDX-License-Identifier: Apache-2.0
/* Ports that bind() takes. */
#include <sys/socket.h>

#include "model.h"

static void bound_ports_are_exclusive(struct model *model)
{
	struct actor *p = model_actor(model, "pg-p");

	all_done(actor_bind(p, 5, SOCK_STREAM, LOCALHOST, 0), 5);
	EXPECT(model, TCP(.exclusive = 5), OWNER("pg-p", "tcp", .exclusive = 5));
	all_done(actor_close(p, 0), 5);
	EXPECT_NOTHING(model);
}

const struct model_case model_bind_cases[] = {
	{ .name = "bind(0) takes a port", .play = bound_ports_are_exclusive },
	{ .name = NULL },
};
