/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a listening Unix socket: made, and removed again by whoever made it. */
#pragma once

#include <sys/types.h>
#include <sys/un.h>

/* What we made. path "": nothing. */
struct local_socket {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t device;
	ino_t inode;
};

/* A listening, non-blocking stream socket at an address that is not abstract and ends with NUL. It
 * takes the place of one that nobody answers on any more; else -EADDRINUSE, or -ENOTSOCK if
 * something else has this name. On failure nothing of ours is left. */
int local_socket_open(struct local_socket *ret, const struct sockaddr_un *address, mode_t mode,
		      int backlog);

/* Removes the file, unless another one has taken its place. */
void local_socket_remove(const struct local_socket *local);
