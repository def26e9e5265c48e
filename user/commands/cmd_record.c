// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "user/agent.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/commands/command.h"
#include "user/commands/options.h"
#include "user/host/privilege.h"
#include "user/loop.h"
#include "user/record/recorder.h"

#define DRAIN_NS 50000000ULL

struct record {
	const struct options *options;
	struct recorder *recorder;
	struct agent *agent;
	struct loop *loop;
	bool told_missed;
};

/* The recorder goes after the agent, which tells it things. */
static void record_done(struct record *record)
{
	loop_free(record->loop);
	agent_close(record->agent);
	recorder_close(record->recorder);
}

static int look_after(void *context)
{
	struct record *record = context;
	bool repeat = recorder_flush(record->recorder);
	struct recorder_status status = recorder_status(record->recorder);

	if (status.missed && !record->told_missed)
		log_warning("record: %s: the disk is too slow; events are left out, and all ports "
			    "written again",
			    record->options->file);
	record->told_missed |= status.missed != 0;
	if (repeat)
		agent_repeat(record->agent);
	return status.error || status.full ? -ECANCELED : 0;
}

/* Says how it ended. */
static int finish(struct record *record, int r)
{
	struct recorder_status status = recorder_close(TAKE_PTR(record->recorder));
	const char *file = record->options->file;

	if (status.error) {
		log_error("record: %s: %s; the recording is good up to byte %llu, where it ends",
			  file, strerror(-status.error), (unsigned long long)status.written);
		return EX_IOERR;
	}
	if (status.missed)
		log_warning("record: %s: %llu events were left out; replay --summary tells where",
			    file, (unsigned long long)status.missed);
	log_info("record: %s: %llu bytes%s", file, (unsigned long long)status.written,
		 status.full ? ", as large as --max-size lets it be; the recording ends here" : "");
	return r < 0 && r != -ECANCELED ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct record *record)
{
	struct loop_config config = {
		.drain_ns = DRAIN_NS,
		.reconcile_ns = record->options->reconcile_ns,
		.second = look_after,
		.context = record,
	};
	int r = loop_new(&record->loop, record->agent, &config);

	if (r < 0) {
		log_error("record: cannot set up the event loop: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	log_info("recording to %s with source %s until SIGINT or SIGTERM", record->options->file,
		 agent_source(record->agent)->name);
	r = loop_run(record->loop);
	agent_tick(record->agent); /* what happened last */
	return finish(record, r);
}

static int open_file(struct record *record)
{
	struct recorder_config config = {
		.path = record->options->file,
		.max_bytes = record->options->max_bytes,
		.confine = privilege_drop_thread,
	};
	int r = recorder_open(&record->recorder, &config);

	if (r < 0)
		log_error("record: cannot make %s: %s", config.path,
			  r == -EEXIST ? "it is there already; name another" : strerror(-r));
	return r;
}

static int open_agent(struct record *record)
{
	struct agent_config config = options_agent(record->options);

	config.confined = true;
	config.listener = recorder_take;
	config.listener_context = record->recorder;
	if (agent_open(&record->agent, &config) == 0 && agent_confine(record->agent) == 0)
		return 0;
	unlink(record->options->file); /* ours, and nothing is in it */
	return -1;
}

int cmd_record(int argc, char **argv)
{
	CLEANUP(record_done) struct record record = { 0 };
	struct options options;

	if (options_parse(&options, argc, argv,
			  OPTIONS_FILE | OPTIONS_RECORD | OPTIONS_SOURCE | OPTIONS_RECONCILE,
			  "Records everything that happens to ports, for replay.") < 0)
		return EX_USAGE;
	if (privilege_require(source_privileges(source_table(), options.source)) < 0)
		return EX_NOPERM;
	record.options = &options;
	signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is then an error like others */
	if (open_file(&record) < 0)
		return EX_CANTCREAT;
	if (open_agent(&record) < 0)
		return EXIT_FAILURE;
	return run(&record);
}
