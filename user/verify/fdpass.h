/* SPDX-License-Identifier: Apache-2.0 */
/* One descriptor over a Unix stream socket, with one byte that means nothing. */
#pragma once

/* Never waits and never raises SIGPIPE. A negative errno on failure; fd stays the caller's. */
int fdpass_send(int socket, int fd);

/* The descriptor that the peer passes; the caller closes it. -ETIMEDOUT: nothing came in the
 * socket's SO_RCVTIMEO; -ECONNRESET: it hung up; -EBADMSG: it sent something else; descriptors that
 * came along are closed then. */
int fdpass_receive(int socket);
