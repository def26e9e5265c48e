// SPDX-License-Identifier: Apache-2.0
#include "exporters/http/settings.h"
#include "tests/fuzz/fuzz.h"
#include "user/base/yaml.h"

static void claim_tls(const struct tls_settings *tls)
{
	claim(tls->certificate.text || tls->certificate.file);
	claim(tls->key.text || tls->key.file);
	claim(!(tls->key.text && tls->key.file));
	claim(tls->allow_12 || tls->allow_13);
	claim(tls->curves_count <= CURVE__COUNT);
	if (tls->client_auth >= AUTH_VERIFY_IF_GIVEN)
		claim(tls->client_ca.text || tls->client_ca.file);
	if (tls->sans_count)
		claim(tls->client_auth == AUTH_REQUIRE || tls->client_auth == AUTH_VERIFY);
}

static void claim_settings(const struct settings *settings)
{
	if (settings->tls.enabled)
		claim_tls(&settings->tls);
	for (size_t i = 0; i < settings->headers_count; i++)
		claim(settings->headers[i].value[0] &&
		      !strpbrk(settings->headers[i].value, "\r\n"));
	for (size_t i = 0; i < settings->users_count; i++) {
		claim(strlen(settings->users[i].hash) == 60);
		claim(!strchr(settings->users[i].name, ':'));
		claim(settings->has_secrets);
	}
	claim(!settings->rate_interval_ns || settings->rate_burst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = NULL;
	struct yaml *yaml = NULL;
	char *text = fuzz_text(data, size);
	size_t count;
	int r;

	claim(yaml_read(&yaml, text, size) == 0);
	free(text);
	r = settings_read(&settings, yaml, "/etc");
	yaml_errors(yaml, &count);
	claim((r == 0) == (count == 0) && (r == 0) == (settings != NULL));
	if (settings)
		claim_settings(settings);
	settings_free(settings);
	yaml_drop(yaml);
	return 0;
}
