// SPDX-License-Identifier: Apache-2.0
/* Namespaces called after the pod or container that has them, in a made-up /proc. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/scratch.h"
#include "user/base/util.h"
#include "user/host/netns_owner.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "6f1c1b9e-3a7d-4c0e-9b1a-2d6c0f9e8a71"
#define UID2 "00000000-3a7d-4c0e-9b1a-2d6c0f9e8a71"
#define MAX 4

/* Processes of /proc, and the names of their namespaces. */
struct world {
	char *root;
	struct netns_list list;
	struct netns_entry entries[MAX];
};

/* A process in namespace number i, which is an entry of that number. */
static void lives(struct world *world, const char *pid, size_t i, const char *cgroup)
{
	struct netns_entry *entry = &world->entries[i];
	char path[PATH_MAX];
	char name[64];
	char text[512];

	snprintf(name, sizeof(name), "proc/%s/ns/net", pid);
	scratch_path(path, world->root, name);
	if (entry->path[0]) {
		assert_int_equal(link(entry->path, path), 0);
	} else {
		scratch_write(world->root, name, "");
		entry->inode = (uint32_t)scratch_inode(world->root, name);
		assert_true((size_t)snprintf(entry->path, sizeof(entry->path), "%.300s", path) <
			    sizeof(entry->path));
	}
	if (!entry->name[0])
		snprintf(entry->name, sizeof(entry->name), "%u", entry->inode);
	snprintf(name, sizeof(name), "proc/%s/cgroup", pid);
	snprintf(text, sizeof(text), "0::%s\n", cgroup);
	scratch_write(world->root, name, text);
}

static void name_all(struct world *world)
{
	struct netns_processes processes;
	struct container_table *table;
	char proc[PATH_MAX];

	world->list = (struct netns_list){ world->entries, MAX };
	assert_int_equal(container_table_new(&table, world->root), 0);
	snprintf(proc, sizeof(proc), "%s/proc", world->root);
	assert_int_equal(netns_list_processes(&processes, proc), 0);
	netns_name_owned(&world->list, proc, &processes, table);
	netns_processes_done(&processes);
	container_table_free(table);
}

static struct world world_of(void **state)
{
	struct world world = { .root = *state };

	for (size_t i = 0; i < MAX; i++)
		world.entries[i].nameless = true;
	return world;
}

static void stays(const struct netns_entry *entry)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", entry->inode);
	assert_string_equal(entry->name, number);
}

static void containers_of_one_pod_share_its_name(void **state)
{
	struct world world = world_of(state);

	scratch_write(*state, "var/log/pods/shop_web-7d9_" UID "/x", "");
	lives(&world, "10", 0, "/kubepods/pod" UID "/" ID);
	lives(&world, "11", 0, "/kubepods/pod" UID "/" ID2);
	name_all(&world);
	assert_string_equal(world.entries[0].name, "shop/web-7d9");
}

static void a_container_names_its_own(void **state)
{
	struct world world = world_of(state);

	scratch_write(*state, "var/lib/docker/containers/" ID "/config.v2.json",
		      "{\"Name\": \"/web\"}");
	lives(&world, "10", 0, "/system.slice/docker-" ID ".scope");
	lives(&world, "11", 1, "/system.slice/docker-" ID2 ".scope");
	name_all(&world);
	assert_string_equal(world.entries[0].name, "web");
	assert_string_equal(world.entries[1].name, "fedcba987654"); /* nothing names it */
}

static void guests_do_not_change_whose_it_is(void **state)
{
	struct world world = world_of(state);

	scratch_write(*state, "var/lib/docker/containers/" ID "/config.v2.json",
		      "{\"Name\": \"/web\"}");
	lives(&world, "9", 0, "/user.slice/user-0.slice/session-3.scope");
	lives(&world, "10", 0, "/docker/" ID);
	lives(&world, "11", 0, "/");
	name_all(&world);
	assert_string_equal(world.entries[0].name, "web");
}

static void what_several_share_is_nobodys(void **state)
{
	struct world world = world_of(state);

	scratch_write(*state, "var/log/pods/shop_web-7d9_" UID "/x", "");
	scratch_write(*state, "var/log/pods/shop_db-0_" UID2 "/x", "");
	lives(&world, "10", 0, "/docker/" ID);
	lives(&world, "11", 0, "/docker/" ID2);
	lives(&world, "12", 1, "/kubepods/pod" UID "/" ID);
	lives(&world, "13", 1, "/kubepods/pod" UID2 "/" ID2);
	lives(&world, "14", 2, "/system.slice/nginx.service");
	name_all(&world);
	stays(&world.entries[0]);
	stays(&world.entries[1]);
	stays(&world.entries[2]);
}

static void names_that_people_gave_stay(void **state)
{
	struct world world = world_of(state);

	world.entries[0].nameless = false;
	snprintf(world.entries[0].name, sizeof(world.entries[0].name), "shop");
	lives(&world, "10", 0, "/docker/" ID);
	name_all(&world);
	assert_string_equal(world.entries[0].name, "shop");
}

static void two_of_one_name_differ(void **state)
{
	struct world world = world_of(state);

	scratch_write(*state, "var/lib/docker/containers/" ID "/config.v2.json",
		      "{\"Name\": \"/other\"}");
	scratch_write(*state, "var/lib/docker/containers/" ID2 "/config.v2.json",
		      "{\"Name\": \"/shop\"}");
	snprintf(world.entries[3].name, sizeof(world.entries[3].name), "shop");
	world.entries[3].nameless = false;
	lives(&world, "10", 0, "/docker/" ID);
	lives(&world, "11", 1, "/docker/" ID2);
	lives(&world, "12", 3, "/");
	name_all(&world);
	assert_string_not_equal(world.entries[0].name, "other"); /* it stands for many */
	assert_non_null(strstr(world.entries[0].name, "other:"));
	assert_non_null(strstr(world.entries[1].name, "shop:"));
	assert_string_equal(world.entries[3].name, "shop");
}

static void hosts_with_cgroup_v1_are_understood(void **state)
{
	struct world world = world_of(state);

	lives(&world, "10", 0, "/");
	scratch_write(*state, "proc/10/cgroup",
		      "12:cpuset:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/\n");
	name_all(&world);
	assert_string_equal(world.entries[0].name, "0123456789ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(containers_of_one_pod_share_its_name),
		scratch_test(a_container_names_its_own),
		scratch_test(guests_do_not_change_whose_it_is),
		scratch_test(what_several_share_is_nobodys),
		scratch_test(names_that_people_gave_stay),
		scratch_test(two_of_one_name_differ),
		scratch_test(hosts_with_cgroup_v1_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
