/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line that may be shown to anybody. Arguments carry passwords, tokens and whole
 * statements, and no list of suspicious words catches them all; so what is shown is only what
 * cannot be a secret: the program, the script or module that an interpreter was told to run, and
 * the names of options. All else is left out, and "..." says so. Pure.
 */
#pragma once

#include <stddef.h>

#define COMMAND_LINE_MAX 96
#define COMMAND_PATH_MAX 80

/* arguments: as in /proc/PID/cmdline, each ended by a zero byte; the last one may be cut.
 * "" for a process without any. Printable, always terminated. */
void command_line_show(char ret[COMMAND_LINE_MAX], const char *arguments, size_t size);

/* A path whose front is left out where it is long: ".../bin/java". ret may be path. */
void command_path_show(char ret[COMMAND_PATH_MAX], const char *path);
