// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/tls.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporters/http/settings.h"
#include "user/base/util.h"

#define PRIORITY_MAX 256
#define NAME_MAX_BYTES 1024 /* of one alternative name */
#define REFUSED (-1)

struct tls {
	const struct tls_settings *settings;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
};

static void tls_freep(struct tls **tls)
{
	tls_free(*tls);
}

/* Forward secrecy only; what else GnuTLS thinks secure depends on its version, as it should. */
static void write_priority(char ret[PRIORITY_MAX], const struct tls_settings *settings)
{
	static const char *const groups[] = {
		[CURVE_P256] = "SECP256R1",
		[CURVE_P384] = "SECP384R1",
		[CURVE_P521] = "SECP521R1",
		[CURVE_X25519] = "X25519",
	};
	int n = snprintf(ret, PRIORITY_MAX, "SECURE128:-RSA:-VERS-ALL%s%s%s%s",
			 settings->allow_13 ? ":+VERS-TLS1.3" : "",
			 settings->allow_12 ? ":+VERS-TLS1.2" : "",
			 settings->prefer_server ? ":%SERVER_PRECEDENCE" : "",
			 settings->curves_count ? ":-GROUP-ALL" : "");

	for (size_t i = 0; i < settings->curves_count; i++)
		n += snprintf(ret + n, (size_t)(PRIORITY_MAX - n), ":+GROUP-%s",
			      groups[settings->curves[i]]);
}

static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text, (unsigned int)strlen(text) };
}

static int load_certificate(struct tls *tls, const struct tls_files *files)
{
	gnutls_datum_t certificate = datum_of(files->certificate);
	gnutls_datum_t key = datum_of(files->key);
	int r = gnutls_certificate_set_x509_key_mem(tls->credentials, &certificate, &key,
						    GNUTLS_X509_FMT_PEM);

	return r < 0 ? r : 0;
}

/* A file without any certificate would verify nobody, and say nothing. */
static int load_client_ca(struct tls *tls, const struct tls_files *files)
{
	gnutls_datum_t ca;
	int r;

	if (!files->client_ca)
		return 0;
	ca = datum_of(files->client_ca);
	r = gnutls_certificate_set_x509_trust_mem(tls->credentials, &ca, GNUTLS_X509_FMT_PEM);
	if (r == 0)
		return GNUTLS_E_NO_CERTIFICATE_FOUND;
	return r < 0 ? r : 0;
}

int tls_new(struct tls **ret, enum tls_part *ret_part, const struct tls_settings *settings,
	    const struct tls_files *files)
{
	CLEANUP(tls_freep) struct tls *tls = calloc(1, sizeof(*tls));
	char priority[PRIORITY_MAX];
	int r;

	*ret_part = TLS_CERTIFICATE;
	if (!tls)
		return GNUTLS_E_MEMORY_ERROR;
	tls->settings = settings;
	r = gnutls_certificate_allocate_credentials(&tls->credentials);
	if (r == 0)
		r = load_certificate(tls, files);
	if (r < 0)
		return r;
	*ret_part = TLS_CLIENT_CA;
	r = load_client_ca(tls, files);
	if (r < 0)
		return r;
	*ret_part = TLS_PRIORITY;
	write_priority(priority, settings);
	r = gnutls_priority_init(&tls->priority, priority, NULL);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(tls);
	return 0;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	if (tls->priority)
		gnutls_priority_deinit(tls->priority);
	free(tls);
}

/* --- the client's certificate */

static bool is_allowed(const struct tls_settings *settings, const char *name, size_t size)
{
	for (size_t i = 0; i < settings->sans_count; i++)
		if (strlen(settings->sans[i]) == size && memcmp(settings->sans[i], name, size) == 0)
			return true;
	return false;
}

static bool is_allowed_address(const struct tls_settings *settings, const char *bytes, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	int family = size == 4 ? AF_INET : AF_INET6;

	if ((size != 4 && size != 16) || !inet_ntop(family, bytes, text, sizeof(text)))
		return false;
	return is_allowed(settings, text, strlen(text));
}

static bool has_allowed_san(const struct tls_settings *settings, gnutls_x509_crt_t certificate)
{
	for (unsigned int i = 0;; i++) {
		char name[NAME_MAX_BYTES];
		size_t size = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue; /* longer than any that we allow */
		if (type < 0)
			return false;
		if (type == GNUTLS_SAN_IPADDRESS ? is_allowed_address(settings, name, size)
						 : is_allowed(settings, name, size))
			return true;
	}
}

static bool check_san(const struct tls_settings *settings, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t certificate;
	bool allowed;

	if (gnutls_x509_crt_init(&certificate) < 0)
		return false;
	allowed = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0 &&
		  has_allowed_san(settings, certificate);
	gnutls_x509_crt_deinit(certificate);
	return allowed;
}

static bool check_chain(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned int status = 0;

	return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

static int refuse(gnutls_session_t session)
{
	gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return REFUSED;
}

/* Whether a certificate must be there, GnuTLS has seen to. */
static int judge_client(gnutls_session_t session)
{
	const struct tls *tls = gnutls_db_get_ptr(session);
	const gnutls_datum_t *list;
	unsigned int count = 0;

	list = gnutls_certificate_get_peers(session, &count);
	if (!list || count == 0)
		return 0;
	if (tls->settings->client_auth >= AUTH_VERIFY_IF_GIVEN && !check_chain(session))
		return refuse(session);
	if (tls->settings->sans_count && !check_san(tls->settings, &list[0]))
		return refuse(session);
	return 0;
}

/* Sessions are never resumed, so nobody uses the pointer of their database; the other one is
 * libmicrohttpd's. */
int tls_prepare(const struct tls *tls, gnutls_session_t session)
{
	static const gnutls_certificate_request_t requests[] = {
		[AUTH_NONE] = GNUTLS_CERT_IGNORE,     [AUTH_REQUEST] = GNUTLS_CERT_REQUEST,
		[AUTH_REQUIRE] = GNUTLS_CERT_REQUIRE, [AUTH_VERIFY_IF_GIVEN] = GNUTLS_CERT_REQUEST,
		[AUTH_VERIFY] = GNUTLS_CERT_REQUIRE,
	};
	int r = gnutls_priority_set(session, tls->priority);

	if (r == 0)
		r = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
	if (r < 0)
		return r;
	gnutls_certificate_server_set_request(session, requests[tls->settings->client_auth]);
	gnutls_db_set_ptr(session, (void *)(uintptr_t)tls);
	gnutls_session_set_verify_function(session, judge_client);
	return 0;
}
