/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a web configuration file of Prometheus's exporter-toolkit says. Pure: it reads a YAML
 * document, whose strings it borrows; the document must live longer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yaml;

enum client_auth { AUTH_NONE, AUTH_REQUEST, AUTH_REQUIRE, AUTH_VERIFY_IF_GIVEN, AUTH_VERIFY };

enum curve { CURVE_P256, CURVE_P384, CURVE_P521, CURVE_X25519, CURVE__COUNT };

/* PEM, in the file itself or in another one; both NULL: not given. */
struct pem {
	const char *text;
	const char *file; /* absolute, or relative to where the agent runs */
};

struct tls_settings {
	bool enabled;
	struct pem certificate;
	struct pem key;
	struct pem client_ca;
	enum client_auth client_auth;
	const char **sans; /* a client's certificate has one of them; none: any */
	size_t sans_count;
	bool allow_12;
	bool allow_13;
	bool prefer_server;
	enum curve curves[CURVE__COUNT]; /* the best first; none: GnuTLS's own */
	size_t curves_count;
};

struct header {
	const char *name;
	const char *value;
};

struct user {
	const char *name;
	const char *hash; /* bcrypt */
};

struct settings {
	struct tls_settings tls;
	struct header *headers;
	size_t headers_count;
	struct user *users; /* none: everybody */
	size_t users_count;
	uint64_t rate_interval_ns; /* 0: no limit */
	uint32_t rate_burst;
	bool has_secrets; /* hashes or a key: nobody else should read the file */
	struct arena *arena;
};

/* Paths are relative to folder. 0; -EINVAL: yaml has the errors; -ENOMEM. */
int settings_read(struct settings **ret, struct yaml *yaml, const char *folder);
void settings_free(struct settings *settings); /* NULL is fine */
