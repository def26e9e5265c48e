// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "user/commands/command.h"
#include "user/base/log.h"
#include "user/base/util.h"

static const struct command {
	const char *name;
	const char *does;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", "the agent: metrics, API and alerts", cmd_run },
	{ "snapshot", "one picture of all ports in use, then exit", cmd_snapshot },
	{ "top", "live, on the terminal: pools, destinations, owners", cmd_top },
	{ "trace", "one line for each port taken, released or refused", cmd_trace },
	{ "check", "one line and status for a monitoring system", cmd_check },
	{ "record", "everything that happens, into a file", cmd_record },
	{ "replay", "the picture of then, out of such a file", cmd_replay },
	{ "doctor", "what this kernel and these privileges allow", cmd_doctor },
	{ "verify", "compare the agent's holds with the kernel's tables", cmd_verify },
	{ "check-config", "tell every mistake in a file of settings", cmd_check_config },
};

static int help(FILE *out)
{
	fputs("portgauge: who holds which ephemeral ports, toward where, and who is refused\n\n"
	      "usage: portgauge COMMAND [OPTION...]\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].does);
	fputs("\nportgauge COMMAND --help explains a command; portgauge --version tells the "
	      "version.\n",
	      out);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help(stderr);
		return EX_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return help(stdout);
	if (!strcmp(argv[1], "--version")) {
		puts("portgauge " PORTGAUGE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	log_error("'%s' is no command; see portgauge --help", argv[1]);
	return EX_USAGE;
}
