// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/web_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/http/settings.h"
#include "exporters/http/tls.h"
#include "user/base/file.h"
#include "user/base/log.h"
#include "user/base/util.h"
#include "user/base/yaml.h"

#define PEM_BYTES_MAX 1048576 /* a bundle of all public authorities has a fifth of it */

/* --- stamps */

void web_stamps_done(struct web_stamps *stamps)
{
	for (size_t i = 0; i < stamps->count; i++)
		free(stamps->files[i].path);
	*stamps = (struct web_stamps){ 0 };
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && same_time(a->st_mtim, b->st_mtim) &&
	       same_time(a->st_ctim, b->st_ctim);
}

bool web_stamps_changed(const struct web_stamps *stamps)
{
	for (size_t i = 0; i < stamps->count; i++) {
		struct stat now = { 0 };

		if (stat(stamps->files[i].path, &now) < 0)
			now = (struct stat){ 0 };
		if (!same_file(&now, &stamps->files[i].status))
			return true;
	}
	return false;
}

/* --- reading */

static void warn_of_readers(const char *path, const struct stat *status, const char *secret)
{
	if (status->st_mode & S_IROTH)
		log_warning("%s: everybody can read this file, which has %s; chmod o-r it", path,
			    secret);
}

/* Reads a file and remembers what it was like. Logs a failure. */
static int read_file(char **ret, size_t *ret_size, struct stat *ret_status,
		     struct web_stamps *stamps, const char *path, size_t max)
{
	struct stat status = { 0 };
	char *copy = strdup(path);
	int r;

	if (!copy)
		return -ENOMEM;
	r = file_read(ret, ret_size, &status, path, max);
	if (r < 0)
		status = (struct stat){ 0 };
	stamps->files[stamps->count].path = copy;
	stamps->files[stamps->count++].status = status;
	*ret_status = status;
	if (r < 0)
		log_error("cannot read %s: %s; see --web.config.file", path, strerror(-r));
	return r;
}

/* *ret_text stays NULL if there is no such PEM. own: to be freed. */
static int read_pem(const char **ret_text, char **own, struct web_stamps *stamps,
		    const struct pem *pem, const char *secret)
{
	struct stat status;
	size_t size;
	int r;

	*ret_text = pem->text;
	if (!pem->file)
		return 0;
	r = read_file(own, &size, &status, stamps, pem->file, PEM_BYTES_MAX);
	if (r < 0)
		return r;
	if (secret)
		warn_of_readers(pem->file, &status, secret);
	*ret_text = *own;
	return 0;
}

static const char *name_of(const struct pem *pem, const char *path)
{
	return pem->file ? pem->file : path;
}

static void log_tls_failure(const struct tls_settings *settings, const char *path,
			    enum tls_part part, int error)
{
	if (part == TLS_CLIENT_CA)
		log_error("%s: not a client CA: %s", name_of(&settings->client_ca, path),
			  gnutls_strerror(error));
	else if (part == TLS_CERTIFICATE)
		log_error("%s and %s: no certificate and its private key, in PEM: %s",
			  name_of(&settings->certificate, path), name_of(&settings->key, path),
			  gnutls_strerror(error));
	else
		log_error("%s: GnuTLS does not take these versions and curves: %s", path,
			  gnutls_strerror(error));
}

static void wipe_and_free(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
}

static int load_tls(struct tls **ret, struct web_stamps *stamps,
		    const struct tls_settings *settings, const char *path)
{
	CLEANUP(freep) char *certificate = NULL;
	CLEANUP(wipe_and_free) char *key = NULL;
	CLEANUP(freep) char *client_ca = NULL;
	struct tls_files files;
	enum tls_part part;
	int r;

	r = read_pem(&files.certificate, &certificate, stamps, &settings->certificate, NULL);
	if (r == 0)
		r = read_pem(&files.key, &key, stamps, &settings->key, "a private key");
	if (r == 0)
		r = read_pem(&files.client_ca, &client_ca, stamps, &settings->client_ca, NULL);
	if (r < 0)
		return r;
	r = tls_new(ret, &part, settings, &files);
	if (r == 0)
		return 0;
	log_tls_failure(settings, path, part, r);
	return -EINVAL;
}

static void log_errors(const struct yaml *yaml, const char *path)
{
	const struct yaml_error *errors;
	size_t count;

	errors = yaml_errors(yaml, &count);
	for (size_t i = 0; i < count; i++)
		log_error("%s:%u:%u: %s", path, errors[i].line, errors[i].column, errors[i].text);
}

/* "" of a file in the working directory would be "/" to whoever joins it. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int read_settings(struct web_file *file, const char *text, size_t size, const char *path)
{
	CLEANUP(freep) char *folder = folder_of(path ? path : "");
	struct settings *settings = NULL;
	int r;

	if (!folder)
		return -ENOMEM;
	r = yaml_read(&file->yaml, text, size);
	if (r == 0)
		r = settings_read(&settings, file->yaml, folder);
	if (r == -EINVAL)
		log_errors(file->yaml, path);
	file->settings = settings;
	return r;
}

static int load(struct web_file *file, struct web_stamps *stamps, const char *path)
{
	CLEANUP(wipe_and_free) char *text = NULL;
	struct tls *tls = NULL;
	struct stat status;
	size_t size;
	int r;

	if (!path)
		return read_settings(file, "", 0, NULL);
	r = read_file(&text, &size, &status, stamps, path, YAML_BYTES_MAX);
	if (r == 0)
		r = read_settings(file, text, size, path);
	if (r < 0)
		return r;
	if (file->settings->has_secrets)
		warn_of_readers(path, &status, "secrets");
	if (file->settings->tls.enabled)
		r = load_tls(&tls, stamps, &file->settings->tls, path);
	file->tls = tls;
	return r;
}

static void unrefp(struct web_file **file)
{
	web_file_unref(*file);
}

int web_file_load(struct web_file **ret, struct web_stamps *stamps, const char *path)
{
	CLEANUP(unrefp) struct web_file *file = calloc(1, sizeof(*file));
	int r = -ENOMEM;

	web_stamps_done(stamps);
	if (file) {
		file->references = 1;
		r = load(file, stamps, path);
	}
	if (r == -ENOMEM)
		log_error("cannot load the web configuration: out of memory");
	if (r == 0)
		*ret = TAKE_PTR(file);
	return r;
}

struct web_file *web_file_ref(struct web_file *file)
{
	__atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
	return file;
}

void web_file_unref(struct web_file *file)
{
	if (!file || __atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	tls_free((struct tls *)(uintptr_t)file->tls);
	settings_free((struct settings *)(uintptr_t)file->settings);
	yaml_drop(file->yaml);
	free(file);
}
