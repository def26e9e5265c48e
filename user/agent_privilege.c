// SPDX-License-Identifier: Apache-2.0
/* The agent hands over to its broker what takes privileges, and gives up its own. */
#include <string.h>

#include "user/agent_parts.h"
#include "user/base/log.h"
#include "user/host/broker.h"
#include "user/host/privilege.h"
#include "user/sources/source.h"

int agent_open_broker(struct agent *agent)
{
	const struct source_ops *ops = agent->source->ops;
	int r = broker_start(&agent->broker, ops->privileges, &agent->looks);

	if (r == 0 && ops->use_broker)
		ops->use_broker(agent->source, agent->broker);
	return r;
}

/* Does the source go on without privileges? */
static int try_source(void *context)
{
	struct source *source = context;
	struct source_losses losses;

	return source->ops->losses(source, &losses);
}

int agent_confine(struct agent *agent)
{
	bool kept = false;
	int r = privilege_drop(try_source, agent->source, &kept);

	if (r < 0)
		log_error("cannot give up privileges: %s; report the kernel's version",
			  strerror(-r));
	else if (kept)
		log_info("CAP_BPF is kept: this kernel lets nobody else read maps, not even their "
			 "own (kernel.unprivileged_bpf_disabled; 5.19 and later do)");
	return r;
}
