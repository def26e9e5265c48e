// SPDX-License-Identifier: Apache-2.0
/* A kernel's list of options, line by line and as a file. */
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/kconfig.h"

static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = strstr(text, line); at; at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && (!at[length] || at[length] == '\n'))
			return true;
	return false;
}

static struct kconfig read_lines(const char *text)
{
	struct kconfig kconfig = { .known = false };
	char *rest = strdup(text);
	char *copy = rest;
	char *line;

	claim(copy);
	while ((line = strsep(&rest, "\n")))
		kconfig_take(&kconfig, line);
	free(copy);
	return kconfig;
}

static struct kconfig read_file(const void *data, size_t size)
{
	struct kconfig kconfig = { .known = false };
	int fd = memfd_create("kconfig", MFD_CLOEXEC);
	char path[64];

	claim(fd >= 0);
	claim(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	kconfig_read_list(&kconfig, path);
	close(fd);
	return kconfig;
}

static bool is_packed(const char *text)
{
	return text[0] == '\x1f' && text[1] == '\x8b';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct kconfig lines = read_lines(text);
	struct kconfig file = read_file(text, strlen(text));

	for (int i = 0; i < KCONFIG__COUNT; i++) {
		char expected[128];

		snprintf(expected, sizeof(expected), "%s=y", kconfig_name(i));
		claim(lines.set[i] == has_line(text, expected));
		claim(lines.known || !lines.set[i]);
		claim(is_packed(text) || file.set[i] == lines.set[i]);
	}
	claim(is_packed(text) || file.known == lines.known);
	read_file(data, size);
	free(text);
	return 0;
}
