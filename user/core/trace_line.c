// SPDX-License-Identifier: Apache-2.0
#include "user/core/trace_line.h"

#include <string.h>

#include <jansson.h>

#include "user/base/text.h"

#define NS_PER_MS 1e6
#define NS_PER_SECOND 1e9
#define NAME_MAX_SHOWN 80

static void describe_tuple(struct trace_line *line, const struct abi_tuple *tuple)
{
	line->netns = tuple->netns;
	line->port = tuple->port;
	line->remote_port = tuple->remote_port;
	memcpy(line->local, tuple->local, sizeof(line->local));
	memcpy(line->remote, tuple->remote, sizeof(line->remote));
}

static void describe_taken(struct trace_line *line, const struct event_taken *taken)
{
	line->process = taken->hold.owner.comm;
	line->pid = taken->hold.owner.tgid;
	line->path = hold_path_name(taken->hold.path);
	line->protocol = taken->hold.protocol;
	line->search_ns = taken->search_ns;
	describe_tuple(line, &taken->hold.tuple);
}

static void describe_refused(struct trace_line *line, const struct event_refused *refused)
{
	line->process = refused->owner.comm;
	line->pid = refused->owner.tgid;
	line->path = hold_path_name(refused->path);
	line->protocol = refused->protocol;
	line->error = refused->error;
	line->search_ns = refused->search_ns;
	describe_tuple(line, &refused->tuple);
}

static void describe_hold(struct trace_line *line, const struct hold_description *hold)
{
	line->process = hold->process;
	line->pid = hold->pid;
	line->netns_name = hold->netns_name;
	line->path = hold_path_name(hold->path);
	line->protocol = hold->protocol;
	if (line->time > hold->taken_ns)
		line->age_ns = line->time - hold->taken_ns;
	describe_tuple(line, &hold->tuple);
}

void trace_line_describe(struct trace_line *ret, const struct event *event,
			 const struct hold_description *hold)
{
	*ret = (struct trace_line){
		.time = event->header.time_ns,
		.event = event_kind_name(event->header.kind),
		.process = "",
		.found = event->header.flags & EVENT_FOUND,
	};
	if (event->header.kind == EVENT_TAKEN)
		describe_taken(ret, &event->taken);
	else if (event->header.kind == EVENT_REFUSED)
		describe_refused(ret, &event->refused);
	else if (hold)
		describe_hold(ret, hold);
}

void trace_line_heading(FILE *out)
{
	fprintf(out, "%-12s %-9s %-8s %-22s %-12s %-5s %s\n", "TIME", "EVENT", "PATH", "PROCESS",
		"NETNS", "PORT", "TOWARD");
}

static void print_process(FILE *out, const struct trace_line *line)
{
	char process[NAME_MAX_SHOWN];
	char text[NAME_MAX_SHOWN + 16];

	text_printable(process, sizeof(process), *line->process ? line->process : "unknown");
	snprintf(text, sizeof(text), line->pid ? "%s[%u]" : "%s", process, line->pid);
	fprintf(out, " %-22s", text);
}

/* What is refused has no port, and perhaps no address either. */
static const char *local_end(char ret[TEXT_ENDPOINT_MAX], const struct trace_line *line)
{
	static const uint8_t none[16];
	char address[TEXT_ADDRESS_MAX];

	if (line->port)
		return text_endpoint(ret, line->local, line->port);
	text_address(address, line->local);
	snprintf(ret, TEXT_ENDPOINT_MAX, "%s",
		 memcmp(line->local, none, sizeof(none)) ? address : "-");
	return ret;
}

static void print_endpoint(FILE *out, const struct trace_line *line)
{
	char remote[TEXT_ENDPOINT_MAX];
	char local[TEXT_ENDPOINT_MAX];

	if (!line->remote_port) {
		fputs(" -", out);
		return;
	}
	text_endpoint(remote, line->remote, line->remote_port);
	fprintf(out, " %s -> %s", local_end(local, line), remote);
}

/* "-" for 0: not known. */
static const char *count_text(char ret[TEXT_NUMBER_MAX], uint32_t count)
{
	snprintf(ret, TEXT_NUMBER_MAX, count ? "%u" : "-", count);
	return ret;
}

void trace_line_text(FILE *out, const struct trace_line *line)
{
	char port[TEXT_NUMBER_MAX];
	char netns[NAME_MAX_SHOWN];
	char time[TEXT_TIME_MAX];
	char error[TEXT_TIME_MAX];

	text_time(time, line->time);
	if (line->netns_name)
		text_printable(netns, sizeof(netns), line->netns_name);
	else
		count_text(netns, line->netns);
	fprintf(out, "%.12s %-9s %-8s", time + strlen("2026-01-01T"), line->event,
		line->path ? line->path : "-");
	print_process(out, line);
	fprintf(out, " %-12s %-5s", netns, count_text(port, line->port));
	print_endpoint(out, line);
	fprintf(out, " %s", line->protocol ? text_protocol(line->protocol) : "-");
	if (line->error)
		fprintf(out, " %s", text_error(error, line->error));
	if (line->search_ns)
		fprintf(out, " searched %.3f ms", (double)line->search_ns / NS_PER_MS);
	if (line->age_ns)
		fprintf(out, " held %.3f s", (double)line->age_ns / NS_PER_SECOND);
	if (line->found)
		fputs(" (found)", out);
	putc('\n', out);
}

static json_t *json_text(const char *s)
{
	char text[NAME_MAX_SHOWN];

	return s && *s ? json_string(text_printable(text, sizeof(text), s)) : json_null();
}

static json_t *json_count(uint64_t count)
{
	return count ? json_integer((json_int_t)count) : json_null();
}

static json_t *json_seconds(uint64_t ns)
{
	return ns ? json_real((double)ns / NS_PER_SECOND) : json_null();
}

static void put_endpoints(json_t *object, const struct trace_line *line)
{
	char address[TEXT_ADDRESS_MAX];

	json_object_set_new(object, "port", json_count(line->port));
	if (!line->remote_port)
		return;
	json_object_set_new(object, "local", json_string(text_address(address, line->local)));
	json_object_set_new(object, "remote", json_string(text_address(address, line->remote)));
	json_object_set_new(object, "remote_port", json_integer(line->remote_port));
}

void trace_line_json(FILE *out, const struct trace_line *line)
{
	json_t *object = json_object();
	char text[TEXT_TIME_MAX];

	json_object_set_new(object, "time", json_string(text_time(text, line->time)));
	json_object_set_new(object, "event", json_string(line->event));
	json_object_set_new(object, "path", json_text(line->path));
	json_object_set_new(object, "pid", json_count(line->pid));
	json_object_set_new(object, "process", json_text(line->process));
	json_object_set_new(object, "netns", json_count(line->netns));
	json_object_set_new(object, "netns_name", json_text(line->netns_name));
	json_object_set_new(object, "protocol",
			    json_text(line->protocol ? text_protocol(line->protocol) : NULL));
	put_endpoints(object, line);
	if (line->error)
		json_object_set_new(object, "errno", json_string(text_error(text, line->error)));
	json_object_set_new(object, "search_seconds", json_seconds(line->search_ns));
	json_object_set_new(object, "held_seconds", json_seconds(line->age_ns));
	json_object_set_new(object, "found", json_boolean(line->found));
	json_dumpf(object, out, JSON_COMPACT);
	putc('\n', out);
	json_decref(object);
}
