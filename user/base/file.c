// SPDX-License-Identifier: Apache-2.0
#include "user/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/base/util.h"

/* How many bytes there are, at most size; a negative errno. */
static ssize_t read_all(int fd, char *ret, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, ret + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* A FIFO must not keep us waiting, hence O_NONBLOCK. */
int file_read(char **ret, size_t *ret_size, struct stat *ret_stat, const char *path, size_t max)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP(freep) char *text = NULL;
	struct stat status;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	text = malloc(max + 1);
	if (!text)
		return -ENOMEM;
	n = read_all(fd, text, max + 1);
	if (n < 0)
		return (int)n;
	if ((size_t)n > max)
		return -EFBIG;
	text[n] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = (size_t)n;
	if (ret_stat)
		*ret_stat = status;
	return 0;
}
