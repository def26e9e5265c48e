/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords against bcrypt hashes. One check takes a core for a tenth of a second, so: what was
 * right once is remembered (by a keyed hash of name, hash and password, never by the password);
 * one check runs at a time, a few may wait, and whoever comes then is told to come back. What is
 * remembered waits for nobody.
 *
 * Safe from any thread.
 */
#pragma once

#include <stddef.h>

struct settings;
struct users;

enum users_verdict { USERS_RIGHT, USERS_WRONG, USERS_BUSY };

/* 0, -ENOMEM, or -EIO: no random numbers. */
int users_new(struct users **ret);
void users_free(struct users *users); /* NULL is fine */

/* USERS_RIGHT if it is known to be right; else USERS_WRONG, without a check. */
enum users_verdict users_recall(struct users *users, const struct settings *settings,
				const char *name, const char *password);

/* Checks, and remembers. A name that does not exist takes as long as one that does. */
enum users_verdict users_check(struct users *users, const struct settings *settings,
			       const char *name, const char *password);
