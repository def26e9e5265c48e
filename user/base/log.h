/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a message, to standard error, with the "<priority>" prefix when the journal reads it
 * (JOURNAL_STREAM is set). Only main, commands, agent, sources and exporter glue log; everything
 * else returns an error and stays silent. A message names what failed, on what, and what to do.
 */
#pragma once

#include <stdarg.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6 };

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_writev(enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
