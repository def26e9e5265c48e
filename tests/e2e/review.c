// SPDX-License-Identifier: Apache-2.0
#include "review.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"
#include "process.h"
#include "user/base/clock.h"
#include "watch.h"

#define PATIENCE_S 30
#define POLL_US 20000
#define POLLS_A_NUDGE 15

void review_start(struct review *review, const struct watch *watch)
{
	const char *const argv[] = { watch_program(), "verify", "--control", watch_control(watch),
				     NULL };

	review->output = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(review->output >= 0);
	review->pid = start_program(NULL, argv, review->output);
}

static void wait_for_end(const struct review *review, const struct watch *watch)
{
	uint64_t deadline = deadline_in(PATIENCE_S);

	for (unsigned int i = 1; program_runs(review->pid); i++) {
		if (i % POLLS_A_NUDGE == 0)
			kill(watch_pid(watch), SIGUSR1);
		if (clock_ns(CLOCK_MONOTONIC) > deadline)
			return;
		usleep(POLL_US);
	}
}

int review_end(struct review *review, const struct watch *watch, char reply[REVIEW_REPLY_MAX])
{
	ssize_t size;
	int status;

	reply[0] = '\0';
	if (!review->pid)
		return 0;
	wait_for_end(review, watch);
	status = stop_program(review->pid);
	size = pread(review->output, reply, REVIEW_REPLY_MAX - 1, 0);
	reply[size > 0 ? size : 0] = '\0';
	close(review->output);
	review->pid = 0;
	return status;
}
