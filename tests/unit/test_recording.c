// SPDX-License-Identifier: Apache-2.0
/* Notes as bytes and back, the file they are in, and everything that may be wrong with it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>
#include <zlib.h>

#include "tests/unit/recorded.h"
#include "user/base/util.h"

/* --- notes ----------------------------------------------------------------------------------- */

/* A note written is read again, into *ret; what it points to is in the reader and in the bytes,
 * which the caller frees. */
static uint8_t *round_trip(struct note *ret, struct note_coder *reader, const struct note *note)
{
	struct note_coder writer;
	uint8_t *data;
	size_t size;

	note_coder_init(&writer, coder_writer());
	assert_int_equal(note_write(&writer, note), 0);
	size = writer.coder.at;
	data = malloc(size); /* no more than that, so that reading beyond is seen */
	assert_non_null(data);
	memcpy(data, writer.coder.data, size);
	coder_done(&writer.coder);
	note_coder_init(reader, coder_reader(data, size));
	assert_int_equal(note_read(reader, ret), 1);
	assert_int_equal(ret->kind, note->kind);
	assert_int_equal(reader->coder.at, size);
	return data;
}

static void event_survives(struct event event)
{
	struct note note = { .kind = NOTE_EVENT, .event = &event };
	struct note_coder reader;
	uint8_t *data = round_trip(&note, &reader, &note);

	assert_memory_equal(&reader.event, &event, event.header.len);
	free(data);
}

static void every_event_survives(void **state)
{
	(void)state;
	event_survives(taken_event(.id = UINT64_MAX, .port = 65535, .at_ns = 5 * SECOND,
				   .taken_ns = SECOND, .search_ns = 7, .cgroup = UINT64_MAX,
				   .uid = UINT32_MAX, .vrf = 3, .own_first = 1, .own_last = 65535,
				   .comm = "fifteen letters", .sticks = true,
				   .event_flags = EVENT_FOUND | EVENT_RESYNC));
	event_survives(taken_event(.id = 1, .port = 1, .nowhere = true, .kernel = true,
				   .path = PATH_AUTOBIND, .protocol = IPPROTO_UDP, .comm = "",
				   .taken_ns = UINT64_MAX, .at_ns = 1));
	event_survives(time_wait_event(.id = 3, .at_ns = UINT64_MAX, .tw_flags = HOLD_TW_FLAGS));
	event_survives(released_event(.id = 3, .at_ns = 1));
	event_survives(refused_event(.at_ns = 9, .search_ns = 1, .error = 65535,
				     .comm = INCIDENT_HOSTILE));
}

static void addresses_of_both_families_survive(void **state)
{
	static const uint8_t v6[16] = { 0xfd, [15] = 1 };
	struct event event = taken_event(.id = 1, .port = 2);

	(void)state;
	memcpy(event.taken.hold.tuple.local, v6, sizeof(v6));
	event_survives(event);
	memset(event.taken.hold.tuple.remote, 0xff, 16);
	event_survives(event);
	memset(event.taken.hold.tuple.remote, 0, 16);
	event_survives(event);
}

static void facts_survive(const struct netns_facts *facts)
{
	struct note note = { .kind = NOTE_NETNS, .facts = facts };
	struct note_coder reader;
	uint8_t *data = round_trip(&note, &reader, &note);

	assert_memory_equal(&reader.facts, facts, sizeof(*facts));
	free(data);
}

static void namespaces_survive_with_any_reserved_ports(void **state)
{
	struct netns_facts facts = {
		.inode = UINT32_MAX,
		.first = 1,
		.last = 65535,
		.tw_reuse = 2,
		.tw_reuse_delay_ms = UINT32_MAX,
	};

	(void)state;
	facts_survive(&facts);
	memset(facts.name, 'n', sizeof(facts.name) - 1);
	facts.reserved[0] = 1; /* the first and the last */
	facts.reserved[sizeof(facts.reserved) - 1] = 0x80;
	facts_survive(&facts);
	memset(facts.reserved, 0x55, sizeof(facts.reserved)); /* the most there is to write */
	facts_survive(&facts);
	memset(facts.reserved, 0xff, sizeof(facts.reserved));
	facts_survive(&facts);
}

static void the_largest_note_fits_into_a_block(void **state)
{
	struct netns_facts facts = { .first = 1, .last = 2 };
	struct note note = { .kind = NOTE_NETNS, .facts = &facts };
	struct note_coder writer;

	(void)state;
	memset(facts.reserved, 0x55, sizeof(facts.reserved));
	note_coder_init(&writer, coder_writer());
	assert_int_equal(note_write(&writer, &note), 0);
	assert_true(writer.coder.at + RECORDING_BLOCK_BYTES < RECORDING_UNPACKED_MAX);
	coder_done(&writer.coder);
}

static void same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

static void starts_and_owners_survive(void **state)
{
	struct note start = { .kind = NOTE_START,
			      .start = { .times = { 7, UINT64_MAX, 3 },
					 .polled = 5,
					 .source = "fentry",
					 .kernel = "",
					 .host = NULL,
					 .version = INCIDENT_HOSTILE } };
	struct note owner = { .kind = NOTE_OWNER,
			      .owner = {
				      .id = { UINT64_MAX, 4, 1 }, .cgroup = "/a/b", .pod = "p" } };
	struct note_coder reader;
	struct note read;
	uint8_t *data;

	(void)state;
	data = round_trip(&read, &reader, &start);
	assert_memory_equal(&read.start.times, &start.start.times, sizeof(read.start.times));
	assert_int_equal(read.start.polled, 5);
	same_text(read.start.source, "fentry");
	same_text(read.start.kernel, "");
	same_text(read.start.host, NULL);
	same_text(read.start.version, INCIDENT_HOSTILE);
	free(data);
	data = round_trip(&read, &reader, &owner);
	assert_memory_equal(&read.owner.id, &owner.owner.id, sizeof(read.owner.id));
	same_text(read.owner.cgroup, "/a/b");
	same_text(read.owner.unit, NULL);
	same_text(read.owner.pod, "p");
	free(data);
}

static void names_survive(void **state)
{
	struct note names = { .kind = NOTE_OWNER_NAMES,
			      .names = { .id = { 7, 8, 1 },
					 .exe = "/usr/bin/python3",
					 .command = "python3 worker.py ...",
					 .pod_name = "web-7d9",
					 .pod_namespace = INCIDENT_HOSTILE } };
	struct note service = { .kind = NOTE_SERVICE, .service = { IPPROTO_UDP, 65535, "domain" } };
	struct note_coder reader;
	struct note read;
	uint8_t *data;

	(void)state;
	data = round_trip(&read, &reader, &names);
	assert_memory_equal(&read.names.id, &names.names.id, sizeof(read.names.id));
	same_text(read.names.exe, "/usr/bin/python3");
	same_text(read.names.command, "python3 worker.py ...");
	same_text(read.names.container_name, NULL);
	same_text(read.names.pod_name, "web-7d9");
	same_text(read.names.pod_namespace, INCIDENT_HOSTILE);
	free(data);
	data = round_trip(&read, &reader, &service);
	assert_int_equal(read.service.protocol, IPPROTO_UDP);
	assert_int_equal(read.service.port, 65535);
	same_text(read.service.name, "domain");
	free(data);
}

static void what_is_small_survives(void **state)
{
	static const struct note notes[] = {
		{ .kind = NOTE_NETNS_GONE, .inode = 7 },
		{ .kind = NOTE_OWNER_GONE, .owner.id = { 1, 2, 3 } },
		{ .kind = NOTE_TIME, .times = { UINT64_MAX, 1, 0 } },
		{ .kind = NOTE_RECONCILE_BEGIN },
		{ .kind = NOTE_RECONCILE_END, .times = { 3, 2, 1 } },
		{ .kind = NOTE_RESYNC_BEGIN },
		{ .kind = NOTE_RESYNC_END },
		{ .kind = NOTE_HEALTH, .health = { .lost = { 1, 2, 3, 4, 5 }, .complete = true } },
		{ .kind = NOTE_GAP, .missing = 1234567 },
		{ .kind = NOTE_END, .end = NOTE_END_FULL },
		{ .kind = NOTE_SERVER,
		  .server = { .key = { .netns = 7,
				       .address = { 0xfd, [15] = 1 },
				       .port = 443,
				       .protocol = IPPROTO_TCP },
			      .pid = UINT32_MAX,
			      .process = "fifteen letters" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		struct note_coder reader;
		struct note read;
		uint8_t *data = round_trip(&read, &reader, &notes[i]);

		assert_memory_equal(&read, &notes[i], sizeof(read));
		free(data);
	}
}

/* --- notes that lie -------------------------------------------------------------------------- */

static int read_bytes(const void *data, size_t size)
{
	uint8_t *copy = malloc(size);
	struct note_coder reader;
	struct note note;
	int r;

	assert_non_null(copy);
	memcpy(copy, data, size);
	note_coder_init(&reader, coder_reader(copy, size));
	do {
		r = note_read(&reader, &note);
	} while (r > 0);
	free(copy);
	return r;
}
#define READ(...) \
	read_bytes((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void hostile_bytes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(READ(0), -EBADMSG);
	assert_int_equal(READ(NOTE__COUNT), -EBADMSG);
	assert_int_equal(READ(NOTE_END, 0), -EBADMSG);
	assert_int_equal(READ(NOTE_END, NOTE_END__COUNT), -EBADMSG);
	assert_int_equal(READ(NOTE_END, NOTE_END_FULL), 0);
	/* numbers: more than the field takes, more than 64 bits, without an end */
	assert_int_equal(READ(NOTE_NETNS_GONE, 0xff, 0xff, 0xff, 0xff, 0x0f), 0);
	assert_int_equal(READ(NOTE_NETNS_GONE, 0xff, 0xff, 0xff, 0xff, 0x10), -EBADMSG);
	assert_int_equal(READ(NOTE_GAP, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
			 0);
	assert_int_equal(READ(NOTE_GAP, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
			 -EBADMSG);
	assert_int_equal(
		READ(NOTE_GAP, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0),
		-EBADMSG);
	assert_int_equal(READ(NOTE_GAP, 0x80), -EBADMSG);
	assert_int_equal(READ(NOTE_EVENT, 0, 0, 0), -EBADMSG);
	assert_int_equal(READ(NOTE_EVENT, EVENT__COUNT, 0, 0), -EBADMSG);
}

static void texts_must_end_where_they_say(void **state)
{
	(void)state;
	assert_int_equal(READ(NOTE_OWNER, 0, 0, 0, 2, 'a', 0, 0, 0, 0), 0);
	assert_int_equal(READ(NOTE_OWNER, 0, 0, 0, 2, 'a', 'b', 0, 0, 0), -EBADMSG);
	assert_int_equal(READ(NOTE_OWNER, 0, 0, 0, 3, 'a', 0, 0, 0, 0, 0), -EBADMSG);
	assert_int_equal(READ(NOTE_OWNER, 0, 0, 0, 9, 'a', 0), -EBADMSG);
	assert_int_equal(READ(NOTE_OWNER, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 'a', 0), -EBADMSG);
}

static void ranges_must_not_run_backwards(void **state)
{
	struct netns_facts facts = { .inode = 1, .first = 5, .last = 4 };
	struct event event = taken_event(.id = 1, .port = 40000, .own_first = 7, .own_last = 6);
	struct note notes[] = {
		{ .kind = NOTE_NETNS, .facts = &facts },
		{ .kind = NOTE_EVENT, .event = &event },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		struct note_coder writer;

		note_coder_init(&writer, coder_writer());
		assert_int_equal(note_write(&writer, &notes[i]), -ENOMEM); /* nor be written */
		assert_int_equal(writer.coder.at, 0);
		coder_done(&writer.coder);
	}
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 5, 5, 0, 0, 0x80, 0x80, 0x04), 0);
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 5, 4, 0, 0, 0x80, 0x80, 0x04), -EBADMSG);
}

static void reserved_ports_must_fit(void **state)
{
	(void)state;
	/* inode, name, first, last, reuse, delay; then 65536 free ports */
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 1, 2, 0, 0, 0x80, 0x80, 0x04), 0);
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 1, 2, 0, 0, 0x81, 0x80, 0x04), -EBADMSG);
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 1, 2, 0, 0, 1, 0x80, 0x80, 0x04), -EBADMSG);
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 1, 2, 0, 0, 1, 0, 0, 0), -EBADMSG);
	assert_int_equal(READ(NOTE_NETNS, 1, 0, 1, 2, 0, 0, 1, 1), -EBADMSG);
}

/* --- files ----------------------------------------------------------------------------------- */

static size_t notes_of_incident(void)
{
	struct recorded *whole = recorded_incident();
	uint64_t offset;
	size_t notes;

	assert_int_equal(recorded_read(whole->data, whole->size, &notes, &offset), 0);
	assert_int_equal(offset, whole->size);
	recorded_free(whole);
	return notes;
}

static void a_whole_file_is_read_to_its_end(void **state)
{
	(void)state;
	assert_true(notes_of_incident() > 50);
}

static void a_file_cut_anywhere_is_good_up_to_there(void **state)
{
	struct recorded *whole = recorded_incident();
	size_t all = notes_of_incident();
	size_t before = 0;

	(void)state;
	for (size_t size = 0; size < whole->size; size++) {
		uint64_t offset;
		size_t notes;

		assert_int_equal(recorded_read(whole->data, size, &notes, &offset), -ENODATA);
		assert_true(notes >= before && notes < all);
		assert_true(offset <= size);
		before = notes;
	}
	assert_int_equal(before, all - 1);
	recorded_free(whole);
}

static void damage_of_any_byte_is_noticed_where_it_is(void **state)
{
	struct recorded *whole = recorded_incident();

	(void)state;
	for (size_t at = 0; at < whole->size; at++) {
		uint64_t offset;
		size_t notes;
		int r;

		whole->data[at] ^= (uint8_t)(1 << at % 8);
		r = recorded_read(whole->data, whole->size, &notes, &offset);
		if (r != -EBADMSG && r != -ENODATA)
			fail_msg("byte %zu: %d", at, r);
		assert_true(offset <= at); /* nothing of the bad block was taken */
		whole->data[at] ^= (uint8_t)(1 << at % 8);
	}
	recorded_free(whole);
}

static void what_follows_the_end_is_damage(void **state)
{
	struct recorded *whole = recorded_incident();
	uint64_t offset;
	size_t notes;

	(void)state;
	whole->data[whole->size++] = 0;
	assert_int_equal(recorded_read(whole->data, whole->size, &notes, &offset), -EBADMSG);
	assert_int_equal(offset, whole->size - 1);
	recorded_free(whole);
}

static void a_block_in_another_place_is_damage(void **state)
{
	struct recorded *twice = recorded_new();
	struct note note = { .kind = NOTE_GAP, .missing = 1 };
	size_t first = twice->size;
	uint64_t offset;
	size_t notes;
	size_t size;

	(void)state;
	recorded_take(twice, &note);
	recorded_flush(twice);
	size = twice->size - first;
	memcpy(twice->data + twice->size, twice->data + first, size);
	assert_int_equal(recorded_read(twice->data, twice->size + size, &notes, &offset), -EBADMSG);
	assert_int_equal(notes, 1);
	assert_int_equal(offset, twice->size);
	recorded_free(twice);
}

static void put_u32(uint8_t *ret, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(value >> 8 * i);
}

/* Says so under a checksum that is right. */
static void sign(uint8_t *head, size_t size, const uint8_t *body, size_t body_size)
{
	uLong sum = crc32(crc32(0, NULL, 0), head, (uInt)size);

	if (body_size)
		sum = crc32(sum, body, (uInt)body_size);
	put_u32(head + size, (uint32_t)sum);
}

static void another_version_is_told_from_damage(void **state)
{
	struct recorded *other = recorded_incident();
	uint64_t offset;
	size_t notes;

	(void)state;
	put_u32(other->data + 8, RECORDING_VERSION + 1);
	assert_int_equal(recorded_read(other->data, other->size, &notes, &offset), -EBADMSG);
	sign(other->data, 12, NULL, 0);
	assert_int_equal(recorded_read(other->data, other->size, &notes, &offset), -EPROTO);
	recorded_free(other);
}

static void another_kind_of_file_is_none(void **state)
{
	uint64_t offset;
	size_t notes;

	(void)state;
	assert_int_equal(recorded_read("", 0, &notes, &offset), -ENODATA);
	assert_int_equal(recorded_read("hello", 5, &notes, &offset), -EBADMSG);
	assert_int_equal(recorded_read("hello, I am a text", 18, &notes, &offset), -EBADMSG);
}

/* Sizes of a block that lie under a right checksum. */
static int read_block(uint32_t stored, uint32_t unpacked, const uint8_t *body, size_t body_size)
{
	uint8_t data[RECORDING_HEAD_BYTES + RECORDING_BLOCK_HEAD_BYTES + 64] = { 0 };
	uint8_t *block = data + RECORDING_HEAD_BYTES;
	uint64_t offset;
	size_t notes;

	recording_head(data);
	memcpy(block, "PBLK", 4);
	put_u32(block + 8, stored);
	put_u32(block + 12, unpacked);
	memcpy(block + RECORDING_BLOCK_HEAD_BYTES, body, body_size);
	sign(block, 16, body, body_size);
	return recorded_read(data, RECORDING_HEAD_BYTES + RECORDING_BLOCK_HEAD_BYTES + body_size,
			     &notes, &offset);
}

static void hostile_sizes_are_refused(void **state)
{
	static const uint8_t good[] = { NOTE_END, NOTE_END_FULL };
	static const uint8_t zeros[1000];
	uint8_t packed[64];
	uLongf packed_size = sizeof(packed);

	(void)state;
	assert_int_equal(read_block(2, 2, good, 2), 0);
	assert_int_equal(read_block(0, 0, good, 0), -EBADMSG);
	assert_int_equal(read_block(2, 1, good, 2), -EBADMSG);
	assert_int_equal(read_block(2, UINT32_MAX, good, 2), -EBADMSG);
	assert_int_equal(read_block(UINT32_MAX, UINT32_MAX, good, 2), -EBADMSG);
	assert_int_equal(read_block(3, 3, good, 2), -ENODATA);
	assert_int_equal(read_block(2, 100, good, 2), -EBADMSG); /* nothing zlib knows */
	assert_int_equal(compress2(packed, &packed_size, zeros, sizeof(zeros), 9), Z_OK);
	assert_int_equal(read_block((uint32_t)packed_size, 999, packed, packed_size), -EBADMSG);
	assert_int_equal(read_block((uint32_t)packed_size, 1001, packed, packed_size), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_survives),
		cmocka_unit_test(addresses_of_both_families_survive),
		cmocka_unit_test(namespaces_survive_with_any_reserved_ports),
		cmocka_unit_test(the_largest_note_fits_into_a_block),
		cmocka_unit_test(starts_and_owners_survive),
		cmocka_unit_test(names_survive),
		cmocka_unit_test(what_is_small_survives),
		cmocka_unit_test(hostile_bytes_are_refused),
		cmocka_unit_test(texts_must_end_where_they_say),
		cmocka_unit_test(ranges_must_not_run_backwards),
		cmocka_unit_test(reserved_ports_must_fit),
		cmocka_unit_test(a_whole_file_is_read_to_its_end),
		cmocka_unit_test(a_file_cut_anywhere_is_good_up_to_there),
		cmocka_unit_test(damage_of_any_byte_is_noticed_where_it_is),
		cmocka_unit_test(what_follows_the_end_is_damage),
		cmocka_unit_test(a_block_in_another_place_is_damage),
		cmocka_unit_test(another_version_is_told_from_damage),
		cmocka_unit_test(another_kind_of_file_is_none),
		cmocka_unit_test(hostile_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
