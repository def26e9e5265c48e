// SPDX-License-Identifier: Apache-2.0
/*
 * What agent and broker send each other. The first byte: 1 is an answer to the agent, else it is a
 * question to the broker; times 2, so many descriptors come with it. Whatever comes, no descriptor
 * stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/broker_message.h"
#include "user/host/broker_serve.h"

#define FDS_MAX 8

static int home(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void put(int socket, const uint8_t *data, size_t size, size_t count)
{
	int fds[FDS_MAX];

	for (size_t i = 0; i < count; i++) {
		fds[i] = home();
		claim(fds[i] >= 0);
	}
	broker_send(socket, data, size, fds, count);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	shutdown(socket, SHUT_WR);
}

static void take_answer(int socket, size_t size, size_t count)
{
	struct broker_answer answer;
	int fds[DOOR__COUNT];
	size_t room = DOOR__COUNT < FDS_MAX ? DOOR__COUNT : FDS_MAX;
	size_t taken = room;
	int r = broker_receive(socket, &answer, sizeof(answer), fds, &taken);

	claim((r == 0) == (size == sizeof(answer) && count <= room));
	claim(r == 0 || r == -EBADMSG || r == -ECONNRESET);
	for (size_t i = 0; r == 0 && i < taken; i++)
		close(fds[i]);
}

/* It answers once, with what there is or an error, and sees the end. */
static void serve(int theirs, int ours)
{
	struct broker_answer answer = { 0 };
	int fds[DOOR__COUNT];
	size_t count = DOOR__COUNT;
	int back = home();

	claim(back >= 0);
	broker_serve(theirs, back, NULL);
	close(back);
	shutdown(theirs, SHUT_WR);
	if (broker_receive(ours, &answer, sizeof(answer), fds, &count) < 0)
		return;
	claim(answer.error <= 0 && (answer.error == 0 || count == 0));
	claim(memchr(answer.text, 0, sizeof(answer.text)));
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count;
	size_t before;
	int pair[2];

	if (size < 2 || size > 65536) /* an empty message is an end */
		return 0;
	before = fuzz_open_files();
	count = (data[0] >> 1) % (FDS_MAX + 1);
	claim(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	put(pair[0], data + 1, size - 1, count);
	if (data[0] & 1)
		take_answer(pair[1], size - 1, count);
	else
		serve(pair[1], pair[0]);
	close(pair[0]);
	close(pair[1]);
	claim(fuzz_open_files() == before);
	return 0;
}
