// SPDX-License-Identifier: Apache-2.0
#include "user/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "user/agent.h"
#include "user/verify/control_path.h"
#include "user/verify/fdpass.h"
#include "user/base/local_socket.h"
#include "user/base/log.h"
#include "user/base/util.h"

#define BACKLOG 8
/* A peer that cannot be accepted, for there is no descriptor, would wake the loop again and again.
 */
#define PEERS_MAX 10 /* in a second */
#define SECOND_US 1000000

struct control {
	int fd;
	struct local_socket file;
	bool made_directory;
	struct agent *agent;
	uint64_t reconcile_ns;
	sd_event_source *source;
};

/* --- answering ------------------------------------------------------------------------------- */

static bool is_welcome(int peer)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return false;
	if (who.uid == 0 || who.uid == geteuid())
		return true;
	log_warning("control: refused user %u (process %d)", who.uid, who.pid);
	return false;
}

static int answer(struct control *control, int peer)
{
	CLEANUP(fd_closep) int fd = memfd_create("holds", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = agent_dump(control->agent, fd, control->reconcile_ns);
	return r < 0 ? r : fdpass_send(peer, fd);
}

/* A peer that has left again is no failure of ours. */
static int on_peer(sd_event_source *source, int fd, uint32_t events, void *context)
{
	CLEANUP(fd_closep) int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	int r = 0;

	(void)source;
	(void)events;
	if (peer >= 0 && is_welcome(peer))
		r = answer(context, peer);
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		log_error("control: cannot hand over the holds: %s", strerror(-r));
	return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

static int open_at(struct control *control, const char *path, struct sd_event *event)
{
	struct sockaddr_un address;
	int r = control_address(&address, path);

	if (r == 0)
		r = local_socket_open(&control->file, &address, 0600, BACKLOG);
	if (r < 0)
		return r;
	control->fd = r;
	r = sd_event_add_io(event, &control->source, control->fd, EPOLLIN, on_peer, control);
	return r < 0 ? r : sd_event_source_set_ratelimit(control->source, SECOND_US, PEERS_MAX);
}

static void complain(const char *path, int error, bool asked_for)
{
	enum log_level level = asked_for ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;

	if (error == -EADDRINUSE)
		log_write(level,
			  "control socket %s: another agent answers there%s; give this one another "
			  "with --control",
			  path, asked_for ? "" : ", and verify will ask that one");
	else
		log_write(level, "control socket %s: %s; choose another with --control", path,
			  error == -ENOTSOCK ? "something else has this name" : strerror(-error));
}

int control_open(struct control **ret, const char *path, struct agent *agent, uint64_t reconcile_ns,
		 struct sd_event *event)
{
	struct control *control = calloc(1, sizeof(*control));
	bool asked_for = path;
	int r;

	if (!control)
		return -ENOMEM;
	control->fd = -1;
	control->agent = agent;
	control->reconcile_ns = reconcile_ns;
	if (!asked_for) {
		path = CONTROL_DEFAULT;
		/* or it is there, or bind() says why not */
		control->made_directory = mkdir(CONTROL_DIRECTORY, 0755) == 0;
	}
	r = open_at(control, path, event);
	if (r < 0) {
		complain(path, r, asked_for);
		control_close(control);
		*ret = NULL;
		return asked_for ? r : 0;
	}
	*ret = control;
	return 0;
}

void control_set_reconcile(struct control *control, uint64_t reconcile_ns)
{
	if (control)
		control->reconcile_ns = reconcile_ns;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	sd_event_source_unref(control->source);
	if (control->fd >= 0)
		close(control->fd);
	local_socket_remove(&control->file);
	if (control->made_directory)
		rmdir(CONTROL_DIRECTORY); /* unless somebody else uses it meanwhile */
	free(control);
}
