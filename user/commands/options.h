/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one struct for all commands, each of which takes the options it names. */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTEN_MAX 8

/* Which of them were given, where their values do not tell. */
enum {
	GIVEN_RING_SIZE = 1 << 0,
	GIVEN_MAX_HOLDS = 1 << 1,
	GIVEN_RECONCILE = 1 << 2,
	GIVEN_LISTEN = 1 << 3,
};

struct options {
	unsigned int given; /* GIVEN_* */
	const char *source; /* NULL: the best that works */
	uint32_t ring_bytes;
	uint32_t max_holds;
	uint64_t reconcile_ns;
	size_t top; /* 0: not given, see options_top */
	bool json;
	bool refused;
	const char *pid; /* filters; NULL: all */
	const char *process;
	const char *netns;
	const char *protocol;
	const char *port;
	const char *destination;
	const char *at; /* the time to replay to; NULL: not given */
	bool summary;
	uint64_t max_bytes; /* of a recording */
	double warning;     /* shares of ports used, 0 to 1 */
	double critical;
	const char *listen[LISTEN_MAX];
	size_t listen_count;
	bool systemd_socket;
	const char *web_config_file; /* NULL: none */
	const char *telemetry_path;  /* NULL: /metrics */
	bool disable_ui;
	const char *config_file; /* of settings; NULL: none */
	const char *file;        /* an argument; NULL: none */
	const char *connect;     /* where an agent serves HTTP; NULL: not given */
	const char *recording;   /* to show rather than this host; NULL: none */
	const char *control;     /* path of the agent's control socket; NULL: the default */
};

/* Which options a command takes. */
enum {
	OPTIONS_SOURCE = 1 << 0,    /* --source, --ring-size, --max-holds */
	OPTIONS_RECONCILE = 1 << 1, /* --reconcile */
	OPTIONS_TOP = 1 << 2,       /* --top */
	OPTIONS_JSON = 1 << 3,      /* --json */
	OPTIONS_REFUSED = 1 << 4,   /* --refused */
	OPTIONS_WEB = 1 << 5,       /* --web.* */
	OPTIONS_CONTROL = 1 << 6,   /* --control */
	OPTIONS_CONFIG = 1 << 7,    /* --config.file */
	OPTIONS_FILE = 1 << 8,      /* an argument, which must be there */
	OPTIONS_FILTER = 1 << 9,  /* --pid, --process, --netns, --protocol, --port, --destination */
	OPTIONS_RECORD = 1 << 10, /* --max-size */
	OPTIONS_REPLAY = 1 << 11, /* --at, --summary */
	OPTIONS_CHECK = 1 << 12,  /* --warning, --critical */
	OPTIONS_CONNECT = 1 << 13,   /* --connect */
	OPTIONS_RECORDING = 1 << 14, /* --replay, --at */
	OPTIONS_SCOPE = 1 << 15,     /* of OPTIONS_FILTER: --netns, --protocol, --destination */
};

/* Parses argv[1...] of a command; argv[0] is its name. what: one line for --help. Handles --help
 * itself and exits. A mistake is one line on standard error and -EINVAL; for an option that does
 * not exist argp exits itself, with EX_USAGE. */
int options_parse(struct options *ret, int argc, char **argv, unsigned int takes, const char *what);

/* Rows a list may have; fewer where a person reads them. */
size_t options_top(const struct options *options, bool for_people);

struct agent_config;

/* What the options say to the agent; strings are borrowed from argv. */
struct agent_config options_agent(const struct options *options);
