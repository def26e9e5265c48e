/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a Unix socket that bring open files along (SCM_RIGHTS). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DESCRIPTORS_MAX 16 /* of a message; all are taken out, so that none stays open unseen */

struct descriptors {
	int fds[DESCRIPTORS_MAX];
	size_t count;
	bool data_cut;        /* the message was longer than its room */
	bool descriptors_cut; /* the kernel has closed some: more than that, or no number was left
			       */
};

/* As sendmsg() with these flags, without SIGPIPE. 0 or a negative errno; -EINVAL: too many. */
int descriptors_send(int socket, const void *data, size_t size, const int *fds, size_t count,
		     int flags);

/* One message, waiting for the socket's SO_RCVTIMEO: how many bytes came; 0: the end. -ETIMEDOUT,
 * or another negative errno; then there are no descriptors. The caller closes them. */
ssize_t descriptors_receive(struct descriptors *ret, int socket, void *data, size_t size);

void descriptors_close(const struct descriptors *descriptors);
