// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>

#include "user/base/text.h"
#include "user/verify/verify_report.h"

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

/* 0: unknown, null. */
static json_t *number_or_null(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : json_null();
}

static json_t *address_or_null(bool known, const uint8_t address[16])
{
	char text[TEXT_ADDRESS_MAX];

	return known ? json_string(text_address(text, address)) : json_null();
}

static json_t *process_or_null(const struct verify_entry *hold)
{
	char process[VERIFY_NAME_MAX];

	return *hold->comm ? json_string(text_printable(process, sizeof(process), hold->comm))
			   : json_null();
}

static json_t *json_object_side(const struct verify_entry *object)
{
	if (!object)
		return json_null();
	return json_pack("{s:s, s:I, s:o, s:I}", "state", verify_state_name(object), "cookie",
			 (json_int_t)object->identity, "inode", number_or_null(object->inode),
			 "uid", (json_int_t)object->uid);
}

static json_t *json_hold_side(const struct verify_entry *hold)
{
	if (!hold)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:o}", "state", verify_hold_state_name(hold), "path",
			 hold_path_name(hold->path), "pid", number_or_null(hold->pid), "process",
			 process_or_null(hold));
}

static json_t *json_difference(const struct verify_report *report,
			       const struct verify_difference *difference)
{
	const struct abi_tuple *tuple = &difference->entry.tuple;
	bool connected = tuple->remote_port;
	char name[VERIFY_NAME_MAX];

	return json_pack("{s:s, s:I, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "kind",
			 kind_name(difference->kind), "netns", (json_int_t)tuple->netns,
			 "netns_name", verify_netns_name(report, tuple->netns, name), "protocol",
			 text_protocol(difference->entry.protocol), "port", (int)tuple->port,
			 "local", address_or_null(connected, tuple->local), "remote",
			 address_or_null(connected, tuple->remote), "remote_port",
			 number_or_null(tuple->remote_port), "kernel",
			 json_object_side(verify_object_of(difference)), "ledger",
			 json_hold_side(verify_hold_of(difference)));
}

static json_t *json_sum(const struct verify_sum *sum)
{
	char name[VERIFY_NAME_MAX];

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
	root = json_pack(
		"{s:i, s:s, s:b, s:b, s:I, s:I, s:o, s:o}", "version", 1, "source", report->source,
		"equal", verify_report_count(report) == 0, "complete", !report->incomplete,
		"unread_namespaces", (json_int_t)report->unread_namespaces, "unread_holds",
		(json_int_t)report->unread_holds, "pools", sums, "differences", differences);
	json_dumpf(root, out, JSON_INDENT(2));
	putc('\n', out);
	json_decref(root);
}
