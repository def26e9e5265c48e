// SPDX-License-Identifier: Apache-2.0
#include "exporters/client/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exporters/client/ports.h"
#include "exporters/client/secret.h"
#include "exporters/notifier.h"
#include "user/base/text.h"
#include "user/base/util.h"

#define NS_PER_MS 1000000ULL
#define USER_AGENT "portgauge/" PORTGAUGE_VERSION

/* --- life ------------------------------------------------------------------------------------ */

static int add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*headers, line);

	if (!longer)
		return -ENOMEM;
	*headers = longer;
	return 0;
}

int transfer_init(struct transfer *ret, const struct notifier_config *config, struct ports *ports,
		  struct client_url *url, void *context)
{
	struct transfer transfer = { .config = config, .ports = ports };

	transfer.easy = curl_easy_init();
	/* without the second one, libcurl would ask before it sends a long body, and wait */
	if (!transfer.easy || add_header(&transfer.headers, "Content-Type: application/json") < 0 ||
	    add_header(&transfer.headers, "Expect:") < 0) {
		transfer_done(&transfer);
		return -ENOMEM;
	}
	curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, context);
	transfer.url = *url;
	*url = (struct client_url){ 0 };
	*ret = transfer;
	return 0;
}

void transfer_done(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->resolve);
	client_url_done(&transfer->url);
	free(transfer->body);
	*transfer = (struct transfer){ 0 };
}

void *transfer_context(CURL *easy)
{
	void *context = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&context);
	return context;
}

/* --- what libcurl asks ------------------------------------------------------------------------ */

/* A receiver is better reached from an ephemeral port than not at all. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = context;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	if (address->family == AF_INET || address->family == AF_INET6)
		ports_bind(transfer->ports, fd, address->family);
	return fd;
}

/* 0 ends the transfer. */
static size_t count_bytes(struct transfer *transfer, size_t size)
{
	transfer->received += size;
	return transfer->received > TRANSFER_ANSWER_MAX ? 0 : size;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	return count_bytes(context, size * count);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t room = sizeof(transfer->excerpt) - 1 - transfer->excerpt_length;
	size_t n = size * count < room ? size * count : room;

	memcpy(transfer->excerpt + transfer->excerpt_length, data, n);
	transfer->excerpt_length += n;
	transfer->excerpt[transfer->excerpt_length] = '\0';
	return count_bytes(transfer, size * count);
}

/* --- an attempt ------------------------------------------------------------------------------- */

static void set_limits(const struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	long timeout_ms = (long)(transfer->config->timeout_ns / NS_PER_MS);

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* a thread that resolves a name must not be waited for */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
}

static void set_callbacks(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

static void set_tls(const struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	const struct notifier_config *config = transfer->config;

	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (config->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
	if (config->cert_file)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, config->cert_file);
	if (config->key_file)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, config->key_file);
}

static int read_secret(char ret[SECRET_MAX], const char *path, char reason[TRANSFER_REASON_MAX])
{
	int r = secret_read(ret, path);

	if (r == -EINVAL)
		snprintf(reason, TRANSFER_REASON_MAX, "%.256s holds no secret of one line", path);
	else if (r < 0)
		snprintf(reason, TRANSFER_REASON_MAX, "cannot read %.256s: %s", path, strerror(-r));
	return r;
}

static int set_credentials(const struct transfer *transfer, char reason[TRANSFER_REASON_MAX])
{
	const struct notifier_config *config = transfer->config;
	CURL *easy = transfer->easy;
	char secret[SECRET_MAX];
	int r = 0;

	if (config->bearer_token_file) {
		r = read_secret(secret, config->bearer_token_file, reason);
		if (r < 0)
			return r;
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, secret);
	} else if (config->username) {
		r = config->password_file ? read_secret(secret, config->password_file, reason) : 0;
		if (r < 0)
			return r;
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERNAME, config->username);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, config->password_file ? secret : "");
	}
	secret_wipe(secret);
	return 0;
}

/* The address that was good before, for as long as libcurl remembers one that it has resolved. */
static int set_address(struct transfer *transfer)
{
	char line[512];

	if (!transfer->unresolved)
		return 0;
	transfer->unresolved = false;
	snprintf(line, sizeof(line), strchr(transfer->address, ':') ? "+%s:%s:[%s]" : "+%s:%s:%s",
		 transfer->url.host, transfer->url.port, transfer->address);
	curl_slist_free_all(transfer->resolve);
	transfer->resolve = curl_slist_append(NULL, line);
	if (!transfer->resolve)
		return -ENOMEM;
	curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->resolve);
	return 0;
}

static int set_request(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	if (curl_easy_setopt(easy, CURLOPT_URL, transfer->url.url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT) != CURLE_OK)
		return -ENOMEM;
	if (transfer->url.socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, transfer->url.socket);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(transfer->body));
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body);
	return set_address(transfer);
}

int transfer_prepare(struct transfer *transfer, char *body, char reason[TRANSFER_REASON_MAX])
{
	void *context = transfer_context(transfer->easy);
	int r;

	if (body != transfer->body)
		free(transfer->body);
	transfer->body = body;
	transfer->received = 0;
	transfer->excerpt_length = 0;
	transfer->excerpt[0] = '\0';
	transfer->error[0] = '\0';
	curl_easy_reset(transfer->easy); /* keeps connections and resolved names */
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, context);
	set_limits(transfer);
	set_callbacks(transfer);
	set_tls(transfer);
	r = set_request(transfer);
	if (r == 0)
		r = set_credentials(transfer, reason);
	else
		snprintf(reason, TRANSFER_REASON_MAX, "out of memory");
	return r;
}

/* --- what came of it ------------------------------------------------------------------------- */

static void remember_address(struct transfer *transfer)
{
	char *address = NULL;

	if (!transfer->url.socket &&
	    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK &&
	    address && strlen(address) < sizeof(transfer->address))
		strcpy(transfer->address, address);
}

static enum client_outcome judge_status(const struct transfer *transfer, long status,
					char reason[TRANSFER_REASON_MAX])
{
	char excerpt[sizeof(transfer->excerpt)];

	if (status >= 200 && status <= 299)
		return CLIENT_TAKEN;
	text_printable(excerpt, sizeof(excerpt), transfer->excerpt);
	if (status >= 300 && status <= 399)
		snprintf(reason, TRANSFER_REASON_MAX,
			 "status %ld, a redirect; give the address that it leads to", status);
	else
		snprintf(reason, TRANSFER_REASON_MAX, "status %ld%s%s", status,
			 *excerpt ? ": " : "", excerpt);
	switch (status) {
	case 400:
	case 413:
	case 415:
	case 422:
		return CLIENT_REFUSED;
	default:
		return CLIENT_FAILED;
	}
}

enum client_outcome transfer_judge(struct transfer *transfer, CURLcode result,
				   char reason[TRANSFER_REASON_MAX])
{
	long status = 0;

	if (transfer->received > TRANSFER_ANSWER_MAX) {
		snprintf(reason, TRANSFER_REASON_MAX, "an answer of more than %d bytes",
			 TRANSFER_ANSWER_MAX);
		return CLIENT_FAILED;
	}
	if (result != CURLE_OK) {
		snprintf(reason, TRANSFER_REASON_MAX, "%s",
			 transfer->error[0] ? transfer->error : curl_easy_strerror(result));
		return CLIENT_FAILED;
	}
	remember_address(transfer);
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return judge_status(transfer, status, reason);
}

bool transfer_may_repeat(struct transfer *transfer, CURLcode result)
{
	long error = 0;

	if (result == CURLE_COULDNT_RESOLVE_HOST && transfer->address[0]) {
		transfer->unresolved = true;
		return true;
	}
	if (result != CURLE_COULDNT_CONNECT)
		return false;
	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
	return error == EADDRNOTAVAIL || error == EADDRINUSE;
}
