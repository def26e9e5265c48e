// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "user/base/log.h"
#include "user/base/util.h"
#include "user/base/yaml.h"
#include "user/commands/command.h"
#include "user/commands/options.h"
#include "user/config/config.h"
#include "user/config/config_file.h"

static int tell(const char *file, const struct config *config)
{
	const struct yaml_error *errors;
	size_t count;

	errors = config_errors(config, &count);
	for (size_t i = 0; i < count; i++)
		printf("%s:%u:%u: %s\n", file, errors[i].line, errors[i].column, errors[i].text);
	if (count)
		return EXIT_FAILURE;
	printf("%s: fine: %zu alert rules, %zu notifiers\n", file, config->rules_count,
	       config->notifiers_count);
	return EXIT_SUCCESS;
}

int cmd_check_config(int argc, char **argv)
{
	CLEANUP(config_freep) struct config *config = NULL;
	struct options options;
	int status;
	int r;

	if (options_parse(&options, argc, argv, OPTIONS_FILE,
			  "Tells every mistake in a file of settings for run --config.file.") < 0)
		return EX_USAGE;
	r = config_load(&config, options.file);
	if (r < 0) {
		log_error("check-config: cannot read %s: %s", options.file,
			  r == -EFBIG ? "it is too large for settings" : strerror(-r));
		return EX_NOINPUT;
	}
	status = tell(options.file, config);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("check-config: writing to standard output failed");
		return EX_IOERR;
	}
	return status;
}
