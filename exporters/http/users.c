// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/users.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/http/authorization.h"
#include "exporters/http/settings.h"
#include "user/base/util.h"

#define KEY_BYTES 32
#define DIGEST_BYTES 32 /* of SHA-256 */
#define REMEMBERED_MAX 64
#define WAITING_MAX 8
#define HASH_MAX 128

struct users {
	uint8_t key[KEY_BYTES];
	pthread_mutex_t lock; /* of what follows */
	uint8_t remembered[REMEMBERED_MAX][DIGEST_BYTES];
	size_t next; /* the oldest one's place, modulo REMEMBERED_MAX */
	unsigned int waiting;
	pthread_mutex_t checking; /* held while bcrypt runs */
};

int users_new(struct users **ret)
{
	CLEANUP(freep) struct users *users = calloc(1, sizeof(*users));

	if (!users)
		return -ENOMEM;
	if (gnutls_rnd(GNUTLS_RND_KEY, users->key, sizeof(users->key)) < 0 ||
	    gnutls_rnd(GNUTLS_RND_NONCE, users->remembered, sizeof(users->remembered)) < 0)
		return -EIO;
	pthread_mutex_init(&users->lock, NULL);
	pthread_mutex_init(&users->checking, NULL);
	*ret = TAKE_PTR(users);
	return 0;
}

void users_free(struct users *users)
{
	if (!users)
		return;
	pthread_mutex_destroy(&users->checking);
	pthread_mutex_destroy(&users->lock);
	explicit_bzero(users, sizeof(*users));
	free(users);
}

/* The terminating zeros keep the parts apart. */
static int digest(const struct users *users, uint8_t ret[DIGEST_BYTES], const char *name,
		  const char *hash, const char *password)
{
	char text[2 * AUTHORIZATION_MAX + HASH_MAX + 3];
	const char *const parts[] = { name, hash, password };
	size_t n = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t size = strlen(parts[i]) + 1;

		if (size > sizeof(text) - n)
			return -EMSGSIZE;
		memcpy(text + n, parts[i], size);
		n += size;
	}
	r = gnutls_hmac_fast(GNUTLS_MAC_SHA256, users->key, KEY_BYTES, text, n, ret);
	explicit_bzero(text, sizeof(text));
	return r < 0 ? -EIO : 0;
}

static bool is_remembered(struct users *users, const uint8_t digest_of[DIGEST_BYTES])
{
	bool found = false;

	pthread_mutex_lock(&users->lock);
	for (size_t i = 0; i < REMEMBERED_MAX; i++)
		found |= gnutls_memcmp(users->remembered[i], digest_of, DIGEST_BYTES) == 0;
	pthread_mutex_unlock(&users->lock);
	return found;
}

static void remember(struct users *users, const uint8_t digest_of[DIGEST_BYTES])
{
	pthread_mutex_lock(&users->lock);
	memcpy(users->remembered[users->next++ % REMEMBERED_MAX], digest_of, DIGEST_BYTES);
	pthread_mutex_unlock(&users->lock);
}

/* Nobody: one of the others' hashes, always the same for one name, so that the time that a check
 * takes tells nothing. */
static const struct user *find(const struct settings *settings, const char *name, bool *ret_exists)
{
	size_t sum = 0;

	for (size_t i = 0; i < settings->users_count; i++) {
		if (strcmp(settings->users[i].name, name) == 0) {
			*ret_exists = true;
			return &settings->users[i];
		}
	}
	*ret_exists = false;
	while (*name)
		sum = sum * 31 + (unsigned char)*name++;
	return &settings->users[sum % settings->users_count];
}

enum users_verdict users_recall(struct users *users, const struct settings *settings,
				const char *name, const char *password)
{
	uint8_t digest_of[DIGEST_BYTES];
	const struct user *user;
	bool exists;

	user = find(settings, name, &exists);
	if (digest(users, digest_of, name, user->hash, password) < 0 || !exists)
		return USERS_WRONG;
	return is_remembered(users, digest_of) ? USERS_RIGHT : USERS_WRONG;
}

static bool matches(const char *hash, const char *password)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made;
	bool equal;

	if (!data)
		return false;
	made = crypt_r(password, hash, data);
	equal = made && strlen(made) == strlen(hash) &&
		gnutls_memcmp(made, hash, strlen(hash)) == 0;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return equal;
}

static bool queue_up(struct users *users)
{
	bool admitted;

	pthread_mutex_lock(&users->lock);
	admitted = users->waiting < WAITING_MAX;
	users->waiting += admitted;
	pthread_mutex_unlock(&users->lock);
	return admitted;
}

static void leave_queue(struct users *users)
{
	pthread_mutex_lock(&users->lock);
	users->waiting--;
	pthread_mutex_unlock(&users->lock);
}

enum users_verdict users_check(struct users *users, const struct settings *settings,
			       const char *name, const char *password)
{
	uint8_t digest_of[DIGEST_BYTES];
	const struct user *user;
	bool exists;
	bool right;

	user = find(settings, name, &exists);
	if (digest(users, digest_of, name, user->hash, password) < 0)
		return USERS_WRONG;
	if (!queue_up(users))
		return USERS_BUSY;
	pthread_mutex_lock(&users->checking);
	right = matches(user->hash, password);
	pthread_mutex_unlock(&users->checking);
	leave_queue(users);
	if (!right || !exists)
		return USERS_WRONG;
	remember(users, digest_of);
	return USERS_RIGHT;
}
