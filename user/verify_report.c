// SPDX-License-Identifier: Apache-2.0
#include "user/verify_report.h"

#include <string.h>

#include <jansson.h>

#include "user/text.h"

#define NAME_SHOWN 64

size_t verify_report_count(const struct verify_report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->sums_count; i++)
		count += report->sums[i].differences;
	return count;
}

static const char *name_of(const struct verify_report *report, uint32_t netns, char ret[NAME_SHOWN])
{
	for (size_t i = 0; i < report->sums_count; i++)
		if (report->sums[i].netns == netns)
			return text_printable(ret, NAME_SHOWN, report->sums[i].name);
	snprintf(ret, NAME_SHOWN, "%u", netns);
	return ret;
}

/* The sides of a difference; NULL: that one lacks it. */
static const struct verify_entry *object_of(const struct verify_difference *difference)
{
	return difference->kind == VERIFY_MISSING || difference->kind == VERIFY_STATE
		       ? &difference->entry
		       : NULL;
}

static const struct verify_entry *hold_of(const struct verify_difference *difference)
{
	if (difference->kind == VERIFY_STATE)
		return &difference->hold;
	return difference->kind == VERIFY_MISSING ? NULL : &difference->entry;
}

static const char *hold_state_name(const struct verify_entry *hold)
{
	return hold->state == HOLD_TIME_WAIT ? "time-wait" : "active";
}

/* --- text ------------------------------------------------------------------------------------ */

static void print_owner(FILE *out, const struct verify_entry *object,
			const struct verify_entry *hold)
{
	char process[NAME_SHOWN];

	if (hold && *hold->comm)
		fprintf(out, "%s[%u]", text_printable(process, sizeof(process), hold->comm),
			hold->pid);
	else if (object && object->inode)
		fprintf(out, "uid %u, inode %u", object->uid, object->inode);
	else
		fputs("unknown", out);
}

static void print_difference(FILE *out, const struct verify_report *report,
			     const struct verify_difference *difference)
{
	const struct verify_entry *object = object_of(difference);
	const struct verify_entry *hold = hold_of(difference);
	const struct abi_tuple *tuple = &difference->entry.tuple;
	char toward[TEXT_ENDPOINT_MAX] = "-";
	char name[NAME_SHOWN];
	char ledger[NAME_SHOWN] = "-";

	if (tuple->remote_port)
		text_endpoint(toward, tuple->remote, tuple->remote_port);
	if (hold)
		snprintf(ledger, sizeof(ledger), "%s %s", hold_path_name(hold->path),
			 hold_state_name(hold));
	fprintf(out, "%-12s %-5s %-5u %-24s %-12s %-18s ", name_of(report, tuple->netns, name),
		text_protocol(difference->entry.protocol), tuple->port, toward,
		object ? verify_state_name(object) : "-", ledger);
	print_owner(out, object, hold);
	putc('\n', out);
}

static void print_sum(FILE *out, const struct verify_sum *sum)
{
	char name[NAME_SHOWN];

	fprintf(out, "%s %s: kernel %zu, ledger %zu, ",
		text_printable(name, sizeof(name), sum->name), text_protocol(sum->protocol),
		sum->objects, sum->holds);
	if (sum->differences)
		fprintf(out, "%zu difference%s", sum->differences, sum->differences > 1 ? "s" : "");
	else
		fputs("no difference", out);
	if (sum->unseen)
		fprintf(out, ", not verifiable: %zu", sum->unseen);
	putc('\n', out);
}

static void print_rest(FILE *out, const struct verify_report *report, size_t idle)
{
	if (idle)
		fprintf(out, "%zu more without a port in use\n", idle);
	if (report->unread_namespaces || report->unread_holds)
		fprintf(out,
			"not verifiable: %zu holds in other namespaces (%zu could not be read)\n",
			report->unread_holds, report->unread_namespaces);
	if (report->incomplete)
		fputs("the agent says that it does not see everything; see portgauge doctor\n",
		      out);
}

void verify_report_text(FILE *out, const struct verify_report *report)
{
	size_t idle = 0;

	if (verify_report_count(report))
		fprintf(out, "%-12s %-5s %-5s %-24s %-12s %-18s %s\n", "NETNS", "PROTO", "PORT",
			"TOWARD", "KERNEL", "LEDGER", "OWNER");
	for (size_t i = 0; i < report->found->count; i++)
		if (report->found->differences[i].kind != VERIFY_UNSEEN)
			print_difference(out, report, &report->found->differences[i]);
	for (size_t i = 0; i < report->sums_count; i++) {
		if (report->sums[i].objects || report->sums[i].holds || report->sums[i].differences)
			print_sum(out, &report->sums[i]);
		else
			idle++;
	}
	print_rest(out, report, idle);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static const char *kind_name(enum verify_kind kind)
{
	switch (kind) {
	case VERIFY_MISSING:
		return "missing";
	case VERIFY_STALE:
		return "stale";
	case VERIFY_STATE:
		return "state";
	default:
		return "not_verifiable";
	}
}

static void put_object(json_t *json, const struct verify_entry *object)
{
	json_object_set_new(json, "kernel",
			    object ? json_string(verify_state_name(object)) : json_null());
	if (!object)
		return;
	json_object_set_new(json, "cookie", json_integer((json_int_t)object->identity));
	json_object_set_new(json, "inode",
			    object->inode ? json_integer(object->inode) : json_null());
	json_object_set_new(json, "uid", json_integer(object->uid));
}

static void put_hold(json_t *json, const struct verify_entry *hold)
{
	char process[NAME_SHOWN];

	json_object_set_new(json, "ledger",
			    hold ? json_string(hold_state_name(hold)) : json_null());
	if (!hold)
		return;
	json_object_set_new(json, "path", json_string(hold_path_name(hold->path)));
	json_object_set_new(json, "pid", hold->pid ? json_integer(hold->pid) : json_null());
	json_object_set_new(
		json, "process",
		*hold->comm ? json_string(text_printable(process, sizeof(process), hold->comm))
			    : json_null());
}

static json_t *json_difference(const struct verify_report *report,
			       const struct verify_difference *difference)
{
	const struct abi_tuple *tuple = &difference->entry.tuple;
	json_t *json = json_object();
	char text[TEXT_ADDRESS_MAX];
	char name[NAME_SHOWN];

	json_object_set_new(json, "kind", json_string(kind_name(difference->kind)));
	json_object_set_new(json, "netns", json_integer(tuple->netns));
	json_object_set_new(json, "netns_name", json_string(name_of(report, tuple->netns, name)));
	json_object_set_new(json, "protocol",
			    json_string(text_protocol(difference->entry.protocol)));
	json_object_set_new(json, "port", json_integer(tuple->port));
	if (tuple->remote_port) {
		json_object_set_new(json, "local", json_string(text_address(text, tuple->local)));
		json_object_set_new(json, "remote", json_string(text_address(text, tuple->remote)));
		json_object_set_new(json, "remote_port", json_integer(tuple->remote_port));
	}
	put_object(json, object_of(difference));
	put_hold(json, hold_of(difference));
	return json;
}

static json_t *json_sum(const struct verify_sum *sum)
{
	char name[NAME_SHOWN];

	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "netns", (json_int_t)sum->netns,
			 "netns_name", text_printable(name, sizeof(name), sum->name), "protocol",
			 text_protocol(sum->protocol), "kernel", (json_int_t)sum->objects, "ledger",
			 (json_int_t)sum->holds, "differences", (json_int_t)sum->differences,
			 "not_verifiable", (json_int_t)sum->unseen);
}

void verify_report_json(FILE *out, const struct verify_report *report)
{
	json_t *differences = json_array();
	json_t *sums = json_array();
	json_t *root;

	for (size_t i = 0; i < report->found->count; i++)
		json_array_append_new(differences,
				      json_difference(report, &report->found->differences[i]));
	for (size_t i = 0; i < report->sums_count; i++)
		json_array_append_new(sums, json_sum(&report->sums[i]));
	root = json_pack("{s:i, s:s, s:b, s:b, s:I, s:I}", "version", 1, "source", report->source,
			 "equal", verify_report_count(report) == 0, "complete", !report->incomplete,
			 "unread_namespaces", (json_int_t)report->unread_namespaces, "unread_holds",
			 (json_int_t)report->unread_holds);
	json_object_set_new(root, "pools", sums);
	json_object_set_new(root, "differences", differences);
	json_dumpf(root, out, JSON_INDENT(2));
	putc('\n', out);
	json_decref(root);
}
