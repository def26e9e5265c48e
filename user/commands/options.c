// SPDX-License-Identifier: Apache-2.0
#include "user/commands/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/agent.h"
#include "user/control.h"
#include "user/core/view.h"
#include "user/base/log.h"
#include "user/base/units.h"
#include "user/base/util.h"

#define NS_PER_SECOND 1000000000ULL
#define TOP_FOR_PROGRAMS 100
#define TOP_FOR_PEOPLE 10
#define RECONCILE_DEFAULT_S 10
#define RING_DEFAULT (1U << 20)
#define MAX_HOLDS_DEFAULT (1U << 18)
#define RECORDING_DEFAULT (1ULL << 30)
#define LISTEN_DEFAULT "127.0.0.1:9817"

enum {
	KEY_SOURCE = 256,
	KEY_RING_SIZE,
	KEY_MAX_HOLDS,
	KEY_RECONCILE,
	KEY_TOP,
	KEY_JSON,
	KEY_REFUSED,
	KEY_LISTEN,
	KEY_WEB_CONFIG,
	KEY_SYSTEMD_SOCKET,
	KEY_TELEMETRY_PATH,
	KEY_DISABLE_UI,
	KEY_CONTROL,
	KEY_CONFIG,
	KEY_PID,
	KEY_PROCESS,
	KEY_NETNS,
	KEY_PROTOCOL,
	KEY_PORT,
	KEY_DESTINATION,
	KEY_AT,
	KEY_SUMMARY,
	KEY_MAX_SIZE,
	KEY_WARNING,
	KEY_CRITICAL,
	KEY_CONNECT,
	KEY_REPLAY,
};

/* takes: the OPTIONS_* group it belongs to. */
static const struct {
	unsigned int takes;
	struct argp_option option;
} all_options[] = {
	{ OPTIONS_CONFIG,
	  { "config.file", KEY_CONFIG, "FILE", 0,
	    "Take settings, alert rules and notifiers from this YAML file; options win over it",
	    0 } },
	{ OPTIONS_WEB,
	  { "web.listen-address", KEY_LISTEN, "ADDRESS", 0,
	    "Serve HTTP on HOST:PORT, :PORT or unix:PATH; may be repeated (default " LISTEN_DEFAULT
	    ")",
	    0 } },
	{ OPTIONS_WEB,
	  { "web.config.file", KEY_WEB_CONFIG, "FILE", 0,
	    "Take TLS, passwords and headers of HTTP from this YAML file", 0 } },
	{ OPTIONS_WEB,
	  { "web.systemd-socket", KEY_SYSTEMD_SOCKET, NULL, 0,
	    "Serve HTTP on the sockets that systemd passes, not on addresses", 0 } },
	{ OPTIONS_WEB,
	  { "web.telemetry-path", KEY_TELEMETRY_PATH, "PATH", 0,
	    "Serve the metrics here (default /metrics)", 0 } },
	{ OPTIONS_WEB, { "web.disable-ui", KEY_DISABLE_UI, NULL, 0, "Serve no page at /", 0 } },
	{ OPTIONS_CONTROL,
	  { "control", KEY_CONTROL, "PATH", 0,
	    "Unix socket by which verify asks the agent (default " CONTROL_DEFAULT ")", 0 } },
	{ OPTIONS_RECONCILE,
	  { "reconcile", KEY_RECONCILE, "SECONDS", 0,
	    "Compare with the kernel's socket tables this often (default 10; 0: only on SIGUSR1)",
	    0 } },
	{ OPTIONS_TOP,
	  { "top", KEY_TOP, "N", 0,
	    "Show at most N destinations, owners and refusals; sum the rest (default 100, for people 10)",
	    0 } },
	{ OPTIONS_JSON, { "json", KEY_JSON, NULL, 0, "Write JSON", 0 } },
	{ OPTIONS_REFUSED, { "refused", KEY_REFUSED, NULL, 0, "Only ports that were refused", 0 } },
	{ OPTIONS_FILTER, { "pid", KEY_PID, "N", 0, "Only of this process", 0 } },
	{ OPTIONS_FILTER,
	  { "process", KEY_PROCESS, "NAME", 0, "Only of processes with this name", 0 } },
	{ OPTIONS_FILTER | OPTIONS_SCOPE,
	  { "netns", KEY_NETNS, "NAME", 0,
	    "Only in this network namespace, by name or by inode number", 0 } },
	{ OPTIONS_FILTER | OPTIONS_SCOPE,
	  { "protocol", KEY_PROTOCOL, "tcp|udp", 0, "Only ports of this protocol", 0 } },
	{ OPTIONS_FILTER, { "port", KEY_PORT, "N", 0, "Only this local port", 0 } },
	{ OPTIONS_FILTER | OPTIONS_SCOPE,
	  { "destination", KEY_DESTINATION, "ADDRESS[:PORT]", 0,
	    "Only toward this address; IPv6 with a port as in [::1]:443", 0 } },
	{ OPTIONS_RECORD,
	  { "max-size", KEY_MAX_SIZE, "SIZE", 0,
	    "End the recording before the file is larger, as in 500MiB (default 1GiB)", 0 } },
	{ OPTIONS_RECORDING,
	  { "replay", KEY_REPLAY, "FILE", 0,
	    "Show this recording, at the pace it was recorded at, rather than what is now", 0 } },
	{ OPTIONS_REPLAY | OPTIONS_RECORDING,
	  { "at", KEY_AT, "TIME", 0,
	    "Show this moment (UTC): 12:34:56, 2026-11-22T12:34:56Z, or +90s from the beginning (default: the end; of top: the beginning)",
	    0 } },
	{ OPTIONS_REPLAY,
	  { "summary", KEY_SUMMARY, NULL, 0,
	    "Tell what was taken, released, refused and lost, and what is held in the end", 0 } },
	{ OPTIONS_CHECK,
	  { "warning", KEY_WARNING, "SHARE", 0,
	    "Warn when this share of a scope's ports is used (default 0.8)", 0 } },
	{ OPTIONS_CHECK,
	  { "critical", KEY_CRITICAL, "SHARE", 0,
	    "Be critical when this share is used (default 0.95)", 0 } },
	{ OPTIONS_CONNECT,
	  { "connect", KEY_CONNECT, "ADDRESS", 0,
	    "Ask the agent that serves HTTP at HOST:PORT or unix:PATH, rather than look for oneself",
	    0 } },
	{ OPTIONS_SOURCE,
	  { "source", KEY_SOURCE, "NAME", 0,
	    "Take events from fentry, kprobe, tracepoint or diag (default: the best that works)",
	    0 } },
	{ OPTIONS_SOURCE,
	  { "ring-size", KEY_RING_SIZE, "BYTES", 0,
	    "Size of the kernel's event buffer, a power of two (default 1048576)", 0 } },
	{ OPTIONS_SOURCE,
	  { "max-holds", KEY_MAX_HOLDS, "N", 0,
	    "Room in the kernel for N ports in use at once (default 262144)", 0 } },
};

struct parse {
	struct options *options;
	const char *command;
	unsigned int takes; /* OPTIONS_* */
	FILE *quiet;        /* NULL: argp may talk */
};

static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

static error_t complain(const struct parse *parse, const char *option, const char *value,
			const char *wanted)
{
	log_error("%s: --%s '%s' is not %s", parse->command, option, value, wanted);
	return EINVAL;
}

static error_t parse_ring_size(const struct parse *parse, const char *text)
{
	uint64_t bytes;

	if (!parse_number(text, 4096, 1U << 30, &bytes) || (bytes & (bytes - 1)))
		return complain(parse, "ring-size", text, "a power of two from 4096 to 1073741824");
	parse->options->ring_bytes = (uint32_t)bytes;
	parse->options->given |= GIVEN_RING_SIZE;
	return 0;
}

static error_t parse_max_holds(const struct parse *parse, const char *text)
{
	uint64_t count;

	if (!parse_number(text, 1, 1U << 24, &count))
		return complain(parse, "max-holds", text, "a number from 1 to 16777216");
	parse->options->max_holds = (uint32_t)count;
	parse->options->given |= GIVEN_MAX_HOLDS;
	return 0;
}

static error_t parse_reconcile(const struct parse *parse, const char *text)
{
	uint64_t seconds;

	if (!parse_number(text, 0, 86400, &seconds))
		return complain(parse, "reconcile", text, "a number of seconds up to 86400");
	parse->options->reconcile_ns = seconds * NS_PER_SECOND;
	parse->options->given |= GIVEN_RECONCILE;
	return 0;
}

static error_t parse_top(const struct parse *parse, const char *text)
{
	uint64_t count;

	if (!parse_number(text, 1, 100000, &count))
		return complain(parse, "top", text, "a number from 1 to 100000");
	parse->options->top = (size_t)count;
	return 0;
}

static error_t add_listen(const struct parse *parse, const char *text)
{
	struct options *options = parse->options;

	if (options->listen_count == LISTEN_MAX)
		return complain(parse, "web.listen-address", text, "one of at most 8");
	options->listen[options->listen_count++] = text;
	options->given |= GIVEN_LISTEN;
	return 0;
}

static error_t parse_share(const struct parse *parse, const char *option, const char *text,
			   double *ret)
{
	char *end;
	double share = strtod(text, &end);

	/* What strtod takes beside decimal numbers is meant for others. */
	if (!*text || text[strspn(text, "0123456789.")] || *end || share > 1)
		return complain(parse, option, text, "a share from 0 to 1");
	*ret = share;
	return 0;
}

static error_t parse_max_size(const struct parse *parse, const char *text)
{
	uint64_t bytes;

	if (units_size(text, &bytes) < 0 || bytes < 4096 || bytes > INT64_MAX)
		return complain(parse, "max-size", text, "a size of at least 4KiB, as in 500MiB");
	parse->options->max_bytes = bytes;
	return 0;
}

/* What these may be is said by who uses them. */
static error_t parse_incident_option(int key, const char *text, const struct parse *parse)
{
	struct options *options = parse->options;

	switch (key) {
	case KEY_PID:
		options->pid = text;
		return 0;
	case KEY_PROCESS:
		options->process = text;
		return 0;
	case KEY_NETNS:
		options->netns = text;
		return 0;
	case KEY_PROTOCOL:
		options->protocol = text;
		return 0;
	case KEY_PORT:
		options->port = text;
		return 0;
	case KEY_DESTINATION:
		options->destination = text;
		return 0;
	case KEY_AT:
		options->at = text;
		return 0;
	case KEY_SUMMARY:
		options->summary = true;
		return 0;
	case KEY_MAX_SIZE:
		return parse_max_size(parse, text);
	case KEY_WARNING:
		return parse_share(parse, "warning", text, &options->warning);
	case KEY_CRITICAL:
		return parse_share(parse, "critical", text, &options->critical);
	case KEY_CONNECT:
		options->connect = text;
		return 0;
	case KEY_REPLAY:
		options->recording = text;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_web_option(int key, const char *text, const struct parse *parse)
{
	switch (key) {
	case KEY_LISTEN:
		return add_listen(parse, text);
	case KEY_WEB_CONFIG:
		parse->options->web_config_file = text;
		return 0;
	case KEY_SYSTEMD_SOCKET:
		parse->options->systemd_socket = true;
		return 0;
	case KEY_TELEMETRY_PATH:
		parse->options->telemetry_path = text;
		return 0;
	default:
		parse->options->disable_ui = true;
		return 0;
	}
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	const struct parse *parse = state->input;

	switch (key) {
	case KEY_SOURCE:
		parse->options->source = text;
		return 0;
	case KEY_RING_SIZE:
		return parse_ring_size(parse, text);
	case KEY_MAX_HOLDS:
		return parse_max_holds(parse, text);
	case KEY_RECONCILE:
		return parse_reconcile(parse, text);
	case KEY_TOP:
		return parse_top(parse, text);
	case KEY_CONTROL:
		parse->options->control = text;
		return 0;
	case KEY_JSON:
		parse->options->json = true;
		return 0;
	case KEY_REFUSED:
		parse->options->refused = true;
		return 0;
	case KEY_LISTEN:
	case KEY_WEB_CONFIG:
	case KEY_SYSTEMD_SOCKET:
	case KEY_TELEMETRY_PATH:
	case KEY_DISABLE_UI:
		return parse_web_option(key, text, parse);
	case KEY_CONFIG:
		parse->options->config_file = text;
		return 0;
	case ARGP_KEY_ARG:
		if ((parse->takes & OPTIONS_FILE) && !parse->options->file) {
			parse->options->file = text;
			return 0;
		}
		log_error("%s: '%s' is not expected; see portgauge %s --help", parse->command, text,
			  parse->command);
		return EINVAL;
	default:
		return parse_incident_option(key, text, parse);
	}
}

/* getopt says what is wrong in one line; argp's own "Try ..." after it goes nowhere. */
static error_t parse_key(int key, char *text, struct argp_state *state)
{
	const struct parse *parse = state->input;

	if (key != ARGP_KEY_INIT)
		return parse_option(key, text, state);
	if (parse->quiet)
		state->err_stream = parse->quiet;
	return 0;
}

static void set_defaults(struct options *options)
{
	*options = (struct options){
		.ring_bytes = RING_DEFAULT,
		.max_holds = MAX_HOLDS_DEFAULT,
		.reconcile_ns = RECONCILE_DEFAULT_S * NS_PER_SECOND,
		.max_bytes = RECORDING_DEFAULT,
		.warning = VIEW_SHARE_WARNING,
		.critical = VIEW_SHARE_CRITICAL,
	};
}

int options_parse(struct options *ret, int argc, char **argv, unsigned int takes, const char *what)
{
	CLEANUP(file_closep) FILE *quiet = fopen("/dev/null", "we");
	struct argp_option options[ARRAY_SIZE(all_options) + 1] = { 0 };
	struct argp argp = { .options = options,
			     .parser = parse_key,
			     .args_doc = takes & OPTIONS_FILE ? "FILE" : NULL,
			     .doc = what };
	struct options parsed;
	struct parse parse = {
		.options = &parsed, .command = argv[0], .takes = takes, .quiet = quiet
	};
	char name[64];
	size_t count = 0;
	error_t r;

	for (size_t i = 0; i < ARRAY_SIZE(all_options); i++)
		if (all_options[i].takes & takes)
			options[count++] = all_options[i].option;
	set_defaults(&parsed);
	snprintf(name, sizeof(name), "portgauge %s", argv[0]);
	argv[0] = name;
	r = argp_parse(&argp, argc, argv, 0, NULL, &parse);
	argv[0] = (char *)parse.command;
	if (r)
		return -EINVAL;
	if ((takes & OPTIONS_FILE) && !parsed.file) {
		log_error("%s: which FILE? see portgauge %s --help", argv[0], argv[0]);
		return -EINVAL;
	}
	if (!parsed.listen_count)
		parsed.listen[parsed.listen_count++] = LISTEN_DEFAULT;
	*ret = parsed;
	return 0;
}

size_t options_top(const struct options *options, bool for_people)
{
	if (options->top)
		return options->top;
	return for_people ? TOP_FOR_PEOPLE : TOP_FOR_PROGRAMS;
}

struct agent_config options_agent(const struct options *options)
{
	return (struct agent_config){
		.source = options->source,
		.ring_bytes = options->ring_bytes,
		.max_holds = options->max_holds,
		.looks_when_told = options->reconcile_ns == 0,
	};
}
