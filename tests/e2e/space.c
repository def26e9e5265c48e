// SPDX-License-Identifier: Apache-2.0
#include "space.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "process.h"
#include "user/base/util.h"

#define PATH_MAX_ 128
#define HERE "/proc/thread-self/ns/net"

int space_keep_private(void)
{
	if (getenv("E2E_APART")) /* whoever set it has hidden /run already, from all that agents see
				  */
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/run", "tmpfs", 0, "mode=755") < 0)
		return -1;
	return mkdir("/run/netns", 0755);
}

static void path_of(char ret[PATH_MAX_], const char *name)
{
	snprintf(ret, PATH_MAX_, "/run/netns/%s", name);
}

void space_enter(const char *name)
{
	char path[PATH_MAX_];
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		_exit(126);
	close(fd);
}

static int open_here(void)
{
	int fd = open(HERE, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void go_home(const int *home)
{
	assert_int_equal(setns(*home, CLONE_NEWNET), 0);
	close(*home);
}

void space_visit(const char *name, void (*call)(void *context), void *context)
{
	CLEANUP(fd_closep) int away = -1;
	char path[PATH_MAX_];
	int home;

	path_of(path, name);
	away = open(path, O_RDONLY | O_CLOEXEC);
	if (away < 0)
		fail_msg("there is no namespace %s", name);
	home = open_here();
	if (setns(away, CLONE_NEWNET) < 0)
		fail_msg("cannot enter namespace %s", name);
	call(context);
	go_home(&home);
}

struct setting {
	char path[PATH_MAX_];
	const char *value;
	bool done;
};

static void write_setting(void *context)
{
	struct setting *setting = context;
	int fd = open(setting->path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(setting->value);

	setting->done = fd >= 0 && write(fd, setting->value, length) == (ssize_t)length;
	if (fd >= 0)
		close(fd);
}

static void find_setting(void *context)
{
	struct setting *setting = context;

	setting->done = access(setting->path, F_OK) == 0;
}

void space_sysctl(const char *name, const char *file, const char *value)
{
	struct setting setting = { .value = value };

	snprintf(setting.path, sizeof(setting.path), "/proc/sys/%s", file);
	space_visit(name, write_setting, &setting);
	if (!setting.done)
		fail_msg("%s takes no '%s'", setting.path, value);
}

bool space_has_sysctl(const char *name, const char *file)
{
	struct setting setting = { .value = "" };

	snprintf(setting.path, sizeof(setting.path), "/proc/sys/%s", file);
	space_visit(name, find_setting, &setting);
	return setting.done;
}

static void bring_up_loopback(void *context)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	*(bool *)context = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/* A namespace is kept by a mount of its file, as `ip netns add` does it. */
static void make_namespace(const char *path)
{
	int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	int home = open_here();
	int r;

	assert_true(file >= 0);
	close(file);
	r = unshare(CLONE_NEWNET);
	if (r == 0)
		r = mount(HERE, path, NULL, MS_BIND, NULL);
	go_home(&home);
	if (r < 0)
		fail_msg("cannot make namespace %s", path);
}

void space_add(const char *name, uint16_t first, uint16_t last)
{
	char path[PATH_MAX_];
	char range[32];
	bool up;

	if (space_exists(name))
		space_delete(name);
	path_of(path, name);
	make_namespace(path);
	space_visit(name, bring_up_loopback, &up);
	assert_true(up);
	snprintf(range, sizeof(range), "%u %u", first, last);
	space_sysctl(name, "net/ipv4/ip_local_port_range", range);
}

void space_delete(const char *name)
{
	char path[PATH_MAX_];

	path_of(path, name);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_int_equal(unlink(path), 0);
}

void space_rename(const char *name, const char *new_name)
{
	char path[PATH_MAX_];
	char new_path[PATH_MAX_];
	int file;

	path_of(path, name);
	path_of(new_path, new_name);
	file = open(new_path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	assert_true(file >= 0);
	close(file);
	assert_int_equal(mount(path, new_path, NULL, MS_BIND, NULL), 0);
	space_delete(name);
}

bool space_exists(const char *name)
{
	char path[PATH_MAX_];

	path_of(path, name);
	return access(path, F_OK) == 0;
}

static void bring_up(const char *netns, const char *device, const char *address)
{
	char cidr[32];

	snprintf(cidr, sizeof(cidr), "%s/24", address);
	must("ip", "-n", netns, "addr", "add", cidr, "dev", device);
	must("ip", "-n", netns, "link", "set", device, "up");
}

void space_link(const char *link, const char *a, const char *address_a, const char *b,
		const char *address_b)
{
	char device_a[16];
	char device_b[16];

	snprintf(device_a, sizeof(device_a), "%sa", link);
	snprintf(device_b, sizeof(device_b), "%sb", link);
	must("ip", "link", "add", device_a, "netns", a, "type", "veth", "peer", "name", device_b,
	     "netns", b);
	bring_up(a, device_a, address_a);
	bring_up(b, device_b, address_b);
}

void space_join(const char *a, const char *b)
{
	space_link("pgveth", a, ADDRESS_A, b, ADDRESS_B);
}

unsigned int space_ss(const char *name, const char *options, const char *filter)
{
	struct launch inside = { .netns = name };
	char command[256];
	unsigned int lines = 0;
	struct result result;

	snprintf(command, sizeof(command), "ss -Hn %s %s", options, filter);
	result = run_program(&inside, (const char *const[]){ "sh", "-c", command, NULL });
	assert_int_equal(result.status, 0);
	for (const char *c = result.out; *c; c++)
		lines += *c == '\n';
	result_done(&result);
	return lines;
}

struct port_count {
	const char *protocol;
	bool seen[UINT16_MAX + 1];
};

/* "   0: 0100007F:9C40 ...": number, local address and port in hexadecimal. */
static void note_ports(struct port_count *count, const char *table)
{
	FILE *file = fopen(table, "re");
	char line[512];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		const char *number = strchr(line, ':');
		const char *port = number ? strchr(number + 1, ':') : NULL;

		if (port)
			count->seen[strtoul(port + 1, NULL, 16) & UINT16_MAX] = true;
	}
	fclose(file);
}

static void note_all_ports(void *context)
{
	static const char *const families[] = { "", "6" };
	struct port_count *count = context;
	char table[PATH_MAX_];

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		snprintf(table, sizeof(table), "/proc/thread-self/net/%s%s", count->protocol,
			 families[i]);
		note_ports(count, table);
	}
}

unsigned int space_ports(const char *name, const char *protocol, uint16_t first, uint16_t last)
{
	struct port_count count = { .protocol = protocol };
	unsigned int ports = 0;

	space_visit(name, note_all_ports, &count);
	for (unsigned int port = first; port <= last; port++)
		ports += count.seen[port];
	return ports;
}

uint32_t space_inode(const char *name)
{
	char path[PATH_MAX_];
	struct stat st;

	path_of(path, name);
	assert_int_equal(stat(path, &st), 0);
	return (uint32_t)st.st_ino;
}
