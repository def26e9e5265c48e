// SPDX-License-Identifier: Apache-2.0
#include "user/commands/check_result.h"

#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/text.h"
#include "user/commands/trace_filter.h"
#include "user/commands/when.h"
#include "user/core/trace_line.h"
#include "user/core/view.h"

#define NS_PER_MINUTE 60000000000ULL
#define POOLS_SHOWN 20
#define NAME_MAX_SHOWN 80

/* What the line speaks of. */
struct finding {
	const struct trace_filter *scope;
	const json_t *worst; /* a row of a pool or of a destination; NULL: no port is in use */
	bool is_destination;
	double saturation;
	size_t refused;        /* within the last minute */
	const json_t *refusal; /* the newest of them */
};

static const char *const status_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* The document is an agent's, or what calls itself one: nothing in it is trusted to be there. */
static double number(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return json_is_number(value) ? json_number_value(value) : 0;
}

/* Nothing that would end the line or the text: '|' begins the performance data. */
static const char *text(char ret[NAME_MAX_SHOWN], const json_t *row, const char *key)
{
	const char *value = json_string_value(json_object_get(row, key));

	text_printable(ret, NAME_MAX_SHOWN, value ? value : "unknown");
	for (char *c = ret; *c; c++)
		if (strchr("|'=", *c))
			*c = '_';
	return ret;
}

static uint64_t time_of(const json_t *row)
{
	const char *time = json_string_value(json_object_get(row, "time"));
	uint64_t ns;

	return time && when_parse(time, 0, &ns) == 0 ? ns : 0;
}

static bool is_word(const json_t *row, const char *key, const char *word)
{
	const char *value = json_string_value(json_object_get(row, key));

	return value && !strcmp(value, word);
}

/* Is this row, of any list, of what was asked for? */
static bool is_asked_for(const struct trace_filter *scope, const json_t *row)
{
	const char *remote = json_string_value(json_object_get(row, "remote"));
	struct trace_line line = {
		.netns = (uint32_t)number(row, "netns"),
		.netns_name = json_string_value(json_object_get(row, "netns_name")),
		.protocol = is_word(row, "protocol", "tcp")   ? IPPROTO_TCP
			    : is_word(row, "protocol", "udp") ? IPPROTO_UDP
							      : 0,
	};

	if (remote && text_parse_address(line.remote, remote))
		line.remote_port = (uint16_t)number(row, "remote_port");
	return trace_filter_pass(scope, &line) == TRACE_PASSES;
}

/* --- judging --------------------------------------------------------------------------------- */

static void consider(struct finding *finding, const json_t *rows, bool are_destinations)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		double saturation = number(row, "saturation");

		if (saturation <= finding->saturation || !is_asked_for(finding->scope, row))
			continue;
		if (are_destinations && json_is_null(json_object_get(row, "netns")))
			continue; /* the row for the rest */
		finding->worst = row;
		finding->is_destination = are_destinations;
		finding->saturation = saturation;
	}
}

static void count_refusals(struct finding *finding, const json_t *snapshot)
{
	uint64_t now = time_of(snapshot);
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "refusals"), i, row) {
		uint64_t time = time_of(row);

		if (!time || time + NS_PER_MINUTE < now || !is_asked_for(finding->scope, row))
			continue;
		if (!finding->refused++)
			finding->refusal = row;
	}
}

static enum check_status judge(const struct finding *finding, const struct check_limits *limits)
{
	if (finding->refused || finding->saturation >= limits->critical)
		return CHECK_CRITICAL;
	return finding->saturation >= limits->warning ? CHECK_WARNING : CHECK_OK;
}

/* --- saying ---------------------------------------------------------------------------------- */

static void say_toward(FILE *out, const json_t *row)
{
	char remote[NAME_MAX_SHOWN];

	text(remote, row, "remote");
	fprintf(out, strchr(remote, ':') ? " toward [%s]:%.0f" : " toward %s:%.0f", remote,
		number(row, "remote_port"));
}

static void say_process(FILE *out, const json_t *row)
{
	char process[NAME_MAX_SHOWN];

	fprintf(out, "%s[%.0f]", text(process, row, "process"), number(row, "pid"));
}

static void say_worst(FILE *out, const struct finding *finding)
{
	const json_t *row = finding->worst;
	const json_t *owner = json_array_get(json_object_get(row, "owners"), 0);
	char netns[NAME_MAX_SHOWN];
	char protocol[NAME_MAX_SHOWN];

	if (!row) {
		fputs("no port is in use", out);
		return;
	}
	fprintf(out, "%s %s", text(netns, row, "netns_name"), text(protocol, row, "protocol"));
	if (finding->is_destination)
		say_toward(out, row);
	fprintf(out, ": %.0f of %.0f ports used (%.1f%%)", number(row, "used"),
		number(row, finding->is_destination ? "capacity" : "size"),
		finding->saturation * 100);
	if (!owner)
		return;
	fputs(", most by ", out);
	say_process(out, owner);
}

static void say_refused(FILE *out, const struct finding *finding)
{
	if (!finding->refused)
		return;
	fprintf(out, "; %zu refused within a minute, the last to ", finding->refused);
	say_process(out, finding->refusal);
}

static void say_numbers(FILE *out, const json_t *snapshot, const struct finding *finding,
			const struct check_limits *limits)
{
	const json_t *row;
	size_t shown = 0;
	size_t i;

	fprintf(out, " | saturation=%.1f%%;%g;%g;0;100 refused=%zu;;;0", finding->saturation * 100,
		limits->warning * 100, limits->critical * 100, finding->refused);
	json_array_foreach(json_object_get(snapshot, "pools"), i, row) {
		char netns[NAME_MAX_SHOWN];
		char protocol[NAME_MAX_SHOWN];

		if (number(row, "used") <= 0 || !is_asked_for(finding->scope, row) ||
		    shown++ == POOLS_SHOWN)
			continue;
		fprintf(out, " '%s %s'=%.0f;%.0f;%.0f;0;%.0f", text(netns, row, "netns_name"),
			text(protocol, row, "protocol"), number(row, "used"),
			ceil(number(row, "size") * limits->warning),
			ceil(number(row, "size") * limits->critical), number(row, "size"));
	}
}

enum check_status check_unknown(FILE *out, const char *why)
{
	fprintf(out, "PORTGAUGE UNKNOWN - %s\n", why);
	return CHECK_UNKNOWN;
}

/* A namespace whose name was misspelt is not one that is well. */
static bool is_there(const json_t *snapshot, const char *netns)
{
	const struct trace_filter wanted = { .netns = netns };
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "pools"), i, row) {
		if (is_asked_for(&wanted, row))
			return true;
	}
	return false;
}

enum check_status check_result(FILE *out, const json_t *snapshot, const struct check_limits *limits,
			       const struct trace_filter *scope)
{
	struct finding finding = { .scope = scope };
	enum check_status status;

	if (number(snapshot, "version") != VIEW_VERSION ||
	    !json_is_array(json_object_get(snapshot, "pools")))
		return check_unknown(out, "what answered is no snapshot of this version");
	if (scope->netns && !is_there(snapshot, scope->netns))
		return check_unknown(out, "no such namespace is among the pools of the snapshot");
	consider(&finding, json_object_get(snapshot, "destinations"), true);
	consider(&finding, json_object_get(snapshot, "pools"), false);
	count_refusals(&finding, snapshot);
	status = judge(&finding, limits);
	fprintf(out, "PORTGAUGE %s - ", status_names[status]);
	say_worst(out, &finding);
	say_refused(out, &finding);
	if (json_is_false(json_object_get(json_object_get(snapshot, "health"), "complete")))
		fputs("; not everything is seen", out);
	say_numbers(out, snapshot, &finding, limits);
	putc('\n', out);
	return status;
}
