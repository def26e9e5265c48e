// SPDX-License-Identifier: Apache-2.0
/* Both ends of the control socket, with an agent whose source is silent. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <systemd/sd-event.h>

#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "user/agent.h"
#include "user/control.h"
#include "user/verify/control_client.h"
#include "user/verify/control_path.h"
#include "user/verify/fdpass.h"
#include "user/base/util.h"

#define RECONCILE_NS 7000000000ULL
#define WAIT_US 5000000ULL

/* --- a silent source ------------------------------------------------------------------------- */

static int silent_open(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX]);

static void silent_close(struct source *self)
{
	(void)self;
}

static int silent_fd(struct source *self)
{
	(void)self;
	return -1;
}

static int silent_read(struct source *self, source_handler *handler, void *context)
{
	(void)self;
	(void)handler;
	(void)context;
	return 0;
}

static int silent_sweep(struct source *self, bool resync, source_handler *handler, void *context)
{
	(void)resync;
	return silent_read(self, handler, context);
}

static int silent_losses(struct source *self, struct source_losses *ret)
{
	(void)self;
	*ret = (struct source_losses){ .unplaced = 1 };
	return 0;
}

static int silent_look(struct source *self, struct netns_door *door, source_handler *handler,
		       void *context)
{
	(void)door;
	return silent_read(self, handler, context);
}

static const struct source_ops silent = {
	.name = "silent",
	.sees = "nothing",
	.open = silent_open,
	.close = silent_close,
	.fd = silent_fd,
	.drain = silent_read,
	.find_files = silent_read,
	.find_netns = silent_look,
	.sweep = silent_sweep,
	.losses = silent_losses,
};

static int silent_open(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	static struct source source = { &silent };

	(void)config;
	(void)reason;
	*ret = &source;
	return 0;
}

/* --- the server ------------------------------------------------------------------------------ */

struct server {
	sd_event *event;
	struct agent *agent;
	struct control *control;
	char path[PATH_MAX];
};

static struct server server_new(const char *scratch)
{
	static const struct source_ops *const sources[] = { &silent, NULL };
	const struct agent_config config = { .sources = sources };
	struct server server = { 0 };

	assert_true(sd_event_new(&server.event) >= 0);
	assert_int_equal(agent_open(&server.agent, &config), 0);
	scratch_path(server.path, scratch, "control.sock");
	return server;
}

static void server_done(struct server *server)
{
	control_close(server->control);
	agent_close(server->agent);
	sd_event_unref(server->event);
}

static int server_open(struct server *server, const char *path)
{
	return control_open(&server->control, path, server->agent, RECONCILE_NS, server->event);
}

/* Fails with one line that says both; leaves nothing open. */
static void refuses(struct server *server, const char *path, int error, const char *why)
{
	struct capture capture = capture_start(STDERR_FILENO);
	char text[512];
	int r = server_open(server, path);

	capture_end(&capture, text, sizeof(text));
	assert_int_equal(r, error);
	assert_null(server->control);
	assert_one_line(text, why);
	assert_one_line(text, "--control");
}

/* --- the client ------------------------------------------------------------------------------ */

struct client {
	pthread_t thread;
	const char *path;
	struct holds_dump dump;
	int r;
};

static void *fetch(void *context)
{
	struct client *client = context;

	client->r = control_fetch(&client->dump, client->path);
	return NULL;
}

/* Asks while the server's loop runs. */
static struct client ask(struct server *server)
{
	struct client client = { .path = server->path };

	assert_int_equal(pthread_create(&client.thread, NULL, fetch, &client), 0);
	assert_true(sd_event_run(server->event, WAIT_US) > 0);
	assert_int_equal(pthread_join(client.thread, NULL), 0);
	return client;
}

static void a_peer_is_given_the_holds(void **state)
{
	struct server server = server_new(*state);

	assert_int_equal(server_open(&server, server.path), 0);
	for (int i = 0; i < 3; i++) {
		struct client client = ask(&server);

		assert_int_equal(client.r, 0);
		assert_int_equal(client.dump.count, 0);
		assert_string_equal(client.dump.header.source, "silent");
		assert_int_equal(client.dump.header.reconcile_ns, RECONCILE_NS);
		assert_true(client.dump.header.reconcile_began_ns > 0);
		assert_true(client.dump.header.time_ns >= client.dump.header.reconcile_began_ns);
		assert_int_equal(client.dump.header.flags, HOLDS_DUMP_INCOMPLETE); /* unplaced */
		holds_dump_done(&client.dump);
	}
	server_done(&server);
}

static void a_peer_that_leaves_at_once_does_no_harm(void **state)
{
	struct server server = server_new(*state);
	struct capture capture = capture_start(STDERR_FILENO);
	struct sockaddr_un address;
	char text[512];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(server_open(&server, server.path), 0);
	assert_int_equal(control_address(&address, server.path), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_true(sd_event_run(server.event, WAIT_US) > 0);
	capture_end(&capture, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(ask(&server).r, 0);
	server_done(&server);
}

static void only_its_user_may_use_the_socket(void **state)
{
	struct server server = server_new(*state);
	struct stat st;

	assert_int_equal(server_open(&server, server.path), 0);
	assert_int_equal(stat(server.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	server_done(&server);
}

static void the_end_removes_the_socket(void **state)
{
	struct server server = server_new(*state);

	assert_int_equal(server_open(&server, server.path), 0);
	assert_int_equal(access(server.path, F_OK), 0);
	server_done(&server);
	assert_int_equal(access(server.path, F_OK), -1);
	control_close(NULL);
}

static void what_took_its_place_stays(void **state)
{
	struct server server = server_new(*state);

	assert_int_equal(server_open(&server, server.path), 0);
	assert_int_equal(unlink(server.path), 0);
	scratch_write(*state, "control.sock", "of another");
	server_done(&server);
	assert_int_equal(access(server.path, F_OK), 0);
}

static void leave_stale(const char *path)
{
	CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	assert_int_equal(control_address(&address, path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct server server = server_new(*state);

	leave_stale(server.path);
	assert_int_equal(server_open(&server, server.path), 0);
	assert_int_equal(ask(&server).r, 0);
	server_done(&server);
}

static void a_socket_that_is_answered_stays(void **state)
{
	struct server first = server_new(*state);
	struct server second = server_new(*state);

	assert_int_equal(server_open(&first, first.path), 0);
	refuses(&second, second.path, -EADDRINUSE, "another agent answers there");
	server_done(&second);
	assert_int_equal(access(first.path, F_OK), 0);
	server_done(&first);
}

static void what_is_no_socket_stays(void **state)
{
	struct server server = server_new(*state);

	scratch_write(*state, "control.sock", "precious");
	refuses(&server, server.path, -ENOTSOCK, "something else has this name");
	assert_int_equal(access(server.path, F_OK), 0);
	assert_int_equal(unlink(server.path), 0);
	assert_int_equal(symlink("elsewhere", server.path), 0);
	refuses(&server, server.path, -ENOTSOCK, "something else has this name");
	server_done(&server);
}

static void a_path_that_cannot_be_is_refused(void **state)
{
	struct server server = server_new(*state);
	char path[PATH_MAX];
	char name[200];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	refuses(&server, scratch_path(path, *state, name), -ENAMETOOLONG, name);
	snprintf(path, sizeof(path), "%s/nowhere/c.sock", (const char *)*state);
	refuses(&server, path, -ENOENT, "nowhere/c.sock");
	refuses(&server, "", -EINVAL, "control socket :");
	server_done(&server);
}

static void who_asks_nobody_is_told(void **state)
{
	struct holds_dump dump = { .count = 7 };
	char path[PATH_MAX];
	char name[200];

	scratch_path(path, *state, "control.sock");
	assert_int_equal(control_fetch(&dump, path), -ENOENT);
	leave_stale(path);
	assert_int_equal(control_fetch(&dump, path), -ECONNREFUSED);
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(control_fetch(&dump, name), -ENAMETOOLONG);
	assert_int_equal(control_fetch(&dump, ""), -EINVAL);
	assert_int_equal(dump.count, 7);
}

/* Takes one peer, and does something else than an agent would. */
struct impostor {
	pthread_t thread;
	int listener;
	bool passes; /* a descriptor that is no dump; else it hangs up */
};

static void *pretend(void *context)
{
	const struct impostor *impostor = context;
	int peer = accept(impostor->listener, NULL, NULL);

	if (impostor->passes)
		fdpass_send(peer, impostor->listener);
	close(peer);
	return NULL;
}

static int ask_impostor(const char *path, bool passes)
{
	CLEANUP(fd_closep) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct impostor impostor = { .listener = listener, .passes = passes };
	struct holds_dump dump = { 0 };
	struct sockaddr_un address;
	int r;

	unlink(path);
	assert_int_equal(control_address(&address, path), 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(pthread_create(&impostor.thread, NULL, pretend, &impostor), 0);
	r = control_fetch(&dump, path);
	assert_int_equal(pthread_join(impostor.thread, NULL), 0);
	return r;
}

static void what_answers_is_not_trusted(void **state)
{
	char path[PATH_MAX];

	scratch_path(path, *state, "control.sock");
	assert_int_equal(ask_impostor(path, true), -EBADMSG);
	assert_int_equal(ask_impostor(path, false), -ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_peer_is_given_the_holds),
		scratch_test(a_peer_that_leaves_at_once_does_no_harm),
		scratch_test(only_its_user_may_use_the_socket),
		scratch_test(the_end_removes_the_socket),
		scratch_test(what_took_its_place_stays),
		scratch_test(a_stale_socket_is_replaced),
		scratch_test(a_socket_that_is_answered_stays),
		scratch_test(what_is_no_socket_stays),
		scratch_test(a_path_that_cannot_be_is_refused),
		scratch_test(who_asks_nobody_is_told),
		scratch_test(what_answers_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
