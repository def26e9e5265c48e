// SPDX-License-Identifier: Apache-2.0
/* Dumps that an agent, or something else at its socket, passes to verify. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "user/verify/holds_dump.h"
#include "user/verify/verify.h"

static int sealed(const uint8_t *data, size_t size)
{
	int fd = memfd_create("holds", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	claim(fd >= 0);
	claim(write(fd, data, size) == (ssize_t)size);
	claim(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0);
	return fd;
}

/* Every hold is missing in an empty kernel, and none in itself. */
static void judge(const struct holds_dump *dump)
{
	struct verify_reading holds = { .side = VERIFY_LEDGER };
	struct verify_reading nothing = { .side = VERIFY_KERNEL };
	struct verify_list list = { 0 };

	for (size_t i = 0; i < dump->count; i++) {
		claim(memchr(dump->records[i].comm, 0, sizeof(dump->records[i].comm)));
		claim(verify_add_hold(&holds, &dump->records[i]) == 0);
	}
	verify_sort(&holds);
	claim(holds.count <= dump->count);
	claim(verify_sandwich(&list, &holds, &nothing, &holds, true) == 0);
	claim(list.count == holds.count);
	verify_list_done(&list);
	verify_reading_done(&holds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct holds_dump dump = { .count = 77 };
	int fd = sealed(data, size);

	if (holds_dump_open(&dump, fd) == 0) {
		claim(dump.count == dump.header.count);
		claim(memchr(dump.header.source, 0, sizeof(dump.header.source)));
		judge(&dump);
		holds_dump_done(&dump);
	} else {
		claim(dump.count == 77 && !dump.map);
	}
	close(fd);
	return 0;
}
