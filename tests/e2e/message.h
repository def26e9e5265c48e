/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams over a unix socket, descriptors included. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define MESSAGE_FDS_MAX 32

/* True: sent whole, with count descriptors. */
_Bool message_send(int socket, const void *data, size_t size, const int *fds, size_t count);

/* The size of what came; 0: the other end is gone, -1: error. Descriptors, at most
 * MESSAGE_FDS_MAX, are the caller's. */
ssize_t message_receive(int socket, void *data, size_t size, int *fds, size_t *ret_count);
