// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "exporters/http/settings.h"
#include "user/base/file.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/base/yaml.h"
#include "user/commands/command.h"
#include "user/commands/options.h"
#include "user/config/config.h"
#include "user/config/config_file.h"

/* The number of errors. */
static size_t print_errors(const char *file, const struct yaml_error *errors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%s:%u:%u: %s\n", file, errors[i].line, errors[i].column, errors[i].text);
	return count;
}

/* What the settings name as web.config_file is a file of settings, too. */
static size_t check_web(const char *file)
{
	CLEANUP(yaml_dropp) struct yaml *yaml = NULL;
	CLEANUP(freep) char *text = NULL;
	struct settings *settings = NULL;
	const struct yaml_error *errors;
	size_t count;
	size_t size;
	int r;

	r = file_read(&text, &size, NULL, file, YAML_BYTES_MAX);
	if (r == -EACCES)
		log_warning("check-config: may not look into %s; try as root", file);
	if (r == -EACCES || r == -ENOENT) /* config_load() has said that it is not there */
		return 0;
	if (r == 0)
		r = yaml_read(&yaml, text, size);
	if (r == 0)
		r = settings_read(&settings, yaml, "");
	settings_free(settings);
	if (r < 0 && r != -EINVAL)
		return (size_t)printf("%s: cannot read it: %s\n", file, strerror(-r));
	errors = yaml_errors(yaml, &count);
	return print_errors(file, errors, count);
}

static int tell(const char *file, const struct config *config)
{
	const struct yaml_error *errors;
	size_t count;

	errors = config_errors(config, &count);
	count = print_errors(file, errors, count);
	if (config->web.config_file)
		count += check_web(config->web.config_file);
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
