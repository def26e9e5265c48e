/* SPDX-License-Identifier: Apache-2.0 */
/* Settings read from text, and what is wrong with them. Include after cmocka.h. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "user/base/yaml.h"
#include "user/config/config.h"

static inline struct config *read_settings(const char *text)
{
	struct config *config = NULL;

	assert_int_equal(config_read(&config, text, strlen(text)), 0);
	return config;
}

/* Every error as "line:column: text\n", in a buffer of the caller's. */
static inline const char *list_errors(const struct config *config, char *ret, size_t size)
{
	const struct yaml_error *errors;
	size_t count;
	size_t n = 0;

	errors = config_errors(config, &count);
	*ret = '\0';
	for (size_t i = 0; i < count && n < size; i++)
		n += (size_t)snprintf(ret + n, size - n, "%u:%u: %s\n", errors[i].line,
				      errors[i].column, errors[i].text);
	return ret;
}

static inline struct config *read_good_settings(const char *text)
{
	struct config *config = read_settings(text);
	char errors[4096];

	assert_string_equal(list_errors(config, errors, sizeof(errors)), "");
	return config;
}

/* There is one error alone: at this place, saying both. */
static inline void assert_one_error(const char *text, const char *place, const char *what,
				    const char *hint)
{
	struct config *config = read_settings(text);
	char errors[4096];

	list_errors(config, errors, sizeof(errors));
	if (strncmp(errors, place, strlen(place)) != 0 || !strstr(errors, what) ||
	    !strstr(errors, hint) || strchr(errors, '\n') != errors + strlen(errors) - 1)
		fail_msg("not one error at %s with '%s' and '%s':\n%s\nin:\n%s", place, what, hint,
			 errors, text);
	config_free(config);
}
