// SPDX-License-Identifier: Apache-2.0
#include "user/naming.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/base/util.h"
#include "user/host/container_names.h"
#include "user/host/netaddr.h"
#include "user/host/netns_owner.h"
#include "user/host/procnames.h"
#include "user/host/services.h"
#include "user/servers.h"

struct naming {
	struct naming_host host;
	note_handler *tell;
	void *context;
	struct container_table *containers;
	struct servers *servers;
};

static void naming_freep(struct naming **naming)
{
	naming_free(*naming);
}

static int tell_service(void *context, uint8_t protocol, uint16_t port, const char *name)
{
	struct naming *naming = context;
	struct note note = { .kind = NOTE_SERVICE,
			     .service = { .protocol = protocol, .port = port, .name = name } };

	return naming->tell(naming->context, &note);
}

/* A host without a list of services has none. */
static void tell_services(struct naming *naming)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc/services", naming->host.root);
	services_read(path, tell_service, naming);
}

int naming_new(struct naming **ret, const struct naming_host *host, note_handler *tell,
	       void *context)
{
	CLEANUP(naming_freep) struct naming *naming = calloc(1, sizeof(*naming));
	int r;

	if (!naming)
		return -ENOMEM;
	naming->host = *host;
	naming->tell = tell;
	naming->context = context;
	r = container_table_new(&naming->containers, host->root);
	if (r == 0)
		r = servers_new(&naming->servers, host->broker, host->proc_root, host->cgroup_root,
				host->cgroups);
	if (r < 0)
		return r;
	tell_services(naming);
	*ret = TAKE_PTR(naming);
	return 0;
}

void naming_free(struct naming *naming)
{
	if (!naming)
		return;
	container_table_free(naming->containers);
	servers_free(naming->servers);
	free(naming);
}

void naming_refresh(struct naming *naming)
{
	container_table_refresh(naming->containers);
}

void naming_list(struct naming *naming, struct netns_list *list,
		 const struct netns_processes *processes)
{
	netns_name_owned(list, naming->host.proc_root, processes, naming->containers);
}

static const char *unless_empty(const char *s)
{
	return *s ? s : NULL;
}

static void tell_identity(struct naming *naming, const struct owner_id *id, const char *cgroup,
			  const struct cgroup_identity *identity)
{
	struct note note = { .kind = NOTE_OWNER };

	note.owner = (struct note_owner){
		.id = *id,
		.cgroup = cgroup,
		.unit = unless_empty(identity->unit),
		.container = unless_empty(identity->container),
		.pod = unless_empty(identity->pod),
	};
	naming->tell(naming->context, &note);
}

/* A process that is gone leaves the names of its container. */
static void tell_names(struct naming *naming, const struct owner_id *id,
		       const struct cgroup_identity *identity)
{
	const struct container_names *names = container_table_find(naming->containers, identity);
	struct procnames process = { 0 };
	struct note note = { .kind = NOTE_OWNER_NAMES };
	int r = procnames_read(&process, naming->host.broker, naming->host.proc_root, id->pid,
			       id->start_ns);

	if (r < 0 && !names->container[0] && !names->pod[0])
		return;
	note.names = (struct note_names){
		.id = *id,
		.exe = unless_empty(process.exe),
		.command = unless_empty(process.command),
		.container_name = unless_empty(names->container),
		.pod_name = unless_empty(names->pod),
		.pod_namespace = unless_empty(names->pod_namespace),
	};
	naming->tell(naming->context, &note);
}

void naming_owner(struct naming *naming, const struct owner_id *id, uint64_t cgroup_id,
		  uint64_t now_ns, bool look)
{
	struct cgroup_identity identity = { 0 };
	const char *cgroup = NULL;

	if (naming->host.cgroups && cgroup_id)
		cgroup = cgroup_table_path(naming->host.cgroups, cgroup_id, now_ns);
	if (cgroup)
		cgroup_identify(&identity, cgroup);
	tell_identity(naming, id, cgroup, &identity);
	if (look && id->pid)
		tell_names(naming, id, &identity);
}

void naming_visit(struct naming *naming, struct netns_door *door)
{
	netaddr_read(servers_addresses(naming->servers), door);
}

void naming_listeners(struct naming *naming, const struct ledger *ledger,
		      const struct places *places, const struct netns_list *list, uint64_t now_ns)
{
	servers_look(naming->servers, ledger, places, list, now_ns, naming->tell, naming->context);
}
