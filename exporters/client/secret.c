// SPDX-License-Identifier: Apache-2.0
#include "exporters/client/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/util.h"

void secret_wipe(char secret[SECRET_MAX])
{
	explicit_bzero(secret, SECRET_MAX);
}

/* Nothing that would end a header's line early. */
static int take_line(char *text, size_t size)
{
	size_t length = size;

	while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	text[length] = '\0';
	if (!length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return -EINVAL;
	return 0;
}

int secret_read(char ret[SECRET_MAX], const char *path)
{
	/* O_NONBLOCK: a pipe must not stop us */
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[SECRET_MAX];
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	r = n < (ssize_t)sizeof(text) ? take_line(text, (size_t)n) : -EINVAL;
	if (r == 0)
		memcpy(ret, text, sizeof(text));
	secret_wipe(text);
	return r;
}
