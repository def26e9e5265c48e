/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of --web.config.file and the certificates that it names, as they were when they were
 * read. Never changed afterwards; reference-counted, safe from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define WEB_FILES_MAX 4

/* Which files were looked at, and what they were like; zeroed: none. */
struct web_stamps {
	struct {
		char *path;
		struct stat status; /* all zero: could not be read */
	} files[WEB_FILES_MAX];
	size_t count;
};

void web_stamps_done(struct web_stamps *stamps);

/* Is any of them another one than when it was read? */
bool web_stamps_changed(const struct web_stamps *stamps);

struct web_file {
	const struct settings *settings;
	const struct tls *tls; /* NULL: plain HTTP */
	struct yaml *yaml;
	int references; /* atomic */
};

/* path NULL: what holds without a file. A failure is logged, one line an error, and is a negative
 * errno; *stamps is replaced in any case. Warns of secrets that everybody may read. */
int web_file_load(struct web_file **ret, struct web_stamps *stamps, const char *path);

struct web_file *web_file_ref(struct web_file *file);
void web_file_unref(struct web_file *file); /* NULL is fine */
