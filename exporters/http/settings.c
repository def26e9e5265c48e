// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/arena.h"
#include "user/base/util.h"
#include "user/base/yaml.h"

#define NS_PER_HOUR UINT64_C(3600000000000)
#define BURST_MAX 1000000
#define BCRYPT_LENGTH 60
#define BCRYPT_COST_MAX 16 /* five seconds, and twice as long for each one more */

struct reading {
	struct yaml *yaml;
	struct settings *settings;
	const char *folder;
	bool no_memory;
};

static void *take_memory(struct reading *reading, size_t count, size_t size)
{
	void *memory = arena_alloc(reading->settings->arena, count, size);

	if (!memory)
		reading->no_memory = true;
	return memory;
}

/* --- tls_server_config */

static const char *in_folder(struct reading *reading, const char *path)
{
	char *joined;

	if (path[0] == '/' || path[0] == '\0')
		return path;
	joined = arena_printf(reading->settings->arena, "%s/%s", reading->folder, path);
	if (!joined)
		reading->no_memory = true;
	return joined;
}

static void read_pem(struct reading *reading, struct yaml_node *tls, struct pem *ret,
		     const char *key, const char *file_key)
{
	struct yaml_node *file = yaml_take(reading->yaml, tls, file_key);
	struct pem pem = { 0 };

	yaml_take_string(reading->yaml, tls, key, &pem.text);
	if (yaml_as_string(reading->yaml, file, &pem.file)) {
		if (!pem.file[0])
			yaml_complain(reading->yaml, file, "\"%s\" is empty; write a path",
				      file_key);
		if (pem.text)
			yaml_complain(reading->yaml, file,
				      "\"%s\" and \"%s\" are both there; keep one of them", key,
				      file_key);
		pem.file = in_folder(reading, pem.file);
	}
	*ret = pem;
}

static void read_client_auth(struct reading *reading, struct yaml_node *tls)
{
	static const char *const words[] = { "NoClientCert",
					     "RequestClientCert",
					     "RequireAnyClientCert",
					     "VerifyClientCertIfGiven",
					     "RequireAndVerifyClientCert",
					     "RequireClientCert" };
	struct tls_settings *to = &reading->settings->tls;
	struct yaml_node *node = yaml_take(reading->yaml, tls, "client_auth_type");
	bool has_ca = to->client_ca.text || to->client_ca.file;
	size_t index = AUTH_NONE;

	if (!yaml_as_choice(reading->yaml, node, words, ARRAY_SIZE(words), &index) && node)
		return;
	to->client_auth = index == ARRAY_SIZE(words) - 1 ? AUTH_REQUIRE : (enum client_auth)index;
	if (to->client_auth >= AUTH_VERIFY_IF_GIVEN && !has_ca)
		yaml_complain(reading->yaml, node,
			      "nobody's certificate could be verified; add \"client_ca_file\"");
	if (to->client_auth == AUTH_NONE && has_ca)
		yaml_complain(
			reading->yaml, tls,
			"client_ca is not used; add \"client_auth_type: RequireAndVerifyClientCert\"");
}

static void read_sans(struct reading *reading, struct yaml_node *tls)
{
	struct tls_settings *to = &reading->settings->tls;
	struct yaml_node *list = yaml_take_sequence(reading->yaml, tls, "client_allowed_sans");

	if (!list)
		return;
	if (to->client_auth != AUTH_REQUIRE && to->client_auth != AUTH_VERIFY)
		yaml_complain(
			reading->yaml, list,
			"a client may come without a certificate; add \"client_auth_type: RequireAndVerifyClientCert\"");
	if (yaml_count(list) == 0)
		yaml_complain(reading->yaml, list,
			      "no client would be let in; name one, or remove it");
	to->sans = take_memory(reading, yaml_count(list), sizeof(*to->sans));
	for (size_t i = 0; to->sans && i < yaml_count(list); i++)
		if (yaml_as_string(reading->yaml, yaml_item(list, i), &to->sans[to->sans_count]))
			to->sans_count++;
}

static void read_versions(struct reading *reading, struct yaml_node *tls)
{
	static const char *const words[] = { "TLS12", "TLS13" };
	struct tls_settings *to = &reading->settings->tls;
	struct yaml_node *max_node = yaml_take(reading->yaml, tls, "max_version");
	size_t min = 0;
	size_t max = 1;

	yaml_as_choice(reading->yaml, yaml_take(reading->yaml, tls, "min_version"), words, 2, &min);
	yaml_as_choice(reading->yaml, max_node, words, 2, &max);
	if (min > max)
		yaml_complain(reading->yaml, max_node,
			      "max_version is below min_version; write TLS13");
	to->allow_12 = min == 0;
	to->allow_13 = max == 1;
}

static void read_curves(struct reading *reading, struct yaml_node *tls)
{
	static const char *const words[] = {
		[CURVE_P256] = "CurveP256",
		[CURVE_P384] = "CurveP384",
		[CURVE_P521] = "CurveP521",
		[CURVE_X25519] = "X25519",
	};
	struct tls_settings *to = &reading->settings->tls;
	struct yaml_node *list = yaml_take_sequence(reading->yaml, tls, "curve_preferences");

	if (yaml_count(list) > CURVE__COUNT) {
		yaml_complain(reading->yaml, list, "there are four curves; name each once");
		return;
	}
	for (size_t i = 0; i < yaml_count(list); i++) {
		size_t index;

		if (yaml_as_choice(reading->yaml, yaml_item(list, i), words, CURVE__COUNT, &index))
			to->curves[to->curves_count++] = (enum curve)index;
	}
}

/* GnuTLS chooses ciphers by their parts, so a list of whole suites would let in others, too. */
static void refuse_ciphers(struct reading *reading, struct yaml_node *tls)
{
	struct yaml_node *node = yaml_take(reading->yaml, tls, "cipher_suites");

	if (node)
		yaml_complain(
			reading->yaml, node,
			"\"cipher_suites\" is not taken, the suites are GnuTLS's secure ones; remove it");
}

static void read_tls(struct reading *reading, struct yaml_node *tls)
{
	struct tls_settings *to = &reading->settings->tls;

	to->enabled = true;
	to->prefer_server = true;
	read_pem(reading, tls, &to->certificate, "cert", "cert_file");
	read_pem(reading, tls, &to->key, "key", "key_file");
	read_pem(reading, tls, &to->client_ca, "client_ca", "client_ca_file");
	if (!to->certificate.text && !to->certificate.file)
		yaml_complain(reading->yaml, tls, "no certificate; add \"cert_file\"");
	if (!to->key.text && !to->key.file)
		yaml_complain(reading->yaml, tls, "no private key; add \"key_file\"");
	if (to->key.text)
		reading->settings->has_secrets = true;
	read_client_auth(reading, tls);
	read_sans(reading, tls);
	read_versions(reading, tls);
	read_curves(reading, tls);
	refuse_ciphers(reading, tls);
	yaml_take_bool(reading->yaml, tls, "prefer_server_cipher_suites", &to->prefer_server);
	yaml_finish(reading->yaml, tls);
}

/* --- http_server_config */

/* A line break would end the header, and begin another one. */
static bool is_header_value(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

static void read_header(struct reading *reading, struct yaml_node *headers, const char *name,
			const char *const *allowed, size_t allowed_count)
{
	struct settings *settings = reading->settings;
	struct yaml_node *node = yaml_take(reading->yaml, headers, name);
	const char *value = NULL;
	size_t index;

	if (!yaml_as_string(reading->yaml, node, &value) || !value[0])
		return; /* blank: unset */
	if (allowed_count && !yaml_as_choice(reading->yaml, node, allowed, allowed_count, &index))
		return;
	if (is_header_value(value))
		settings->headers[settings->headers_count++] = (struct header){ name, value };
	else
		yaml_complain(reading->yaml, node, "\"%s\" has a control character; remove it",
			      name);
}

static void read_headers(struct reading *reading, struct yaml_node *headers)
{
	static const char *const sniff[] = { "nosniff" };
	static const char *const frame[] = { "deny", "sameorigin" };
	static const struct {
		const char *name;
		const char *const *allowed;
		size_t allowed_count;
	} known[] = {
		{ "Content-Security-Policy", NULL, 0 },
		{ "X-Frame-Options", frame, ARRAY_SIZE(frame) },
		{ "X-Content-Type-Options", sniff, ARRAY_SIZE(sniff) },
		{ "X-XSS-Protection", NULL, 0 },
		{ "Strict-Transport-Security", NULL, 0 },
	};

	reading->settings->headers = take_memory(reading, ARRAY_SIZE(known), sizeof(struct header));
	for (size_t i = 0; reading->settings->headers && i < ARRAY_SIZE(known); i++)
		read_header(reading, headers, known[i].name, known[i].allowed,
			    known[i].allowed_count);
	yaml_finish(reading->yaml, headers);
}

static void read_http(struct reading *reading, struct yaml_node *http)
{
	struct yaml_node *headers = yaml_take_mapping(reading->yaml, http, "headers");
	bool http2; /* there is none: clients fall back to HTTP/1.1 by themselves */

	yaml_take_bool(reading->yaml, http, "http2", &http2);
	if (headers)
		read_headers(reading, headers);
	yaml_finish(reading->yaml, http);
}

/* --- basic_auth_users */

/* "$2y$10$" and 53 letters. The cost, or 0 if it is no bcrypt hash. */
static int bcrypt_cost(const char *hash)
{
	static const char letters[] =
		"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	if (strlen(hash) != BCRYPT_LENGTH || strncmp(hash, "$2", 2) != 0 ||
	    !strchr("aby", hash[2]) || hash[3] != '$' || hash[6] != '$' ||
	    strspn(hash + 7, letters) != BCRYPT_LENGTH - 7 || hash[4] < '0' || hash[4] > '3' ||
	    hash[5] < '0' || hash[5] > '9')
		return 0;
	return (hash[4] - '0') * 10 + (hash[5] - '0');
}

/* The hash itself is a secret: no message shows it. */
static void read_user(struct reading *reading, struct yaml_node *node)
{
	struct settings *settings = reading->settings;
	struct user user = { .name = yaml_key(node) };
	int cost;

	if (!yaml_as_string(reading->yaml, node, &user.hash))
		return;
	cost = bcrypt_cost(user.hash);
	if (strchr(user.name, ':'))
		yaml_complain(reading->yaml, node,
			      "a user's name cannot have a colon; choose another");
	else if (cost < 4)
		yaml_complain(
			reading->yaml, node,
			"the password of \"%.64s\" is no bcrypt hash; make one with htpasswd -nBC 10 \"\"",
			user.name);
	else if (cost > BCRYPT_COST_MAX)
		yaml_complain(
			reading->yaml, node,
			"the hash of \"%.64s\" has cost %d, a check takes long; make one with a cost from 10 to %d",
			user.name, cost, BCRYPT_COST_MAX);
	else
		settings->users[settings->users_count++] = user;
}

static void read_users(struct reading *reading, struct yaml_node *users)
{
	reading->settings->users = take_memory(reading, yaml_count(users), sizeof(struct user));
	reading->settings->has_secrets = true;
	for (size_t i = 0; reading->settings->users && i < yaml_count(users); i++)
		read_user(reading, yaml_item(users, i));
}

/* --- the rest */

static void read_rate(struct reading *reading, struct yaml_node *rate)
{
	struct settings *settings = reading->settings;
	int64_t burst = 1;

	yaml_as_duration(reading->yaml, yaml_take(reading->yaml, rate, "interval"), 0, NS_PER_HOUR,
			 &settings->rate_interval_ns);
	yaml_as_integer(reading->yaml, yaml_take(reading->yaml, rate, "burst"), 1, BURST_MAX,
			&burst);
	settings->rate_burst = (uint32_t)burst;
	yaml_finish(reading->yaml, rate);
}

static void read_all(struct reading *reading)
{
	struct yaml_node *root = yaml_root(reading->yaml);
	struct yaml_node *tls = yaml_take_mapping(reading->yaml, root, "tls_server_config");
	struct yaml_node *http = yaml_take_mapping(reading->yaml, root, "http_server_config");
	struct yaml_node *users = yaml_take_mapping(reading->yaml, root, "basic_auth_users");
	struct yaml_node *rate = yaml_take_mapping(reading->yaml, root, "rate_limit");

	if (tls)
		read_tls(reading, tls);
	if (http)
		read_http(reading, http);
	if (users)
		read_users(reading, users);
	if (rate)
		read_rate(reading, rate);
	yaml_finish(reading->yaml, root);
}

static void settings_freep(struct settings **settings)
{
	settings_free(*settings);
}

int settings_read(struct settings **ret, struct yaml *yaml, const char *folder)
{
	CLEANUP(settings_freep) struct settings *settings = calloc(1, sizeof(*settings));
	struct reading reading = { yaml, settings, folder, false };
	int r;

	if (!settings)
		return -ENOMEM;
	settings->arena = arena_new();
	if (!settings->arena)
		return -ENOMEM;
	read_all(&reading);
	r = reading.no_memory ? -ENOMEM : yaml_result(yaml);
	if (r == 0)
		*ret = TAKE_PTR(settings);
	return r;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	arena_free(settings->arena);
	free(settings);
}
