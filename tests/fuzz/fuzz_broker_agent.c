// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent makes of its broker's answers. The first bytes: which question it asks; how many
 * descriptors come back; what these are; 1: the answer is cut or filled up to its right size; how
 * long the file is that comes with it. Then that file, then the answer. Whatever comes, what is
 * returned is whole, and no descriptor stays open.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/host/broker.h"
#include "user/host/broker_message.h"

#define HEAD 5
#define FDS_MAX 13
#define TOO_LONG (65 << 20) /* of a file, bytes */
#define LINKS 7
#define SOMEBODY 42 /* a pid */
#define ELSEWHERE 1 /* no namespace's inode number */

/* What it plays: the broker's end. */
struct peer {
	int socket;
	uint8_t what; /* the descriptors are */
	size_t fds_count;
	const uint8_t *file;
	size_t file_size;
	struct broker_answer answer; /* as much of it as there is */
	size_t size;
};

static int open_file(const struct peer *peer)
{
	int fd;

	if (peer->what % 4 == 2)
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (peer->what % 4 == 3)
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd = memfd_create("answer", MFD_CLOEXEC);
	claim(fd >= 0);
	if (peer->what % 4 == 1)
		claim(ftruncate(fd, TOO_LONG) == 0);
	else
		claim(write(fd, peer->file, peer->file_size) == (ssize_t)peer->file_size);
	return fd;
}

/* Answers once, whatever it was asked, and says no more. */
static void *play(void *argument)
{
	struct peer *peer = argument;
	struct broker_question question;
	int fds[FDS_MAX];
	int given = -1;
	size_t count = 1;

	claim(broker_receive(peer->socket, &question, sizeof(question), &given, &count) == 0);
	claim(question.kind > 0 && question.kind < BROKER__END);
	claim(count == (question.kind == BROKER_NETNS && !question.pid));
	for (size_t i = 0; i < peer->fds_count; i++) {
		fds[i] = open_file(peer);
		claim(fds[i] >= 0);
	}
	claim(broker_send(peer->socket, &peer->answer, peer->size, fds, peer->fds_count) == 0);
	for (size_t i = 0; i < peer->fds_count; i++)
		close(fds[i]);
	if (count)
		close(given);
	return NULL;
}

static bool is_file(const struct peer *peer, const void *data, size_t size)
{
	if (peer->what % 4 == 0)
		return size == peer->file_size && same_bytes(data, peer->file, size);
	return peer->what % 4 == 3 && size == 0;
}

static void ask_for_processes(struct broker *broker, const struct peer *peer)
{
	struct netns_processes processes = { .count = SOMEBODY };
	int r = broker_processes(broker, &processes, "/proc");

	claim(r <= 0);
	if (r < 0) {
		claim(processes.count == SOMEBODY && !processes.entries);
		return;
	}
	claim(is_file(peer, processes.entries, processes.count * sizeof(*processes.entries)));
	netns_processes_done(&processes);
}

static void ask_for_sockets(struct broker *broker, const struct peer *peer)
{
	struct procsockets sockets = { .count = SOMEBODY };
	int r = broker_sockets(broker, &sockets, "/proc", SOMEBODY, LINKS);

	claim(r <= 0);
	if (r < 0) {
		claim(sockets.count == SOMEBODY && !sockets.inodes);
		return;
	}
	claim(is_file(peer, sockets.inodes, sockets.count * sizeof(*sockets.inodes)));
	procsockets_done(&sockets);
}

static void ask_for_program(struct broker *broker)
{
	char program[64];
	int r;

	memset(program, 'x', sizeof(program));
	r = broker_program(broker, program, sizeof(program), "/proc", SOMEBODY);
	claim(r <= 0);
	claim(memchr(program, 0, sizeof(program)));
	claim(r == 0 || !program[0]);
}

static void ask_for_door(struct broker *broker, const struct peer *peer, bool by_file)
{
	struct netns_entry entry = { .inode = ELSEWHERE, .path = "/proc/self/ns/net" };
	struct netns_looks looks = { .count = 0 };
	struct netns_door door;
	size_t open_fds = 0;

	entry.pid = by_file ? 0 : SOMEBODY;
	netns_door_init(&door);
	if (broker_open_netns(broker, &door, &entry, &looks) == 0) {
		claim(door.inode == ELSEWHERE);
		for (unsigned int part = 0; part < DOOR__COUNT; part++) {
			open_fds += door.fds[part] >= 0;
			claim((door.fds[part] >= 0) == !!(peer->answer.parts & 1U << part));
		}
		claim(open_fds == peer->fds_count);
	}
	netns_door_close(&door);
}

static void ask(struct broker *broker, const struct peer *peer, uint8_t question)
{
	switch (question % 5) {
	case 0:
		ask_for_processes(broker, peer);
		break;
	case 1:
		ask_for_sockets(broker, peer);
		break;
	case 2:
		ask_for_program(broker);
		break;
	default:
		ask_for_door(broker, peer, question % 5 == 3);
	}
}

static void dress(struct peer *peer, const uint8_t *data, size_t size)
{
	size_t room = sizeof(peer->answer);

	peer->fds_count = data[1] % (FDS_MAX + 1);
	peer->what = data[2];
	peer->file = data + HEAD;
	peer->file_size = data[4] < size - HEAD ? data[4] : size - HEAD;
	peer->size = size - HEAD - peer->file_size;
	if (peer->size > room)
		peer->size = room;
	memcpy(&peer->answer, peer->file + peer->file_size, peer->size);
	if (data[3] & 1)
		peer->size = room;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct broker *broker = NULL;
	struct peer peer = { 0 };
	pthread_t thread;
	size_t before;
	int pair[2];

	if (size < HEAD)
		return 0;
	dress(&peer, data, size);
	if (!peer.size) /* an empty message is an end */
		return 0;
	before = fuzz_open_files();
	claim(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	claim(broker_adopt(&broker, pair[0]) == 0);
	claim(broker_works(broker));
	peer.socket = pair[1];
	claim(pthread_create(&thread, NULL, play, &peer) == 0);
	ask(broker, &peer, data[0]);
	claim(pthread_join(thread, NULL) == 0);
	claim(peer.size == sizeof(peer.answer) || !broker_works(broker));
	close(pair[1]);
	claim(!broker_works(broker));
	broker_free(broker);
	claim(fuzz_open_files() == before);
	return 0;
}
