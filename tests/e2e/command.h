/* SPDX-License-Identifier: Apache-2.0 */
/* portgauge's commands, and what they must say. */
#pragma once

#include "process.h"
#include "watch.h"

/* Runs `portgauge ...` to the end. */
#define RUN(launch, ...) \
	run_program(launch, (const char *const[]){ watch_program(), __VA_ARGS__, NULL })

/* Demands this status, and one line alone that says both. Ends the result. */
void complains(struct result result, int status, const char *what, const char *remedy);

/* Demands this status and, somewhere, these words. Ends the result. */
void says(struct result result, int status, const char *what);
