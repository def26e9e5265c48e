// SPDX-License-Identifier: Apache-2.0
#include "user/commands/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "user/base/util.h"

#define TIMEOUT_S 10L
#define ANSWER_MAX (64 << 20)
#define UNIX "unix:"
#define AGENT "portgauge/" PORTGAUGE_VERSION

struct answer {
	char *data;
	size_t size;
};

static void curl_closep(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void answer_done(struct answer *answer)
{
	free(answer->data);
}

static size_t take(const char *data, size_t one, size_t size, void *context)
{
	struct answer *answer = context;
	char *whole;

	(void)one;
	if (size > ANSWER_MAX - answer->size)
		return 0;
	whole = realloc(answer->data, answer->size + size);
	if (!whole)
		return 0;
	memcpy(whole + answer->size, data, size);
	answer->data = whole;
	answer->size += size;
	return size;
}

static void set_address(CURL *curl, const char *address, const char *path)
{
	char url[1024];

	if (!strncmp(address, UNIX, strlen(UNIX))) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address + strlen(UNIX));
		snprintf(url, sizeof(url), "http://localhost%s", path);
	} else if (strstr(address, "://")) {
		snprintf(url, sizeof(url), "%s%s", address, path);
	} else {
		snprintf(url, sizeof(url), "http://%s%s", address, path);
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
}

static int fetch(CURL *curl, struct answer *answer, const char *address, const char *path,
		 char reason[API_REASON_MAX])
{
	long status = 0;
	CURLcode code;

	set_address(curl, address, path);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); /* the agent is near */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		snprintf(reason, API_REASON_MAX, "%.100s: %s; is portgauge run serving there?",
			 address, curl_easy_strerror(code));
		return -ECONNREFUSED;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return 0;
	snprintf(reason, API_REASON_MAX, "%.100s%s: HTTP status %ld; is it a portgauge agent's?",
		 address, path, status);
	return -EPROTO;
}

int api_get(json_t **ret, const char *address, const char *path, char reason[API_REASON_MAX])
{
	CLEANUP(curl_closep) CURL *curl = curl_easy_init();
	CLEANUP(answer_done) struct answer answer = { 0 };
	json_t *document;
	int r;

	if (!curl) {
		snprintf(reason, API_REASON_MAX, "no memory for an HTTP client");
		return -ENOMEM;
	}
	r = fetch(curl, &answer, address, path, reason);
	if (r < 0)
		return r;
	document = json_loadb(answer.data ? answer.data : "", answer.size, 0, NULL);
	if (!document) {
		snprintf(reason, API_REASON_MAX, "%.100s%s: no JSON; is it a portgauge agent's?",
			 address, path);
		return -EBADMSG;
	}
	*ret = document;
	return 0;
}
