/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and versions for one connection after the other, by GnuTLS. */
#pragma once

#include <gnutls/gnutls.h>
#include <stddef.h>

struct tls_settings;
struct tls;

/* What the PEM files contain; client_ca may be NULL. */
struct tls_files {
	const char *certificate;
	const char *key;
	const char *client_ca;
};

enum tls_part { TLS_CERTIFICATE, TLS_CLIENT_CA, TLS_PRIORITY };

/* Borrows settings for its life; copies the rest. 0, or GnuTLS's own error (negative), and
 * *ret_part tells of what. */
int tls_new(struct tls **ret, enum tls_part *ret_part, const struct tls_settings *settings,
	    const struct tls_files *files);
void tls_free(struct tls *tls); /* NULL is fine */

/* Before the handshake of a session, which must not outlive tls. 0, or GnuTLS's error. */
int tls_prepare(const struct tls *tls, gnutls_session_t session);
