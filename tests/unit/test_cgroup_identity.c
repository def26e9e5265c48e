// SPDX-License-Identifier: Apache-2.0
/* Cgroup paths as systemd, container runtimes and Kubernetes make them, and as nobody should. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "user/host/cgroup.h"
#include "user/base/util.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define SHOWN "0123456789ab"
#define UID "6f1c1b9e-3a7d-4c0e-9b1a-2d6c0f9e8a71"
#define UID_SLICE "6f1c1b9e_3a7d_4c0e_9b1a_2d6c0f9e8a71"
#define STATIC_UID "b1946ac92492d2347c6235b4d2611184" /* digest of a manifest */

struct row {
	const char *path;
	const char *unit;
	const char *container;
	const char *pod;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cgroup_identity identity;

		memset(&identity, 0xff, sizeof(identity));
		cgroup_identify(&identity, rows[i].path);
		if (strcmp(identity.unit, rows[i].unit) ||
		    strcmp(identity.container, rows[i].container) ||
		    strcmp(identity.pod, rows[i].pod))
			fail_msg("%s: unit \"%s\", container \"%s\", pod \"%s\"", rows[i].path,
				 identity.unit, identity.container, identity.pod);
	}
}

static void systemd_names_units(void **state)
{
	static const struct row rows[] = {
		{ "/", "", "", "" },
		{ "", "", "", "" },
		{ "/init.scope", "init.scope", "", "" },
		{ "/system.slice", "", "", "" },
		{ "/system.slice/nginx.service", "nginx.service", "", "" },
		{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "",
		  "" },
		{ "/system.slice/system-postgresql.slice/postgresql@15-main.service",
		  "postgresql@15-main.service", "", "" },
		{ "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "", "" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.service",
		  "app-foo.service", "", "" },
		{ "/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope", "",
		  "" },
		{ "/machine.slice/machine-web.scope/payload", "machine-web.scope", "", "" },
		{ "/machine.slice/systemd-nspawn@web.service/payload/system.slice/ssh.service",
		  "ssh.service", "", "" },
		{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
		  "machine-qemu\\x2d1\\x2dvm.scope", "", "" },
		/* a service with cgroups of its own below */
		{ "/system.slice/foo.service/workers/1", "foo.service", "", "" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void runtimes_name_containers(void **state)
{
	static const struct row rows[] = {
		{ "/docker/" ID, "", SHOWN, "" },
		{ "/system.slice/docker-" ID ".scope", "", SHOWN, "" },
		{ "/system.slice/docker-" ID ".scope/init", "", SHOWN, "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
		  "user@1000.service", SHOWN, "" },
		{ "/default/" ID, "", SHOWN, "" }, /* containerd by itself */
		{ "/ecs/0f9de17a6465404e8b1b2356dc13c2f8/" ID, "", SHOWN, "" },
		{ "/machine.slice/libpod-" ID ".scope/container", "", SHOWN, "" },
		{ "/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "", SHOWN,
		  "" },
		{ "/libpod_parent/libpod-" ID, "", SHOWN, "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		  ".scope/container",
		  "user@1000.service", SHOWN, "" },
		{ "/system.slice/crio-" ID ".scope", "", SHOWN, "" },
		/* the container of a container */
		{ "/docker/" ID2 "/docker/" ID, "", SHOWN, "" },
		{ "/docker/" ID "/system.slice/nginx.service", "nginx.service", SHOWN, "" },
		/* monitors are not the container */
		{ "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", "",
		  "" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void lxc_names_containers_by_name(void **state)
{
	static const struct row rows[] = {
		{ "/lxc.payload.web", "", "web", "" },
		{ "/lxc.payload.web/system.slice/nginx.service", "nginx.service", "web", "" },
		{ "/lxc.payload.web-1/init.scope", "init.scope", "web-1", "" },
		{ "/lxc.monitor.web", "", "", "" },
		{ "/lxc.payload.", "", "", "" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void kubernetes_names_pods_with_either_driver(void **state)
{
	static const struct row rows[] = {
		/* cgroupfs */
		{ "/kubepods/pod" UID "/" ID, "", SHOWN, UID },
		{ "/kubepods/burstable/pod" UID "/" ID, "", SHOWN, UID },
		{ "/kubepods/besteffort/pod" UID, "", "", UID },
		{ "/kubepods/burstable/pod" STATIC_UID "/" ID, "", SHOWN, STATIC_UID },
		/* systemd: containerd, CRI-O, dockershim */
		{ "/kubepods.slice/kubepods-pod" UID_SLICE ".slice/cri-containerd-" ID ".scope", "",
		  SHOWN, UID },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_SLICE
		  ".slice/cri-containerd-" ID ".scope",
		  "", SHOWN, UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_SLICE
		  ".slice/crio-" ID ".scope/container",
		  "", SHOWN, UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_SLICE
		  ".slice/docker-" ID ".scope",
		  "", SHOWN, UID },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" STATIC_UID
		  ".slice",
		  "", "", STATIC_UID },
		/* the kubelet with one driver, containerd with the other */
		{ "/system.slice/containerd.service/kubepods-burstable-pod" UID_SLICE
		  ".slice:cri-containerd:" ID,
		  "containerd.service", SHOWN, UID },
		/* the pods themselves */
		{ "/kubepods.slice", "", "", "" },
		{ "/kubepods.slice/kubepods-burstable.slice", "", "", "" },
		{ "/kubepods/besteffort", "", "", "" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* A node that is a container; the kubelet's cgroup root is not the host's. */
static void kind_puts_kubelet_before_it(void **state)
{
	static const struct row rows[] = {
		{ "/docker/" ID2 "/kubelet/kubepods/besteffort/pod" UID "/" ID, "", SHOWN, UID },
		{ "/system.slice/docker-" ID2 ".scope/kubelet.slice/kubelet-kubepods.slice/"
		  "kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" UID_SLICE
		  ".slice/cri-containerd-" ID ".scope",
		  "", SHOWN, UID },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void names_that_only_look_alike_are_units(void **state)
{
	static const struct row rows[] = {
		{ "/system.slice/podcast.service", "podcast.service", "", "" },
		{ "/system.slice/poda.scope", "poda.scope", "", "" },
		{ "/system.slice/podman.service", "podman.service", "", "" },
		{ "/system.slice/podman-1234.scope", "podman-1234.scope", "", "" },
		{ "/system.slice/kubepods-podder.service", "kubepods-podder.service", "", "" },
		{ "/system.slice/docker.service", "docker.service", "", "" },
		{ "/system.slice/docker-1234.scope", "docker-1234.scope", "", "" },
		{ "/system.slice/dbus-:1.3-org.x@0.service", "dbus-:1.3-org.x@0.service", "", "" },
		{ "/a.slice:/b.service", "b.service", "", "" },
		{ "/system.slice/crio.service", "crio.service", "", "" },
		{ "/pod" UID "0", "", "", "" },
		{ "/pod", "", "", "" },
		{ "/podd", "", "", "" },
		{ "/docker/0123456789ab", "", "", "" }, /* too short */
		{ "/docker/" ID "0", "", "", "" },      /* too long */
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void slashes_may_be_many_or_last(void **state)
{
	static const struct row rows[] = {
		{ "//system.slice//nginx.service//", "nginx.service", "", "" },
		{ "system.slice/nginx.service", "nginx.service", "", "" },
		{ "///", "", "", "" },
		{ "/kubepods.slice/", "", "", "" },
		{ "/kubepods-pod/" ID, "", SHOWN, "" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void long_names_are_cut_to_their_room(void **state)
{
	struct cgroup_identity identity;
	char path[4096] = "/";

	(void)state;
	memset(path + 1, 'u', 3000);
	strcpy(path + 3001, ".service");
	cgroup_identify(&identity, path);
	assert_int_equal(strlen(identity.unit), CGROUP_NAME_MAX - 1);
	strcpy(path, "/lxc.payload.");
	memset(path + strlen(path), 'n', 3000);
	cgroup_identify(&identity, path);
	assert_int_equal(strlen(identity.container), CGROUP_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(systemd_names_units),
		cmocka_unit_test(runtimes_name_containers),
		cmocka_unit_test(lxc_names_containers_by_name),
		cmocka_unit_test(kubernetes_names_pods_with_either_driver),
		cmocka_unit_test(kind_puts_kubelet_before_it),
		cmocka_unit_test(names_that_only_look_alike_are_units),
		cmocka_unit_test(slashes_may_be_many_or_last),
		cmocka_unit_test(long_names_are_cut_to_their_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
