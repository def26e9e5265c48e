// SPDX-License-Identifier: Apache-2.0
/* Names of containers and pods out of host trees as kubelet and the runtimes leave them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/scratch.h"
#include "user/host/container_names.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "6f1c1b9e-3a7d-4c0e-9b1a-2d6c0f9e8a71"
#define POD_CGROUP "/kubepods/burstable/pod" UID
#define CONTAINERD "run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json"
#define DOCKER "var/lib/docker/containers/" ID "/config.v2.json"
#define CRIO "run/containers/storage/overlay-containers/" ID "/userdata/config.json"
#define PODMAN "var/lib/containers/storage/overlay-containers/containers.json"

static void names(const char *root, const char *cgroup, const char *container, const char *pod,
		  const char *pod_namespace)
{
	struct container_table *table;
	struct cgroup_identity identity;
	const struct container_names *found;

	cgroup_identify(&identity, cgroup);
	assert_int_equal(container_table_new(&table, root), 0);
	for (int twice = 0; twice < 2; twice++) {
		found = container_table_find(table, &identity);
		assert_string_equal(found->container, container);
		assert_string_equal(found->pod, pod);
		assert_string_equal(found->pod_namespace, pod_namespace);
	}
	container_table_free(table);
}

static void kubelet_links_name_containers_and_pods(void **state)
{
	char path[PATH_MAX];

	scratch_path(path, *state, "var/log/containers/web-7d9_shop_nginx-" ID ".log");
	assert_int_equal(symlink("/nowhere", path), 0);
	scratch_write(*state, "var/log/containers/other_shop_nginx-" ID2 ".log", "");
	names(*state, POD_CGROUP "/" ID, "nginx", "web-7d9", "shop");
	names(*state,
	      "/kubepods.slice/kubepods-pod6f1c1b9e_3a7d_4c0e_9b1a_2d6c0f9e8a71.slice/"
	      "cri-containerd-" ID ".scope",
	      "nginx", "web-7d9", "shop");
}

static void directories_of_logs_name_pods(void **state)
{
	scratch_write(*state, "var/log/pods/shop_web-7d9_" UID "/nginx/0.log", "");
	scratch_write(*state, "var/log/pods/shop_old-1_00000000-3a7d-4c0e-9b1a-2d6c0f9e8a71/x", "");
	names(*state, POD_CGROUP "/" ID, "", "web-7d9", "shop");
	names(*state, POD_CGROUP, "", "web-7d9", "shop");
}

static void bundles_of_containerd_and_cri_o_have_annotations(void **state)
{
	scratch_write(*state, CONTAINERD,
		      "{\"annotations\": {\"io.kubernetes.cri.container-name\": \"nginx\","
		      "\"io.kubernetes.cri.sandbox-name\": \"web-7d9\","
		      "\"io.kubernetes.cri.sandbox-namespace\": \"shop\"}}");
	names(*state, POD_CGROUP "/" ID, "nginx", "web-7d9", "shop");
}

static void cri_o_has_kubernetes_own_annotations(void **state)
{
	scratch_write(*state, CRIO,
		      "{\"annotations\": {\"io.kubernetes.container.name\": \"nginx\","
		      "\"io.kubernetes.pod.name\": \"web-7d9\","
		      "\"io.kubernetes.pod.namespace\": \"shop\"}}");
	names(*state, POD_CGROUP "/crio-" ID ".scope", "nginx", "web-7d9", "shop");
}

static void docker_names_its_containers(void **state)
{
	scratch_write(*state, DOCKER,
		      "{\"Name\": \"/gifted_turing\", \"Config\": {\"Labels\": {}}}");
	names(*state, "/system.slice/docker-" ID ".scope", "gifted_turing", "", "");
}

static void podman_lists_its_containers(void **state)
{
	scratch_write(*state, PODMAN,
		      "[{\"id\": \"" ID2 "\", \"names\": [\"other\"]},"
		      "{\"id\": \"" ID "\", \"names\": [\"backend\", \"alias\"]}]");
	names(*state, "/machine.slice/libpod-" ID ".scope/container", "backend", "", "");
}

static void what_is_no_container_has_no_names(void **state)
{
	scratch_write(*state, DOCKER, "{\"Name\": \"/gifted_turing\"}");
	names(*state, "/system.slice/nginx.service", "", "", "");
	names(*state, "/", "", "", "");
	names(*state, "/docker/" ID2, "", "", "");
}

static void hostile_files_name_nothing_that_is_not_printable(void **state)
{
	scratch_write(*state, DOCKER, "{\"Name\": \"/a\\nb\\u001b[31m\"}");
	names(*state, "/docker/" ID, "a?b?[31m", "", "");
	scratch_write(*state, DOCKER, "{\"Name\": 7, \"Config\": [1], \"annotations\": \"x\"}");
	names(*state, "/docker/" ID, "", "", "");
	scratch_write(*state, DOCKER, "[[[[");
	names(*state, "/docker/" ID, "", "", "");
	scratch_write(*state, DOCKER, "");
	names(*state, "/docker/" ID, "", "", "");
}

static void names_that_do_not_fit_are_none(void **state)
{
	char json[CONTAINER_NAME_MAX + 64];
	char name[CONTAINER_NAME_MAX + 1];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(json, sizeof(json), "{\"Name\": \"%s\"}", name);
	scratch_write(*state, DOCKER, json);
	names(*state, "/docker/" ID, "", "", "");
}

static void what_was_not_there_is_found_after_a_refresh(void **state)
{
	struct container_table *table;
	struct cgroup_identity identity;

	cgroup_identify(&identity, "/docker/" ID);
	assert_int_equal(container_table_new(&table, *state), 0);
	assert_string_equal(container_table_find(table, &identity)->container, "");
	scratch_write(*state, DOCKER, "{\"Name\": \"/late\"}");
	assert_string_equal(container_table_find(table, &identity)->container, "");
	container_table_refresh(table);
	assert_string_equal(container_table_find(table, &identity)->container, "late");
	container_table_free(table);
}

static void links_that_only_resemble_name_nothing(void **state)
{
	static const char *const files[] = {
		"",
		"web_shop_nginx.log",
		"web_shop_nginx" ID ".log",
		"web_shop_-" ID ".log",
		"web_shop_nginx-" ID ".txt",
		"a_b_c_d-" ID ".log",
		"web-" ID ".log",
		"web_shop_nginx-" ID2 ".log",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct container_names found = { 0 };
		bool known = container_parse_link(&found, files[i], ID);

		if (known && found.container[0])
			fail_msg("%s: container \"%s\"", files[i], found.container);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(kubelet_links_name_containers_and_pods),
		scratch_test(directories_of_logs_name_pods),
		scratch_test(bundles_of_containerd_and_cri_o_have_annotations),
		scratch_test(cri_o_has_kubernetes_own_annotations),
		scratch_test(docker_names_its_containers),
		scratch_test(podman_lists_its_containers),
		scratch_test(what_is_no_container_has_no_names),
		scratch_test(hostile_files_name_nothing_that_is_not_printable),
		scratch_test(names_that_do_not_fit_are_none),
		scratch_test(what_was_not_there_is_found_after_a_refresh),
		cmocka_unit_test(links_that_only_resemble_name_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
