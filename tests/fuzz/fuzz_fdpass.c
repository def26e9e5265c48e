// SPDX-License-Identifier: Apache-2.0
/*
 * What whoever listens on the control socket answers to verify: the first byte says how many
 * descriptors come with the rest. One is taken, or none stays open.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/broker_message.h"
#include "user/verify/fdpass.h"

#define FDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[FDS_MAX];
	size_t count;
	size_t before;
	int pair[2];
	int fd;

	if (size < 1 || size > 65536)
		return 0;
	before = fuzz_open_files();
	count = data[0] % (FDS_MAX + 1);
	claim(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	for (size_t i = 0; i < count; i++)
		fds[i] = pair[0];
	claim(broker_send(pair[0], data + 1, size - 1, fds, count) == 0);
	close(pair[0]);
	fd = fdpass_receive(pair[1]);
	/* the descriptors go with the first byte; without one there is nothing to go with */
	claim((fd >= 0) == (count == 1 && size > 1));
	claim(fd >= 0 || fd == -EBADMSG || fd == -ECONNRESET);
	if (fd >= 0)
		close(fd);
	close(pair[1]);
	claim(fuzz_open_files() == before);
	return 0;
}
