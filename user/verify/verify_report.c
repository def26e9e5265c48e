// SPDX-License-Identifier: Apache-2.0
#include "user/verify/verify_report.h"

#include "user/base/text.h"

size_t verify_report_count(const struct verify_report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->sums_count; i++)
		count += report->sums[i].differences;
	return count;
}

const char *verify_netns_name(const struct verify_report *report, uint32_t netns,
			      char ret[VERIFY_NAME_MAX])
{
	for (size_t i = 0; i < report->sums_count; i++)
		if (report->sums[i].netns == netns)
			return text_printable(ret, VERIFY_NAME_MAX, report->sums[i].name);
	snprintf(ret, VERIFY_NAME_MAX, "%u", netns);
	return ret;
}

const struct verify_entry *verify_object_of(const struct verify_difference *difference)
{
	return difference->kind == VERIFY_MISSING || difference->kind == VERIFY_STATE
		       ? &difference->entry
		       : NULL;
}

const struct verify_entry *verify_hold_of(const struct verify_difference *difference)
{
	if (difference->kind == VERIFY_STATE)
		return &difference->hold;
	return difference->kind == VERIFY_MISSING ? NULL : &difference->entry;
}

const char *verify_hold_state_name(const struct verify_entry *hold)
{
	return hold->state == HOLD_TIME_WAIT ? "time-wait" : "active";
}

/* --- text ------------------------------------------------------------------------------------ */

static void print_object(FILE *out, const struct verify_entry *object)
{
	if (!object) {
		fputs("kernel nothing", out);
		return;
	}
	fprintf(out, "kernel %s", verify_state_name(object));
	if (object->inode)
		fprintf(out, " (uid %u, inode %u)", object->uid, object->inode);
}

static void print_hold(FILE *out, const struct verify_entry *hold)
{
	char process[VERIFY_NAME_MAX];

	if (!hold) {
		fputs("ledger nothing", out);
		return;
	}
	fprintf(out, "ledger %s by %s", verify_hold_state_name(hold), hold_path_name(hold->path));
	if (*hold->comm)
		fprintf(out, " of %s[%u]", text_printable(process, sizeof(process), hold->comm),
			hold->pid);
}

static void print_difference(FILE *out, const struct verify_report *report,
			     const struct verify_difference *difference)
{
	const struct abi_tuple *tuple = &difference->entry.tuple;
	char toward[TEXT_ENDPOINT_MAX];
	char name[VERIFY_NAME_MAX];

	fprintf(out, "%s %s %u", verify_netns_name(report, tuple->netns, name),
		text_protocol(difference->entry.protocol), tuple->port);
	if (tuple->remote_port)
		fprintf(out, " -> %s", text_endpoint(toward, tuple->remote, tuple->remote_port));
	fputs("\n    ", out);
	print_object(out, verify_object_of(difference));
	fputs(", ", out);
	print_hold(out, verify_hold_of(difference));
	putc('\n', out);
}

static void print_sum(FILE *out, const struct verify_sum *sum)
{
	char name[VERIFY_NAME_MAX];

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

static bool is_idle(const struct verify_sum *sum)
{
	return !sum->objects && !sum->holds && !sum->differences;
}

static void print_rest(FILE *out, const struct verify_report *report, size_t idle)
{
	if (idle)
		fprintf(out, "%zu %s without a port in use, no difference\n", idle,
			idle == report->sums_count ? "pools" : "more");
	if (report->unread_namespaces || report->unread_holds)
		fprintf(out, "not verifiable: %zu holds, in namespaces that could not be read\n",
			report->unread_holds);
	if (report->incomplete)
		fputs("the agent says that it does not see everything; see portgauge doctor\n",
		      out);
}

void verify_report_text(FILE *out, const struct verify_report *report)
{
	size_t idle = 0;

	for (size_t i = 0; i < report->found->count; i++)
		if (report->found->differences[i].kind != VERIFY_UNSEEN)
			print_difference(out, report, &report->found->differences[i]);
	for (size_t i = 0; i < report->sums_count; i++) {
		if (is_idle(&report->sums[i]))
			idle++;
		else
			print_sum(out, &report->sums[i]);
	}
	print_rest(out, report, idle);
}
