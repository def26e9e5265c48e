// SPDX-License-Identifier: Apache-2.0
/*
 * Finding and naming network namespaces in a made-up /proc; any regular file is a namespace there.
 * /run/netns is the real one, so a list may hold more than what was made up.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "tests/unit/scratch.h"
#include "user/host/netns.h"
#include "user/host/netns_door.h"
#include "user/base/util.h"

static void make_netns(const char *proc, const char *pid)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/ns/net", pid);
	scratch_write(proc, name, "");
}

/* A second process in the same namespace. */
static void join_netns(const char *proc, const char *pid, const char *other)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	char name[64];

	snprintf(name, sizeof(name), "%s/ns/net", other);
	scratch_path(target, proc, name);
	snprintf(name, sizeof(name), "%s/ns/net", pid);
	assert_int_equal(link(target, scratch_path(path, proc, name)), 0);
}

static uint32_t inode_of(const char *proc, const char *pid)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/ns/net", pid);
	return (uint32_t)scratch_inode(proc, name);
}

static size_t count_of(const struct netns_list *list, uint32_t inode)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->entries[i].inode == inode;
	return count;
}

static const struct netns_entry *entry_of(const struct netns_list *list, uint32_t inode)
{
	static const struct netns_entry none;

	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].inode == inode)
			return &list->entries[i];
	fail_msg("%u is not in the list", inode);
	return &none;
}

static struct netns_list scan(const char *proc)
{
	struct netns_list list;

	assert_int_equal(netns_scan(&list, proc), 0);
	return list;
}

static void the_namespace_of_process_1_is_the_host(void **state)
{
	struct netns_list list;

	make_netns(*state, "1");
	make_netns(*state, "77");
	list = scan(*state);
	assert_string_equal(entry_of(&list, inode_of(*state, "1"))->name, "host");
	assert_string_not_equal(entry_of(&list, inode_of(*state, "77"))->name, "host");
	netns_list_done(&list);
}

/* Hardened hosts hide process 1 even from root. */
static void that_of_the_kernels_threads_is_the_host_too(void **state)
{
	struct netns_list list;

	make_netns(*state, "2");
	scratch_write(*state, "2/comm", "kthreadd\n");
	list = scan(*state);
	assert_string_equal(entry_of(&list, inode_of(*state, "2"))->name, "host");
	netns_list_done(&list);
}

/* In a PID namespace process 2 is anybody. */
static void process_2_of_another_name_is_not_the_host(void **state)
{
	struct netns_list list;

	make_netns(*state, "2");
	scratch_write(*state, "2/comm", "nginx\n");
	list = scan(*state);
	assert_string_not_equal(entry_of(&list, inode_of(*state, "2"))->name, "host");
	netns_list_done(&list);
}

static void one_without_a_name_is_called_by_its_number(void **state)
{
	struct netns_list list;
	char number[16];

	make_netns(*state, "77");
	snprintf(number, sizeof(number), "%u", inode_of(*state, "77"));
	list = scan(*state);
	assert_string_equal(entry_of(&list, inode_of(*state, "77"))->name, number);
	netns_list_done(&list);
}

static void each_namespace_is_listed_once(void **state)
{
	struct netns_list list;

	make_netns(*state, "1");
	join_netns(*state, "50", "1");
	make_netns(*state, "60");
	join_netns(*state, "61", "60");
	join_netns(*state, "62", "60");
	list = scan(*state);
	assert_int_equal(count_of(&list, inode_of(*state, "1")), 1);
	assert_int_equal(count_of(&list, inode_of(*state, "60")), 1);
	netns_list_done(&list);
}

static void an_entry_says_how_to_enter(void **state)
{
	const struct netns_entry *entry;
	struct netns_list list;
	struct stat st;

	make_netns(*state, "77");
	list = scan(*state);
	entry = entry_of(&list, inode_of(*state, "77"));
	assert_int_equal(stat(entry->path, &st), 0);
	assert_int_equal(st.st_ino, entry->inode);
	netns_list_done(&list);
}

static void what_is_no_process_or_no_namespace_is_passed_over(void **state)
{
	struct netns_list list;

	make_netns(*state, "self");
	make_netns(*state, "net");
	scratch_write(*state, "88/ns/net/x", ""); /* a directory */
	scratch_write(*state, "89/comm", "ended\n");
	list = scan(*state);
	assert_int_equal(count_of(&list, inode_of(*state, "self")), 0);
	assert_int_equal(count_of(&list, inode_of(*state, "net")), 0);
	assert_int_equal(count_of(&list, inode_of(*state, "88")), 0);
	netns_list_done(&list);
}

static void without_proc_there_is_no_list(void **state)
{
	struct netns_list list = { .count = 4242 };
	char path[PATH_MAX];

	assert_int_equal(netns_scan(&list, scratch_path(path, *state, "none")), -ENOENT);
	assert_int_equal(list.count, 4242); /* untouched on failure */
}

/* --- our own --------------------------------------------------------------------------------- */

static int note_netns(void *context)
{
	*(uint32_t *)context = netns_current();
	return 42;
}

static void our_own_namespace_is_visited_without_leaving(void **state)
{
	struct netns_entry entry = { .inode = netns_current(), .path = "/nowhere" };
	uint32_t seen = 0;

	(void)state;
	assert_int_not_equal(entry.inode, 0);
	assert_int_equal(netns_visit(&entry, note_netns, &seen), 42);
	assert_int_equal(seen, entry.inode);
}

static void a_namespace_that_is_gone_is_not_visited(void **state)
{
	struct netns_entry entry = { .inode = 1 };
	uint32_t seen = 4242;

	snprintf(entry.path, sizeof(entry.path), "%s/none", (const char *)*state);
	assert_int_equal(netns_visit(&entry, note_netns, &seen), -ENOENT);
	assert_int_equal(seen, 4242);
}

/* As when the process has moved on. */
static void a_path_that_leads_elsewhere_is_not_visited(void **state)
{
	struct netns_entry entry = { .inode = netns_current() + 1,
				     .path = "/proc/thread-self/ns/net" };
	uint32_t seen = 4242;

	(void)state;
	assert_int_equal(netns_visit(&entry, note_netns, &seen), -ESTALE);
	assert_int_equal(seen, 4242);
}

/* The first and the last number of a file; the same if it has but one. */
static void read_numbers(const char *path, unsigned int *ret_first, unsigned int *ret_last)
{
	CLEANUP(file_closep) FILE *file = fopen(path, "re");
	char line[128] = "";
	char *rest;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	*ret_first = (unsigned int)strtoul(line, &rest, 10);
	*ret_last = *rest == '\t' ? (unsigned int)strtoul(rest, NULL, 10) : *ret_first;
}

static void the_facts_are_what_the_sysctls_say(void **state)
{
	struct netns_facts facts = { .inode = 7, .name = "ours" };
	unsigned int first;
	unsigned int last;

	(void)state;
	assert_int_equal(netns_door_own_facts(&facts), 0);
	read_numbers("/proc/sys/net/ipv4/ip_local_port_range", &first, &last);
	assert_int_equal(facts.first, first);
	assert_int_equal(facts.last, last);
	read_numbers("/proc/sys/net/ipv4/tcp_tw_reuse", &first, &last);
	assert_int_equal(facts.tw_reuse, first);
	assert_in_range(facts.tw_reuse_delay_ms, 1, 60000);
	assert_int_equal(facts.inode, 7);
	assert_string_equal(facts.name, "ours");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(the_namespace_of_process_1_is_the_host),
		scratch_test(that_of_the_kernels_threads_is_the_host_too),
		scratch_test(process_2_of_another_name_is_not_the_host),
		scratch_test(one_without_a_name_is_called_by_its_number),
		scratch_test(each_namespace_is_listed_once),
		scratch_test(an_entry_says_how_to_enter),
		scratch_test(what_is_no_process_or_no_namespace_is_passed_over),
		scratch_test(without_proc_there_is_no_list),
		cmocka_unit_test(our_own_namespace_is_visited_without_leaving),
		scratch_test(a_namespace_that_is_gone_is_not_visited),
		scratch_test(a_path_that_leads_elsewhere_is_not_visited),
		cmocka_unit_test(the_facts_are_what_the_sysctls_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
