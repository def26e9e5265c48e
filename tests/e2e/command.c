// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <string.h>

#include "check.h"

void complains(struct result result, int status, const char *what, const char *remedy)
{
	const char *newline = strchr(result.out, '\n');

	if (result.status != status || !strstr(result.out, what) || !strstr(result.out, remedy))
		fail_msg("status %d, not %d with '%s' and '%s': %s", result.status, status, what,
			 remedy, result.out);
	if (!newline || newline[1])
		fail_msg("not one line: %s", result.out);
	result_done(&result);
}

void says(struct result result, int status, const char *what)
{
	if (result.status != status || !strstr(result.out, what))
		fail_msg("status %d, not %d with '%s': %s", result.status, status, what,
			 result.out);
	result_done(&result);
}
