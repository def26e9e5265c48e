// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exporters/http/settings.h"
#include "user/base/util.h"
#include "user/base/yaml.h"

#define HASH "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

struct read_file {
	struct yaml *yaml;
	struct settings *settings;
	int result;
};

static struct read_file read_text(const char *text)
{
	struct read_file file = { 0 };

	assert_int_equal(yaml_read(&file.yaml, text, strlen(text)), 0);
	file.result = settings_read(&file.settings, file.yaml, "/etc/web");
	return file;
}

static struct read_file read_good(const char *text)
{
	struct read_file file = read_text(text);
	const struct yaml_error *errors;
	size_t count;

	errors = yaml_errors(file.yaml, &count);
	if (count)
		fail_msg("%u:%u: %s", errors[0].line, errors[0].column, errors[0].text);
	assert_int_equal(file.result, 0);
	return file;
}

static void done(struct read_file *file)
{
	settings_free(file->settings);
	yaml_drop(file->yaml);
}

static void assert_errors(const char *text, const char *expected)
{
	struct read_file file = read_text(text);
	const struct yaml_error *errors;
	char all[4096] = "";
	size_t count;
	size_t n = 0;

	errors = yaml_errors(file.yaml, &count);
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%u:%u: %s\n", errors[i].line,
				      errors[i].column, errors[i].text);
	assert_string_equal(all, expected);
	assert_int_equal(file.result, -EINVAL);
	assert_null(file.settings);
	done(&file);
}

static void an_empty_file_changes_nothing(void **state)
{
	struct read_file file = read_good("# nothing yet\n");

	(void)state;
	assert_false(file.settings->tls.enabled);
	assert_int_equal(file.settings->headers_count, 0);
	assert_int_equal(file.settings->users_count, 0);
	assert_int_equal(file.settings->rate_interval_ns, 0);
	assert_false(file.settings->has_secrets);
	done(&file);
}

static void tls_has_the_toolkits_defaults(void **state)
{
	struct read_file file =
		read_good("tls_server_config:\n  cert_file: a.pem\n  key_file: /keys/a.key\n");
	const struct tls_settings *tls = &file.settings->tls;

	(void)state;
	assert_true(tls->enabled && tls->allow_12 && tls->allow_13 && tls->prefer_server);
	assert_string_equal(tls->certificate.file, "/etc/web/a.pem");
	assert_string_equal(tls->key.file, "/keys/a.key");
	assert_int_equal(tls->client_auth, AUTH_NONE);
	assert_null(tls->client_ca.file);
	assert_int_equal(tls->sans_count + tls->curves_count, 0);
	assert_false(file.settings->has_secrets);
	done(&file);
}

static void every_key_is_taken(void **state)
{
	struct read_file file = read_good("tls_server_config:\n"
					  "  cert: |\n    PEM\n"
					  "  key: \"KEY\"\n"
					  "  client_auth_type: RequireAndVerifyClientCert\n"
					  "  client_ca_file: ca.pem\n"
					  "  client_allowed_sans: [a.example, 10.0.0.1]\n"
					  "  min_version: TLS13\n"
					  "  max_version: TLS13\n"
					  "  prefer_server_cipher_suites: false\n"
					  "  curve_preferences: [X25519, CurveP384]\n"
					  "http_server_config:\n"
					  "  http2: true\n"
					  "  headers:\n"
					  "    X-Frame-Options: deny\n"
					  "    X-XSS-Protection: \"\"\n"
					  "    Content-Security-Policy: default-src 'none'\n"
					  "basic_auth_users:\n"
					  "  anna: " HASH "\n"
					  "  42: " HASH "\n"
					  "rate_limit:\n"
					  "  interval: 100ms\n"
					  "  burst: 20\n");
	const struct settings *s = file.settings;

	(void)state;
	assert_string_equal(s->tls.certificate.text, "PEM\n");
	assert_string_equal(s->tls.key.text, "KEY");
	assert_int_equal(s->tls.client_auth, AUTH_VERIFY);
	assert_string_equal(s->tls.client_ca.file, "/etc/web/ca.pem");
	assert_int_equal(s->tls.sans_count, 2);
	assert_string_equal(s->tls.sans[1], "10.0.0.1");
	assert_true(!s->tls.allow_12 && s->tls.allow_13 && !s->tls.prefer_server);
	assert_int_equal(s->tls.curves_count, 2);
	assert_int_equal(s->tls.curves[0], CURVE_X25519);
	assert_int_equal(s->headers_count, 2); /* a blank one is unset */
	assert_string_equal(s->headers[0].name, "Content-Security-Policy");
	assert_string_equal(s->headers[1].value, "deny");
	assert_int_equal(s->users_count, 2);
	assert_string_equal(s->users[0].name, "anna");
	assert_string_equal(s->users[0].hash, HASH);
	assert_string_equal(s->users[1].name, "42");
	assert_int_equal(s->rate_interval_ns, 100000000);
	assert_int_equal(s->rate_burst, 20);
	assert_true(s->has_secrets);
	done(&file);
}

static void each_client_auth_type_is_known(void **state)
{
	static const struct {
		const char *word;
		enum client_auth auth;
		bool needs_ca;
	} cases[] = {
		{ "NoClientCert", AUTH_NONE, false },
		{ "RequestClientCert", AUTH_REQUEST, false },
		{ "RequireAnyClientCert", AUTH_REQUIRE, false },
		{ "RequireClientCert", AUTH_REQUIRE, false },
		{ "VerifyClientCertIfGiven", AUTH_VERIFY_IF_GIVEN, true },
		{ "RequireAndVerifyClientCert", AUTH_VERIFY, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct read_file file;
		char text[256];

		snprintf(text, sizeof(text),
			 "tls_server_config: {cert_file: a, key_file: b, client_auth_type: %s%s}",
			 cases[i].word, cases[i].needs_ca ? ", client_ca_file: c" : "");
		file = read_good(text);
		assert_int_equal(file.settings->tls.client_auth, cases[i].auth);
		done(&file);
	}
}

static void what_would_not_protect_is_an_error(void **state)
{
	(void)state;
	assert_errors("tls_server_config:\n  client_auth_type: RequireAndVerifyClientCert\n",
		      "2:3: no certificate; add \"cert_file\"\n"
		      "2:3: no private key; add \"key_file\"\n"
		      "2:21: nobody's certificate could be verified; add \"client_ca_file\"\n");
	assert_errors("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n",
		      "1:20: client_ca is not used; add \"client_auth_type: "
		      "RequireAndVerifyClientCert\"\n");
	assert_errors("tls_server_config:\n  cert_file: a\n  key_file: b\n"
		      "  client_auth_type: RequestClientCert\n  client_allowed_sans: [x]\n",
		      "5:24: a client may come without a certificate; add \"client_auth_type: "
		      "RequireAndVerifyClientCert\"\n");
	assert_errors("tls_server_config:\n  cert_file: a\n  key_file: b\n"
		      "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: []\n",
		      "5:24: no client would be let in; name one, or remove it\n");
	assert_errors("tls_server_config:\n  cert_file: a\n  cert: b\n  key_file: ''\n",
		      "2:14: \"cert\" and \"cert_file\" are both there; keep one of them\n"
		      "4:13: \"key_file\" is empty; write a path\n");
}

static void versions_and_ciphers_are_those_we_have(void **state)
{
	(void)state;
	assert_errors("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS11\n",
		      "4:16: \"min_version\" is \"TLS11\"; write one of TLS12, TLS13\n");
	assert_errors("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS13\n"
		      "  max_version: TLS12\n",
		      "5:16: max_version is below min_version; write TLS13\n");
	assert_errors("tls_server_config:\n  cert_file: a\n  key_file: b\n"
		      "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n",
		      "4:18: \"cipher_suites\" is not taken, the suites are GnuTLS's secure ones; "
		      "remove it\n");
	assert_errors("tls_server_config: {cert_file: a, key_file: b, curve_preferences: [P256]}\n",
		      "1:68: \"curve_preferences\" is \"P256\"; write one of CurveP256, CurveP384, "
		      "CurveP521, X25519\n");
}

static void headers_are_the_documented_ones(void **state)
{
	(void)state;
	assert_errors(
		"http_server_config:\n  headers:\n    X-Powered-By: x\n"
		"    X-Frame-Options: maybe\n    X-XSS-Protection: \"1\\r\\nSet-Cookie: a\"\n",
		"3:5: there is no key \"X-Powered-By\"; remove it, there are: "
		"Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, "
		"X-XSS-Protection, Strict-Transport-Security\n"
		"4:22: \"X-Frame-Options\" is \"maybe\"; write one of deny, sameorigin\n"
		"5:23: \"X-XSS-Protection\" has a control character; remove it\n");
}

static void passwords_are_bcrypt_and_never_shown(void **state)
{
	(void)state;
	assert_errors(
		"basic_auth_users:\n  anna: hunter2\n  'a:b': " HASH "\n"
		"  carl: $2y$31$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n"
		"  dora: $1$abcdefgh$ijklmnop\n"
		"  emil: $2y$03$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n",
		"2:9: the password of \"anna\" is no bcrypt hash; make one with htpasswd -nBC "
		"10 \"\"\n"
		"3:10: a user's name cannot have a colon; choose another\n"
		"4:9: the hash of \"carl\" has cost 31, a check takes long; make one with a "
		"cost from 10 to 16\n"
		"5:9: the password of \"dora\" is no bcrypt hash; make one with htpasswd -nBC "
		"10 \"\"\n"
		"6:9: the password of \"emil\" is no bcrypt hash; make one with htpasswd -nBC "
		"10 \"\"\n");
}

static void unknown_keys_are_errors_everywhere(void **state)
{
	(void)state;
	assert_errors("tls_config: {}\nrate_limit: {interval: 1s, bursts: 2}\n"
		      "http_server_config: {http3: true}\n",
		      "1:1: there is no key \"tls_config\"; remove it, there are: "
		      "tls_server_config, http_server_config, basic_auth_users, rate_limit\n"
		      "2:28: there is no key \"bursts\"; write \"burst\"\n"
		      "3:22: there is no key \"http3\"; write \"http2\"\n");
	assert_errors("rate_limit: {interval: 5, burst: 0}\n",
		      "1:24: \"interval\" is \"5\"; write a duration like 1m30s from 0 to 1h\n"
		      "1:34: \"burst\" is \"0\"; write a whole number from 1 to 1000000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_changes_nothing),
		cmocka_unit_test(tls_has_the_toolkits_defaults),
		cmocka_unit_test(every_key_is_taken),
		cmocka_unit_test(each_client_auth_type_is_known),
		cmocka_unit_test(what_would_not_protect_is_an_error),
		cmocka_unit_test(versions_and_ciphers_are_those_we_have),
		cmocka_unit_test(headers_are_the_documented_ones),
		cmocka_unit_test(passwords_are_bcrypt_and_never_shown),
		cmocka_unit_test(unknown_keys_are_errors_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
