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
#define EXECUTE (S_IXUSR | S_IXGRP | S_IXOTH)

/* "": nothing is wrong with it. */
static void blame(char ret[BLAME_MAX], const struct config_path *path, const struct stat *status)
{
	*ret = '\0';
	if (!S_ISREG(status->st_mode))
		snprintf(ret, BLAME_MAX, "%.300s is no file; name one", path->path);
	else if (path->use == CONFIG_SECRET && (status->st_mode & OTHERS))
		snprintf(ret, BLAME_MAX,
			 "others may read or write %.300s (mode %04o); chmod o-rw it", path->path,
			 status->st_mode & 07777U);
	else if (path->use == CONFIG_PROGRAM && !(status->st_mode & EXECUTE))
		snprintf(ret, BLAME_MAX, "%.300s is no program; chmod +x it", path->path);
}

/* What we are not let see may still be right for the agent. */
static void check_path(struct config *config, const struct config_path *path)
{
	char text[BLAME_MAX] = "";
	struct stat status;

	if (stat(path->path, &status) == 0)
		blame(text, path, &status);
	else if (errno != EACCES)
		snprintf(text, sizeof(text), "%.300s: %s; name a file that is there", path->path,
			 strerror(errno));
	if (*text)
		config_complain(config, path, text);
}

int config_load(struct config **ret, const char *path)
{
	CLEANUP(config_freep) struct config *config = NULL;
	CLEANUP(freep) char *text = NULL;
	const struct config_path *paths;
	size_t count;
	size_t size;
	int r;

	r = file_read(&text, &size, NULL, path, YAML_BYTES_MAX);
	if (r == 0)
		r = config_read(&config, text, size);
	if (r < 0)
		return r;
	paths = config_paths(config, &count);
	for (size_t i = 0; i < count; i++)
		check_path(config, &paths[i]);
	*ret = TAKE_PTR(config);
	return 0;
}
