// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "process.h"
#include "watch.h"

#define PATIENCE_S 40
#define MOMENT_US 50000
#define ARGUMENTS_MAX 16

struct screen {
	char socket[64];
	pid_t server;
};

/* Runs tmux with these arguments, ended by NULL. The server is there already. */
static struct result tmux(const struct screen *screen, const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX] = { "tmux", "-u", "-N", "-S", screen->socket };
	size_t argc = 5;

	for (; *arguments; arguments++) {
		assert_true(argc < ARGUMENTS_MAX - 1);
		argv[argc++] = *arguments;
	}
	return run_program(NULL, argv);
}
#define TMUX(screen, ...) tmux(screen, (const char *const[]){ __VA_ARGS__, NULL })

static void must_do(struct result result)
{
	if (result.status)
		fail_msg("tmux: status %d: %s", result.status, result.out);
	result_done(&result);
}

static void wait_for_server(const struct screen *screen)
{
	uint64_t deadline = deadline_in(PATIENCE_S);
	struct result result;
	int status;

	do {
		usleep(MOMENT_US);
		result = TMUX(screen, "set-option", "-g", "status", "off");
		status = result.status;
		if (status && deadline < deadline_in(0))
			fail_msg("tmux does not start: %s", result.out);
		result_done(&result);
	} while (status);
}

struct screen *screen_start(unsigned int rows, unsigned int columns, const char *command)
{
	struct screen *screen = calloc(1, sizeof(*screen));
	char height[16];
	char width[16];

	assert_non_null(screen);
	snprintf(screen->socket, sizeof(screen->socket), "/tmp/pg-test-%d-tmux", getpid());
	snprintf(height, sizeof(height), "%u", rows);
	snprintf(width, sizeof(width), "%u", columns);
	screen->server = start_program(NULL,
				       (const char *const[]){ "env", "-u", "NO_COLOR",
							      "LC_ALL=C.UTF-8", "SHELL=/bin/sh",
							      "tmux", "-u", "-S", screen->socket,
							      "-f", "/dev/null", "-D", NULL },
				       -1);
	wait_for_server(screen);
	must_do(TMUX(screen, "new-session", "-d", "-x", width, "-y", height, command));
	return screen;
}

void screen_stop(struct screen *screen)
{
	if (!screen)
		return;
	stop_program(screen->server);
	unlink(screen->socket);
	free(screen);
}

void screen_press(const struct screen *screen, const char *key)
{
	must_do(TMUX(screen, "send-keys", key));
}

void screen_press_all(const struct screen *screen, const char *const *keys)
{
	for (; *keys; keys++)
		screen_press(screen, *keys);
}

char *screen_text(const struct screen *screen, bool styled)
{
	struct result result = TMUX(screen, "capture-pane", "-p", styled ? "-e" : "-J");

	if (result.status)
		fail_msg("tmux: %s", result.out);
	return result.out;
}

static void wait_for_text(const struct screen *screen, const char *text, bool wanted)
{
	uint64_t deadline = deadline_in(PATIENCE_S);
	bool done = false;

	while (!done) {
		char *shown = screen_text(screen, false);

		done = (strstr(shown, text) != NULL) == wanted;
		if (!done && deadline < deadline_in(0))
			fail_msg("%s '%s':\n%s", wanted ? "no" : "still", text, shown);
		free(shown);
		if (!done)
			usleep(MOMENT_US);
	}
}

void screen_shows(const struct screen *screen, const char *text)
{
	wait_for_text(screen, text, true);
}

void screen_hides(const struct screen *screen, const char *text)
{
	wait_for_text(screen, text, false);
}

void screen_resize(const struct screen *screen, unsigned int rows, unsigned int columns)
{
	char height[16];
	char width[16];

	snprintf(height, sizeof(height), "%u", rows);
	snprintf(width, sizeof(width), "%u", columns);
	must_do(TMUX(screen, "resize-window", "-x", width, "-y", height));
}

/* The caller frees. */
static char *ask(const struct screen *screen, const char *variable)
{
	struct result result = TMUX(screen, "display-message", "-p", variable);

	if (result.status)
		fail_msg("tmux: %s", result.out);
	result.out[strcspn(result.out, "\n")] = '\0';
	return result.out;
}

void screen_is(const struct screen *screen, const char *variable, const char *value)
{
	char *answer = ask(screen, variable);

	assert_string_equal(answer, value);
	free(answer);
}

void screen_kill(const struct screen *screen, int signal)
{
	char *shell = ask(screen, "#{pane_pid}");
	char children[64] = "";
	char path[64];
	FILE *file;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/%.16s/task/%.16s/children", shell, shell);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(children, sizeof(children), file));
	fclose(file);
	free(shell);
	pid = (pid_t)strtol(children, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, signal), 0);
}
