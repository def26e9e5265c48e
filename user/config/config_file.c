// SPDX-License-Identifier: Apache-2.0
#include "user/config/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/file.h"
#include "user/base/util.h"
#include "user/base/yaml.h"
#include "user/config/config.h"

#define BLAME_MAX 512
#define OTHERS (S_IROTH | S_IWOTH)

/* What we are not let see may still be right for the agent. */
static void check_secret(struct config *config, const struct config_secret *secret)
{
	char blame[BLAME_MAX] = "";
	struct stat status;

	if (stat(secret->path, &status) < 0) {
		if (errno != EACCES)
			snprintf(blame, sizeof(blame),
				 "%.300s: %s; create it, readable by the "
				 "agent only",
				 secret->path, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		snprintf(blame, sizeof(blame), "%.300s is no file; put the secret into one",
			 secret->path);
	} else if (status.st_mode & OTHERS) {
		snprintf(blame, sizeof(blame),
			 "others may read or write %.300s (mode %04o); chmod o-rwx it",
			 secret->path, status.st_mode & 07777U);
	}
	if (*blame)
		config_complain(config, secret, blame);
}

int config_load(struct config **ret, const char *path)
{
	CLEANUP(config_freep) struct config *config = NULL;
	CLEANUP(freep) char *text = NULL;
	const struct config_secret *secrets;
	size_t count;
	size_t size;
	int r;

	r = file_read(&text, &size, NULL, path, YAML_BYTES_MAX);
	if (r == 0)
		r = config_read(&config, text, size);
	if (r < 0)
		return r;
	secrets = config_secrets(config, &count);
	for (size_t i = 0; i < count; i++)
		check_secret(config, &secrets[i]);
	*ret = TAKE_PTR(config);
	return 0;
}
