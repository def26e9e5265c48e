// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exporters/client/secret.h"
#include "exporters/client/url.h"
#include "tests/unit/scratch.h"

#define SUFFIX "/api/v2/alerts"

static void becomes(const char *text, const char *suffix, const char *url, const char *socket)
{
	struct client_url parsed = { 0 };

	if (client_url_parse(&parsed, text, suffix) != 0)
		fail_msg("%s: is none", text);
	assert_string_equal(parsed.url, url);
	if (socket)
		assert_string_equal(parsed.socket, socket);
	else
		assert_null(parsed.socket);
	client_url_done(&parsed);
}

static void is_none(const char *text)
{
	struct client_url parsed = { .url = (char *)"untouched" };

	if (client_url_parse(&parsed, text, SUFFIX) != -EINVAL)
		fail_msg("%s: is one", text);
	assert_string_equal(parsed.url, "untouched");
}

static void http_and_https_are_taken(void **state)
{
	(void)state;
	becomes("http://am:9093", NULL, "http://am:9093/", NULL);
	becomes("https://am.example.com/hooks/x?token=1", NULL,
		"https://am.example.com/hooks/x?token=1", NULL);
	becomes("http://[::1]:9093/", NULL, "http://[::1]:9093/", NULL);
}

static void the_suffix_is_there_once(void **state)
{
	(void)state;
	becomes("http://am:9093", SUFFIX, "http://am:9093/api/v2/alerts", NULL);
	becomes("http://am:9093/", SUFFIX, "http://am:9093/api/v2/alerts", NULL);
	becomes("http://am:9093/prefix//", SUFFIX, "http://am:9093/prefix/api/v2/alerts", NULL);
	becomes("http://am:9093/api/v2/alerts", SUFFIX, "http://am:9093/api/v2/alerts", NULL);
	becomes("http://am:9093/p?tenant=a", SUFFIX, "http://am:9093/p/api/v2/alerts?tenant=a",
		NULL);
}

static void unix_sockets_have_two_paths(void **state)
{
	(void)state;
	becomes("unix:/run/am.sock", NULL, "http://localhost/", "/run/am.sock");
	becomes("unix:/run/am.sock:/hooks?x=1", NULL, "http://localhost/hooks?x=1", "/run/am.sock");
	becomes("unix:/run/a:b.sock:/", SUFFIX, "http://localhost/api/v2/alerts", "/run/a:b.sock");
}

static void host_and_port_are_those_that_are_resolved(void **state)
{
	struct client_url url;

	(void)state;
	assert_int_equal(client_url_parse(&url, "https://[fd00::1]/", NULL), 0);
	assert_string_equal(url.host, "fd00::1");
	assert_string_equal(url.port, "443");
	client_url_done(&url);
	assert_int_equal(client_url_parse(&url, "http://am:9093/", NULL), 0);
	assert_string_equal(url.host, "am");
	assert_string_equal(url.port, "9093");
	client_url_done(&url);
	client_url_done(&url);
}

static void nothing_else_is(void **state)
{
	static const char *const texts[] = {
		"",
		"am:9093",
		"/api",
		"ftp://am/",
		"file:///etc/passwd",
		"gopher://am/",
		"http://",
		"http://am:99999/",
		"http://a b/",
		"http://am/a b",
		"http://me@am/",
		"http://me:secret@am/",
		"http://am/#x",
		"http://am/\n",
		"http://am/\xff",
		"http://[fe80::1%25lo]/",
		"unix:",
		"unix:relative:/x",
		"unix:/",
		"unix:/run/am.sock:/#x",
		"HTTP",
	};
	char longest[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_none(texts[i]);
	is_none(NULL);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "http://a/", 9);
	is_none(longest);
	memcpy(longest, "unix:/xx/", 9);
	longest[200] = '\0';
	is_none(longest);
}

static int read_of(const char *scratch, const char *content, size_t size, char ret[SECRET_MAX])
{
	char path[PATH_MAX];
	FILE *file = fopen(scratch_path(path, scratch, "secret"), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, size, file), size);
	fclose(file);
	return secret_read(ret, path);
}

static void a_secret_is_one_line(void **state)
{
	char secret[SECRET_MAX] = "untouched";
	static char big[SECRET_MAX + 1];

	memset(big, 'x', sizeof(big));
	assert_int_equal(read_of(*state, "", 0, secret), -EINVAL);
	assert_int_equal(read_of(*state, "\n", 1, secret), -EINVAL);
	assert_int_equal(read_of(*state, "a\nb\n", 4, secret), -EINVAL);
	assert_int_equal(read_of(*state, "a\0b", 3, secret), -EINVAL);
	assert_int_equal(read_of(*state, big, sizeof(big), secret), -EINVAL);
	assert_string_equal(secret, "untouched");
	assert_int_equal(read_of(*state, "p\xc3\xa4ss word\r\n", 12, secret), 0);
	assert_string_equal(secret, "p\xc3\xa4ss word");
	secret_wipe(secret);
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(secret[i], 0);
}

/* Opening one would wait for somebody to write to it. */
static void a_pipe_is_no_secret(void **state)
{
	char path[PATH_MAX];
	char secret[SECRET_MAX];

	scratch_path(path, *state, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(secret_read(secret, path), -EINVAL);
	assert_int_equal(secret_read(secret, *state), -EINVAL);
	assert_int_equal(secret_read(secret, "/nonexistent"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_and_https_are_taken),
		cmocka_unit_test(the_suffix_is_there_once),
		cmocka_unit_test(unix_sockets_have_two_paths),
		cmocka_unit_test(host_and_port_are_those_that_are_resolved),
		cmocka_unit_test(nothing_else_is),
		scratch_test(a_secret_is_one_line),
		scratch_test(a_pipe_is_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
