/* SPDX-License-Identifier: Apache-2.0 */
/* The address of a control socket, the same for both ends. */
#pragma once

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* -ENAMETOOLONG: it does not fit; -EINVAL: it is empty. */
static inline int control_address(struct sockaddr_un *ret, const char *path)
{
	size_t length = strlen(path);

	if (length >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	if (!length)
		return -EINVAL;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, length);
	return 0;
}
