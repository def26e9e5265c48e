// SPDX-License-Identifier: Apache-2.0
#include "user/record/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/base/util.h"
#include "user/record/note_code.h"
#include "user/record/recording.h"

#define QUEUE_DEFAULT (64ULL << 20)
#define END_BYTES_MAX 64 /* of the block that ends a full recording */

/* Notes on their way to the disk. */
struct chunk {
	struct chunk *next;
	struct coder notes;
};

struct recorder {
	/* The agent's side. */
	struct note_coder coder;
	uint64_t queue_max;
	uint64_t missing; /* events left out since the last note that was taken */
	uint64_t missed;
	bool behind;
	bool repeat_wanted;

	/* The writer's side. */
	int fd;
	uint64_t max_bytes;
	uint32_t number; /* of the next block */
	uint8_t packed[RECORDING_PACKED_MAX(RECORDING_UNPACKED_MAX)];

	int (*confine)(void);
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;
	struct chunk *first;
	struct chunk *last;
	uint64_t queued_bytes;
	bool stopping;
	struct recorder_status status;
};

/* --- the writer ------------------------------------------------------------------------------ */

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The next one to write, without the lock; NULL: there will be no more. */
static struct chunk *next_chunk(struct recorder *self)
{
	struct chunk *chunk;

	pthread_mutex_lock(&self->lock);
	while (!self->first && !self->stopping)
		pthread_cond_wait(&self->work, &self->lock);
	chunk = self->first;
	if (chunk) {
		self->first = chunk->next;
		if (!self->first)
			self->last = NULL;
	}
	pthread_mutex_unlock(&self->lock);
	return chunk;
}

/* What a failure leaves of a block is taken away again, so that the file ends with a whole one. */
static int append(struct recorder *self, size_t size)
{
	int r = write_all(self->fd, self->packed, size);

	if (r < 0 && ftruncate(self->fd, (off_t)self->status.written) < 0)
		return r; /* the checksum tells */
	return r;
}

static size_t pack_end(struct recorder *self)
{
	struct note_coder coder;
	size_t size = 0;

	note_coder_init(&coder, coder_writer());
	if (note_write(&coder, &(struct note){ .kind = NOTE_END, .end = NOTE_END_FULL }) == 0)
		size = recording_pack(self->packed, self->number, coder.coder.data, coder.coder.at);
	coder_done(&coder.coder);
	return size;
}

/* Only this thread changes the status, so it may read it as it is. */
static void write_chunk(struct recorder *self, const struct chunk *chunk)
{
	struct recorder_status before = self->status;
	size_t size;
	bool full;
	int r;

	if (before.full || before.error)
		return;
	size = recording_pack(self->packed, self->number, chunk->notes.data, chunk->notes.at);
	full = before.written + size + END_BYTES_MAX > self->max_bytes;
	if (full)
		size = pack_end(self);
	r = append(self, size);
	self->number++;
	pthread_mutex_lock(&self->lock);
	self->status.written += r == 0 ? size : 0;
	self->status.full = full && r == 0;
	self->status.error = r;
	pthread_mutex_unlock(&self->lock);
}

static void chunk_free(struct chunk *chunk)
{
	coder_done(&chunk->notes);
	free(chunk);
}

/* Nothing is written then. */
static void fail(struct recorder *self, int error)
{
	pthread_mutex_lock(&self->lock);
	self->status.error = error;
	pthread_mutex_unlock(&self->lock);
}

static void *work(void *context)
{
	struct recorder *self = context;
	struct chunk *chunk;
	int r = self->confine ? self->confine() : 0;

	if (r < 0)
		fail(self, r);
	while ((chunk = next_chunk(self))) {
		write_chunk(self, chunk);
		pthread_mutex_lock(&self->lock);
		self->queued_bytes -= chunk->notes.at;
		pthread_mutex_unlock(&self->lock);
		chunk_free(chunk);
	}
	return NULL;
}

/* --- the agent's side ------------------------------------------------------------------------ */

static int start_thread(struct recorder *self)
{
	sigset_t all;
	sigset_t before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&self->thread, NULL, work, self);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

/* The file is ours alone: if it cannot be begun it goes again. */
static int open_file(struct recorder *self, const char *path)
{
	int r;

	self->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (self->fd < 0)
		return -errno;
	recording_head(self->packed);
	r = write_all(self->fd, self->packed, RECORDING_HEAD_BYTES);
	self->status.written = RECORDING_HEAD_BYTES;
	if (r == 0)
		r = start_thread(self);
	if (r < 0) {
		close(self->fd);
		unlink(path);
	}
	return r;
}

int recorder_open(struct recorder **ret, const struct recorder_config *config)
{
	struct recorder *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return -ENOMEM;
	note_coder_init(&self->coder, coder_writer());
	self->queue_max = config->queue_bytes ? config->queue_bytes : QUEUE_DEFAULT;
	self->max_bytes = config->max_bytes;
	self->confine = config->confine;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->work, NULL);
	r = open_file(self, config->path);
	if (r < 0) {
		free(self);
		return r;
	}
	*ret = self;
	return 0;
}

/* Hands what there is to the writer. Without memory it stays for the next time. */
static void submit(struct recorder *self)
{
	struct chunk *chunk;

	if (!self->coder.coder.at)
		return;
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return;
	chunk->notes = self->coder.coder;
	note_coder_init(&self->coder, coder_writer());
	pthread_mutex_lock(&self->lock);
	if (self->last)
		self->last->next = chunk;
	else
		self->first = chunk;
	self->last = chunk;
	self->queued_bytes += chunk->notes.at;
	self->behind = self->queued_bytes > self->queue_max;
	pthread_cond_signal(&self->work);
	pthread_mutex_unlock(&self->lock);
}

static void note_missing(struct recorder *self)
{
	self->missing++;
	self->missed++;
}

static void write_gap(struct recorder *self)
{
	struct note gap = { .kind = NOTE_GAP, .missing = self->missing };

	if (note_write(&self->coder, &gap) < 0)
		return;
	self->missing = 0;
	self->repeat_wanted = true;
}

/* Only events are left out: the rest is little, and cannot be told again. */
int recorder_take(void *context, const struct note *note)
{
	struct recorder *self = context;

	if (self->coder.coder.at >= RECORDING_BLOCK_BYTES)
		submit(self);
	if ((note->kind == NOTE_EVENT && self->behind) ||
	    self->coder.coder.at >= RECORDING_BLOCK_BYTES) {
		note_missing(self);
		return 0;
	}
	if (self->missing)
		write_gap(self);
	if (note_write(&self->coder, note) < 0)
		note_missing(self);
	if (note->kind == NOTE_RECONCILE_END)
		submit(self); /* with the first one, a recording is of use */
	return 0;
}

bool recorder_flush(struct recorder *self)
{
	bool repeat;

	submit(self);
	pthread_mutex_lock(&self->lock);
	self->behind = self->queued_bytes > self->queue_max;
	pthread_mutex_unlock(&self->lock);
	repeat = self->repeat_wanted && !self->behind;
	if (repeat)
		self->repeat_wanted = false;
	return repeat;
}

struct recorder_status recorder_status(struct recorder *self)
{
	struct recorder_status status;

	pthread_mutex_lock(&self->lock);
	status = self->status;
	pthread_mutex_unlock(&self->lock);
	status.missed = self->missed;
	return status;
}

struct recorder_status recorder_close(struct recorder *self)
{
	struct recorder_status status = { 0 };

	if (!self)
		return status;
	recorder_take(self, &(struct note){ .kind = NOTE_END, .end = NOTE_END_STOPPED });
	submit(self);
	pthread_mutex_lock(&self->lock);
	self->stopping = true;
	pthread_cond_signal(&self->work);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	if (close(self->fd) < 0 && !self->status.error)
		self->status.error = -errno;
	status = recorder_status(self);
	coder_done(&self->coder.coder);
	pthread_cond_destroy(&self->work);
	pthread_mutex_destroy(&self->lock);
	free(self);
	return status;
}
