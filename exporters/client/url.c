// SPDX-License-Identifier: Apache-2.0
#include "exporters/client/url.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "user/base/text.h"
#include "user/base/util.h"

#define URL_MAX 2048
#define UNIX_PREFIX "unix:"
#define UNIX_HOST "http://localhost"

static void url_cleanup(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void curl_freep(char **s)
{
	curl_free(*s);
}

static int error_of(CURLUcode code)
{
	if (code == CURLUE_OK)
		return 0;
	return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

/* A copy of one part; -EINVAL when there is none. */
static int get(CURLU *url, CURLUPart part, unsigned int flags, char **ret)
{
	CLEANUP(curl_freep) char *text = NULL;
	int r = error_of(curl_url_get(url, part, &text, flags));

	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static bool has(CURLU *url, CURLUPart part)
{
	CLEANUP(curl_freep) char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

static bool ends_with(const char *s, const char *end)
{
	size_t length = strlen(s);
	size_t end_length = strlen(end);

	return length >= end_length && strcmp(s + length - end_length, end) == 0;
}

/* "/a/" and "/b" give "/a/b". */
static int append_path(CURLU *url, const char *suffix)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *whole = NULL;
	size_t length;
	int r = get(url, CURLUPART_PATH, 0, &path);

	if (r < 0 || !suffix || ends_with(path, suffix))
		return r;
	length = strlen(path);
	while (length && path[length - 1] == '/')
		path[--length] = '\0';
	if (asprintf(&whole, "%s%s", path, suffix) < 0) {
		whole = NULL;
		return -ENOMEM;
	}
	return error_of(curl_url_set(url, CURLUPART_PATH, whole, 0));
}

static int check(CURLU *url)
{
	CLEANUP(freep) char *scheme = NULL;
	int r = get(url, CURLUPART_SCHEME, 0, &scheme);

	if (r < 0)
		return r;
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return -EINVAL;
	if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD) ||
	    has(url, CURLUPART_FRAGMENT) || has(url, CURLUPART_ZONEID))
		return -EINVAL;
	return 0;
}

/* An IPv6 address is resolved without its brackets. */
static void strip_brackets(char *host)
{
	size_t length = strlen(host);

	if (length < 2 || host[0] != '[' || host[length - 1] != ']')
		return;
	host[length - 1] = '\0';
	memmove(host, host + 1, length - 1);
}

static int parse_web(struct client_url *ret, const char *text, const char *suffix)
{
	CLEANUP(url_cleanup) CURLU *url = curl_url();
	int r;

	if (!url)
		return -ENOMEM;
	r = error_of(curl_url_set(url, CURLUPART_URL, text, 0));
	if (r == 0)
		r = check(url);
	if (r == 0)
		r = append_path(url, suffix);
	if (r == 0)
		r = get(url, CURLUPART_URL, 0, &ret->url);
	if (r == 0)
		r = get(url, CURLUPART_HOST, 0, &ret->host);
	if (r == 0)
		r = get(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, &ret->port);
	if (r == 0)
		strip_brackets(ret->host);
	return r;
}

/* text: what follows "unix:". */
static int parse_unix(struct client_url *ret, const char *text, const char *suffix)
{
	const char *colon = strstr(text, ":/");
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	CLEANUP(freep) char *web = NULL;

	if (*text != '/' || length < 2 || length >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -EINVAL;
	if (asprintf(&web, UNIX_HOST "%s", colon ? colon + 1 : "/") < 0) {
		web = NULL;
		return -ENOMEM;
	}
	ret->socket = strndup(text, length);
	if (!ret->socket)
		return -ENOMEM;
	return parse_web(ret, web, suffix);
}

static bool is_printable(const char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = text_printable_length(text);
		if (!length || *text == ' ')
			return false;
	}
	return true;
}

int client_url_parse(struct client_url *ret, const char *text, const char *suffix)
{
	struct client_url url = { 0 };
	int r;

	if (!text || strnlen(text, URL_MAX) == URL_MAX || !is_printable(text))
		return -EINVAL;
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		r = parse_unix(&url, text + strlen(UNIX_PREFIX), suffix);
	else if (strstr(text, "://"))
		r = parse_web(&url, text, suffix);
	else
		r = -EINVAL;
	if (r < 0) {
		client_url_done(&url);
		return r;
	}
	*ret = url;
	return 0;
}

void client_url_done(struct client_url *url)
{
	free(url->url);
	free(url->socket);
	free(url->host);
	free(url->port);
	*url = (struct client_url){ 0 };
}
