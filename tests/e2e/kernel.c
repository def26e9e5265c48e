// SPDX-License-Identifier: Apache-2.0
#include "kernel.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <cap-ng.h>

#include "actor.h"
#include "check.h"
#include "process.h"
#include "space.h"

#define SCRATCH "pg-scratch"
#define IPPROTO_MPTCP_ 262      /* linux/in.h, which netinet/in.h excludes */
#define IP_LOCAL_PORT_RANGE_ 51 /* from 6.3, and in 6.1.192 */

const char *kernel_lacks_port_range(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int none = 0;
	int r = setsockopt(fd, 0, IP_LOCAL_PORT_RANGE_, &none, sizeof(none));

	close(fd);
	return r < 0 ? "no IP_LOCAL_PORT_RANGE" : NULL;
}

const char *kernel_lacks_mptcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP_);

	if (fd < 0)
		return "no MPTCP";
	close(fd);
	return NULL;
}

const char *kernel_lacks_io_uring(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0)
		return errno == ENOSYS ? "no io_uring" : "io_uring is forbidden";
	close(fd);
	return NULL;
}

static bool makes_link(const char *const *argv)
{
	struct launch inside = { .netns = SCRATCH };
	struct result result;

	space_add(SCRATCH, 40000, 40999);
	result = run_program(&inside, argv);
	result_done(&result);
	space_delete(SCRATCH);
	return result.status == 0;
}

const char *kernel_lacks_vrf(void)
{
	const char *const argv[] = { "ip", "link", "add", "v0", "type", "vrf", "table", "7", NULL };

	return makes_link(argv) ? NULL : "no VRF devices (CONFIG_NET_VRF)";
}

const char *kernel_lacks_vxlan(void)
{
	const char *const argv[] = { "ip", "link", "add",     "v0",    "type", "vxlan",
				     "id", "7",    "dstport", "40500", NULL };

	return makes_link(argv) ? NULL : "no VXLAN devices (CONFIG_VXLAN)";
}

/* In SCRATCH, toward port 5000. */
static void leave_remnant(void)
{
	struct actor *server = actor_start(SCRATCH, "pg-server");
	struct actor *p = actor_start(SCRATCH, "pg-p");

	actor_listen(server, "127.0.0.1", 5000);
	actor_connect(p, 1, "127.0.0.1", 5000);
	actor_accept(server, 1);
	actor_close(p, 0);
	actor_close_accepted(server);
	actor_stop(p);
	actor_stop(server);
}

/* From 5.19 on. */
const char *kernel_lacks_killing_time_wait(void)
{
	unsigned int left;

	space_add(SCRATCH, 40000, 40999);
	leave_remnant();
	space_ss(SCRATCH, "-K -tan", "'dport = :5000'");
	left = space_ss(SCRATCH, "-tan", "'dport = :5000'");
	space_delete(SCRATCH);
	return left ? "sock_destroy of TIME_WAIT" : NULL;
}

static bool has_member(const struct btf *btf, const char *type_name, const char *member_name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), member_name))
			return true;
	return false;
}

static bool kernel_has_member(const char *type, const char *member)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has;

	assert_non_null(btf);
	has = has_member(btf, type, member);
	btf__free(btf);
	return has;
}

bool kernel_tells_of_skipped_programs(void)
{
	return kernel_has_member("bpf_prog_info", "recursion_misses");
}

/* For a child process. */
static _Noreturn void look_up_without_capability(int map)
{
	uint32_t value;
	uint32_t key = 0;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		_exit(2);
	_exit(bpf_map_lookup_elem(map, &key, &value) < 0 && errno == EPERM);
}

bool kernel_wants_capability_for_bpf(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "pg_probe", sizeof(uint32_t), sizeof(uint32_t),
				 1, NULL);
	int status;
	pid_t pid;

	assert_true(map >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		look_up_without_capability(map);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(map);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

static bool has_enumerator(const struct btf *btf, const char *name)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		for (int i = 0; btf_is_enum(type) && i < btf_vlen(type); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name))
				return true;
	}
	return false;
}

const char *kernel_lacks_bound_dump(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool dumps;

	assert_non_null(btf);
	dumps = has_enumerator(btf, "TCP_BOUND_INACTIVE"); /* from 6.8 on */
	btf__free(btf);
	return dumps ? NULL : "sock_diag does not list bound sockets";
}

const char *kernel_lacks_dump_of_blocked_ports(void)
{
	const char *lacks = kernel_lacks_bound_dump();

	if (!lacks && !kernel_frees_bound_ports())
		lacks = "sock_diag does not tell of ports that stay blocked";
	return lacks;
}

bool kernel_frees_bound_ports(void)
{
	return kernel_has_member("inet_bind2_bucket", "fastreuse");
}
