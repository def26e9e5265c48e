// SPDX-License-Identifier: Apache-2.0
#include "user/host/broker_message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/descriptors.h"

_Static_assert(DESCRIPTORS_MAX >= DOOR__COUNT, "a door fits into a message");

int broker_send(int socket, const void *data, size_t size, const int *fds, size_t count)
{
	return descriptors_send(socket, data, size, fds, count, 0);
}

/* There was room for more numbers, but the process may not have more open. */
static bool was_short_of_descriptors(const struct descriptors *taken)
{
	return taken->descriptors_cut && taken->count < DESCRIPTORS_MAX;
}

int broker_receive(int socket, void *data, size_t size, int *fds, size_t *count)
{
	struct descriptors taken;
	ssize_t n = descriptors_receive(&taken, socket, data, size);

	if (n < 0)
		return (int)n;
	if (was_short_of_descriptors(&taken)) {
		descriptors_close(&taken);
		return -EMFILE;
	}
	if ((size_t)n != size || taken.data_cut || taken.descriptors_cut || taken.count > *count) {
		descriptors_close(&taken);
		return n == 0 && !taken.count ? -ECONNRESET : -EBADMSG;
	}
	if (taken.count)
		memcpy(fds, taken.fds, taken.count * sizeof(*fds));
	*count = taken.count;
	return 0;
}
