// SPDX-License-Identifier: Apache-2.0
#include "user/verify/holds_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/util.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define RECORDS_AT_ONCE 256

/* --- writing --------------------------------------------------------------------------------- */

static int write_all(int fd, const void *data, size_t size, off_t at)
{
	while (size) {
		ssize_t n = pwrite(fd, data, size, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data = (const char *)data + n;
		size -= (size_t)n;
		at += n;
	}
	return 0;
}

static off_t offset_of(uint64_t record)
{
	return (off_t)(sizeof(struct holds_dump_header) +
		       record * sizeof(struct holds_dump_record));
}

static int write_records(int fd, uint64_t *ret_count, holds_dump_next *next, void *context)
{
	struct holds_dump_record records[RECORDS_AT_ONCE];
	uint64_t written = 0;
	size_t count;
	int more = 1;
	int r;

	while (more > 0) {
		for (count = 0; count < RECORDS_AT_ONCE; count++) {
			memset(&records[count], 0, sizeof(records[count]));
			more = next(context, &records[count]);
			if (more <= 0)
				break;
		}
		if (more < 0)
			return more;
		r = write_all(fd, records, count * sizeof(*records), offset_of(written));
		if (r < 0)
			return r;
		written += count;
	}
	*ret_count = written;
	return 0;
}

int holds_dump_write(int fd, const struct holds_dump_header *header, holds_dump_next *next,
		     void *context)
{
	struct holds_dump_header whole = *header;
	int r;

	whole.magic = HOLDS_DUMP_MAGIC;
	whole.version = HOLDS_DUMP_VERSION;
	whole.record_size = sizeof(struct holds_dump_record);
	r = write_records(fd, &whole.count, next, context);
	if (r == 0)
		r = write_all(fd, &whole, sizeof(whole), 0);
	if (r < 0)
		return r;
	return fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0 ? -errno : 0;
}

/* --- mapping --------------------------------------------------------------------------------- */

static int check_header(const struct holds_dump_header *header, size_t size)
{
	if (header->magic != HOLDS_DUMP_MAGIC)
		return -EBADMSG;
	if (header->version != HOLDS_DUMP_VERSION ||
	    header->record_size != sizeof(struct holds_dump_record))
		return -EPROTO;
	if (header->count != (size - sizeof(*header)) / sizeof(struct holds_dump_record) ||
	    (size - sizeof(*header)) % sizeof(struct holds_dump_record))
		return -EBADMSG;
	return memchr(header->source, 0, sizeof(header->source)) ? 0 : -EBADMSG;
}

static bool valid_record(const struct holds_dump_record *record)
{
	return record->id && record->tuple.port &&
	       (record->protocol == IPPROTO_TCP || record->protocol == IPPROTO_UDP) &&
	       record->path > 0 && record->path < PATH__COUNT &&
	       (record->state == HOLD_ACTIVE || record->state == HOLD_TIME_WAIT) &&
	       memchr(record->comm, 0, sizeof(record->comm));
}

static int check_dump(const struct holds_dump *dump)
{
	int r = check_header(&dump->header, dump->size);

	for (size_t i = 0; i < dump->count && r == 0; i++)
		if (!valid_record(&dump->records[i]))
			r = -EBADMSG;
	return r;
}

int holds_dump_open(struct holds_dump *ret, int fd)
{
	CLEANUP(holds_dump_done) struct holds_dump dump = { 0 };
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	int r;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0)
		return -EBADMSG;
	if (st.st_size < (off_t)sizeof(dump.header))
		return -EBADMSG;
	dump.size = (size_t)st.st_size;
	dump.map = mmap(NULL, dump.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (dump.map == MAP_FAILED) {
		dump.map = NULL;
		return -errno;
	}
	memcpy(&dump.header, dump.map, sizeof(dump.header));
	dump.records = (const void *)((const char *)dump.map + sizeof(dump.header));
	dump.count = (dump.size - sizeof(dump.header)) / sizeof(*dump.records);
	r = check_dump(&dump);
	if (r < 0)
		return r;
	*ret = dump;
	dump.map = NULL;
	return 0;
}

void holds_dump_done(struct holds_dump *dump)
{
	if (dump->map)
		munmap(dump->map, dump->size);
	memset(dump, 0, sizeof(*dump));
}
