// SPDX-License-Identifier: Apache-2.0
/* One request through an io_uring of its own, without liburing. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor_order.h"
#include "user/base/util.h"

struct ring {
	int fd;
	struct io_uring_params params;
	struct io_uring_sqe *entry; /* there is only one */
	uint8_t *submissions;       /* the queues' heads, tails and indexes */
	uint8_t *completions;
};

static void *map(const struct ring *ring, size_t size, uint64_t part)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			    (off_t)part);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t submissions_size(const struct ring *ring)
{
	return ring->params.sq_off.array + ring->params.sq_entries * sizeof(uint32_t);
}

static size_t completions_size(const struct ring *ring)
{
	return ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
}

static void ring_close(struct ring *ring)
{
	if (ring->entry)
		munmap(ring->entry, sizeof(*ring->entry));
	if (ring->submissions)
		munmap(ring->submissions, submissions_size(ring));
	if (ring->completions)
		munmap(ring->completions, completions_size(ring));
	fd_closep(&ring->fd);
}

static int ring_open(struct ring *ring)
{
	ring->fd = (int)syscall(SYS_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0)
		return -1;
	ring->entry = map(ring, sizeof(*ring->entry), IORING_OFF_SQES);
	ring->submissions = map(ring, submissions_size(ring), IORING_OFF_SQ_RING);
	ring->completions = map(ring, completions_size(ring), IORING_OFF_CQ_RING);
	return ring->entry && ring->submissions && ring->completions ? 0 : -1;
}

/* Puts the entry in line and waits for its end; the result is the request's own, -errno or 0. */
static int ring_run(struct ring *ring)
{
	const struct io_sqring_offsets *out = &ring->params.sq_off;
	uint32_t *tail = (uint32_t *)(ring->submissions + out->tail);
	struct io_uring_cqe *result =
		(struct io_uring_cqe *)(ring->completions + ring->params.cq_off.cqes);

	*(uint32_t *)(ring->submissions + out->array) = 0;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return result->res;
}

int ring_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	CLEANUP(ring_close) struct ring ring = { .fd = -1 };
	int r;

	if (ring_open(&ring) < 0)
		return -1;
	*ring.entry = (struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT,
		.flags = IOSQE_ASYNC,
		.fd = fd,
		.addr = (uint64_t)(uintptr_t)address,
		.off = length,
	};
	r = ring_run(&ring);
	errno = -r;
	return r < 0 ? -1 : 0;
}
