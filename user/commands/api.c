// SPDX-License-Identifier: Apache-2.0
#include "user/commands/api.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "user/base/util.h"

#define TIMEOUT_S 10L
#define WAIT_MS 1000
#define ANSWER_MAX (64 << 20)
#define UNIX "unix:"
#define AGENT "portgauge/" PORTGAUGE_VERSION

struct api {
	const char *address;
	const char *path;
	CURLM *multi;
	CURL *curl;
	bool asks;
	char *data; /* of the answer */
	size_t size;
};

static void api_closep(struct api **api)
{
	api_close(*api);
}

static size_t take(const char *data, size_t one, size_t size, void *context)
{
	struct api *api = context;
	char *whole;

	(void)one;
	if (size > ANSWER_MAX - api->size)
		return 0;
	whole = realloc(api->data, api->size + size);
	if (!whole)
		return 0;
	memcpy(whole + api->size, data, size);
	api->data = whole;
	api->size += size;
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

static void set_up(struct api *api)
{
	CURL *curl = api->curl;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); /* the agent is near */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, api);
}

int api_open(struct api **ret, const char *address)
{
	CLEANUP(api_closep) struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return -ENOMEM;
	api->address = address;
	api->multi = curl_multi_init();
	api->curl = curl_easy_init();
	if (!api->multi || !api->curl)
		return -ENOMEM;
	set_up(api);
	*ret = TAKE_PTR(api);
	return 0;
}

static void forget(struct api *api)
{
	if (api->asks)
		curl_multi_remove_handle(api->multi, api->curl);
	api->asks = false;
	free(api->data);
	api->data = NULL;
	api->size = 0;
}

void api_close(struct api *api)
{
	if (!api)
		return;
	forget(api);
	curl_easy_cleanup(api->curl);
	curl_multi_cleanup(api->multi);
	free(api);
}

int api_ask(struct api *api, const char *path)
{
	forget(api);
	api->path = path;
	set_address(api->curl, api->address, path);
	if (curl_multi_add_handle(api->multi, api->curl) != CURLM_OK)
		return -ENOMEM;
	api->asks = true;
	return 0;
}

/* Once the transfer has ended. */
static int conclude(struct api *api, CURLcode code, json_t **ret, char reason[API_REASON_MAX])
{
	json_t *document;
	long status = 0;

	if (code != CURLE_OK) {
		snprintf(reason, API_REASON_MAX, "%.100s: %s; is portgauge run serving there?",
			 api->address, curl_easy_strerror(code));
		return -ECONNREFUSED;
	}
	curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		snprintf(reason, API_REASON_MAX,
			 "%.100s%s: HTTP status %ld; is it a portgauge agent's?", api->address,
			 api->path, status);
		return -EPROTO;
	}
	document = json_loadb(api->data ? api->data : "", api->size, 0, NULL);
	if (!document) {
		snprintf(reason, API_REASON_MAX, "%.100s%s: no JSON; is it a portgauge agent's?",
			 api->address, api->path);
		return -EBADMSG;
	}
	*ret = document;
	return 0;
}

/* Has it ended? */
static bool has_ended(struct api *api, CURLcode *ret)
{
	const CURLMsg *message;
	int more;

	do {
		message = curl_multi_info_read(api->multi, &more);
		if (message && message->msg == CURLMSG_DONE) {
			*ret = message->data.result;
			return true;
		}
	} while (message);
	return false;
}

int api_take(struct api *api, json_t **ret, int wait_ms, char reason[API_REASON_MAX])
{
	CURLcode code = CURLE_OK;
	int running;
	int r;

	if (curl_multi_perform(api->multi, &running) == CURLM_OK && running && wait_ms > 0 &&
	    curl_multi_poll(api->multi, NULL, 0, wait_ms, NULL) == CURLM_OK)
		curl_multi_perform(api->multi, &running);
	if (!has_ended(api, &code))
		return -EAGAIN;
	r = conclude(api, code, ret, reason);
	forget(api);
	return r;
}

int api_get(json_t **ret, const char *address, const char *path, char reason[API_REASON_MAX])
{
	CLEANUP(api_closep) struct api *api = NULL;
	int r = api_open(&api, address);

	if (r == 0)
		r = api_ask(api, path);
	if (r < 0) {
		snprintf(reason, API_REASON_MAX, "no memory for an HTTP client");
		return r;
	}
	do
		r = api_take(api, ret, WAIT_MS, reason);
	while (r == -EAGAIN);
	return r;
}
