// SPDX-License-Identifier: Apache-2.0
/* The story of docs/story.md, with what a user runs: tests/story/run. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "scenario.h"

#define STORY_S 240 /* it takes a minute, on a machine that has the time */

static void the_story_happens_as_it_is_told(void **state)
{
	const struct scenario *scenario = *state;
	struct launch launch = { .timeout_s = STORY_S };
	struct result result;
	char listen[32];

	snprintf(listen, sizeof(listen), "127.0.0.1:%d", 20000 + getpid() % 5000);
	result = run_program(&launch, (const char *const[]){ "tests/story/run", "--program",
							     watch_program(), "--listen", listen,
							     scenario->source ? "--source" : NULL,
							     scenario->source, NULL });
	if (result.status || !strstr(result.out, "\nstory: as told;"))
		fail_msg("status %d: %s", result.status, result.out);
	result_done(&result);
}

/* That is not a story: all of it has room. */
static void no_story_is_made_of_a_load_that_fits(void **state)
{
	struct result result;

	(void)state;
	result = run_program(NULL,
			     (const char *const[]){ "tests/story/run", "--program", watch_program(),
						    "--ports", "28232", NULL });
	if (result.status != 2 || !strstr(result.out, "need 19860 ports") ||
	    !strstr(result.out, "70% of 28232"))
		fail_msg("status %d: %s", result.status, result.out);
	result_done(&result);
}

const struct CMUnitTest story_suite[] = {
	SCENARIO(the_story_happens_as_it_is_told),
	SCENARIO(no_story_is_made_of_a_load_that_fits),
};
const size_t story_suite_count = sizeof(story_suite) / sizeof(story_suite[0]);
