// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/commands/command.h"
#include "user/control.h"
#include "user/base/log.h"
#include "user/commands/options.h"
#include "user/sources/sockdiag.h"
#include "user/base/util.h"
#include "user/verify/verify_report.h"
#include "user/verify/verify_run.h"

struct verification {
	struct verify_host host;
	struct verify_outcome outcome;
	struct verify_sum *sums; /* two a namespace: TCP, UDP */
};

static void verification_done(struct verification *self)
{
	verify_host_done(&self->host);
	verify_outcome_done(&self->outcome);
	free(self->sums);
}

/* --- the result ------------------------------------------------------------------------------ */

static struct verify_sum *sum_of(const struct verification *self, const struct verify_entry *entry)
{
	const struct verify_place *place = verify_host_place(&self->host, entry->tuple.netns);

	return &self->sums[(place - self->host.places) * 2 + (entry->protocol == IPPROTO_UDP)];
}

static void sum_up(struct verification *self)
{
	const struct verify_outcome *outcome = &self->outcome;

	for (size_t i = 0; i < outcome->kernel.count; i++)
		sum_of(self, &outcome->kernel.entries[i])->objects++;
	for (size_t i = 0; i < outcome->ledger.count; i++)
		sum_of(self, &outcome->ledger.entries[i])->holds++;
	for (size_t i = 0; i < outcome->found.count; i++) {
		const struct verify_difference *one = &outcome->found.differences[i];
		struct verify_sum *sum = sum_of(self, &one->entry);

		if (one->kind == VERIFY_UNSEEN)
			sum->unseen++;
		else
			sum->differences++;
	}
}

/* Names the sums, and moves those of namespaces that could be read to the front. */
static size_t finish_sums(struct verification *self)
{
	size_t kept = 0;

	for (size_t i = 0; i < self->host.netns.count * 2; i++) {
		const struct verify_place *place = &self->host.places[i / 2];
		struct verify_sum sum = self->sums[i];

		if (place->unreadable)
			continue;
		sum.netns = place->netns;
		sum.name = place->name;
		sum.protocol = i % 2 ? IPPROTO_UDP : IPPROTO_TCP;
		self->sums[kept++] = sum;
	}
	return kept;
}

static int print(struct verification *self, bool json)
{
	struct verify_report report = {
		.found = &self->outcome.found,
		.sums = self->sums,
		.unread_holds = self->outcome.unread_holds,
		.incomplete = self->outcome.header.flags & HOLDS_DUMP_INCOMPLETE,
		.source = self->outcome.header.source,
	};

	sum_up(self);
	report.sums_count = finish_sums(self);
	if (!report.sums_count) {
		log_error("verify: no network namespace could be read: %s",
			  sockdiag_explain(self->host.error, IPPROTO_UDP));
		return EX_OSERR;
	}
	report.unread_namespaces = self->host.netns.count - report.sums_count / 2;
	if (json)
		verify_report_json(stdout, &report);
	else
		verify_report_text(stdout, &report);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("verify: writing to standard output failed");
		return EX_IOERR;
	}
	return verify_report_count(&report) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- failures -------------------------------------------------------------------------------- */

static const struct failure {
	int error;
	int status;
	const char *words; /* behind the control socket's path */
} failures[] = {
	{ -ENOENT, EX_UNAVAILABLE,
	  "there is no agent; start one with portgauge run, or name its socket with --control" },
	{ -ENOTDIR, EX_UNAVAILABLE, "there is no such socket; name the agent's with --control" },
	{ -ECONNREFUSED, EX_UNAVAILABLE, "no agent answers; start one with portgauge run" },
	{ -EACCES, EX_NOPERM, "not for us; run as root or as the user that the agent runs as" },
	{ -ENAMETOOLONG, EX_USAGE, "the path is too long for a socket" },
	{ -EINVAL, EX_USAGE, "an empty path is no socket" },
	{ -ETIMEDOUT, EX_UNAVAILABLE, "the agent does not answer; is it stopped?" },
	{ -ECONNRESET, EX_UNAVAILABLE, "the agent hung up; see its log" },
	{ -ETIME, EX_UNAVAILABLE, "the agent has ceased to reconcile; see its log" },
	{ -EPROTO, EX_PROTOCOL, "the agent is of another version; restart it" },
	{ -EBADMSG, EX_PROTOCOL, "what answers is no portgauge agent" },
};

static int explain(const char *control, int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		if (failures[i].error != error)
			continue;
		log_error("verify: %s: %s", control, failures[i].words);
		return failures[i].status;
	}
	log_error("verify: %s: %s", control, strerror(-error));
	return EX_OSERR;
}

static int open_host(struct verification *self)
{
	int r = verify_host_open(&self->host);

	if (r == 0)
		r = verify_host_try(&self->host);
	if (r == -ENXIO)
		log_error("verify: cannot read this network namespace; is /proc mounted?");
	else if (r < 0)
		log_error("verify: %s", sockdiag_explain(r, IPPROTO_TCP));
	if (r < 0)
		return r;
	self->sums = calloc(self->host.netns.count * 2, sizeof(*self->sums));
	return self->sums ? 0 : -ENOMEM;
}

static void tell_waiting(void)
{
	log_info("verify: waiting for the agent's next reconcile, which may mend what differs");
}

int cmd_verify(int argc, char **argv)
{
	CLEANUP(verification_done) struct verification self = { 0 };
	struct options options;
	const char *control;
	int r;

	if (options_parse(
		    &options, argc, argv, OPTIONS_JSON | OPTIONS_CONTROL,
		    "Compares what the running agent believes with the kernel's own tables.") < 0)
		return EX_USAGE;
	control = options.control ? options.control : CONTROL_DEFAULT;
	if (open_host(&self) < 0)
		return EX_OSERR;
	r = verify_run(&self.outcome, &self.host, control, tell_waiting);
	return r < 0 ? explain(control, r) : print(&self, options.json);
}
