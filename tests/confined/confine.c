// SPDX-License-Identifier: Apache-2.0
/*
 * Starts a program under the confinement of a process that runs already, one that systemd or a
 * container's runtime has made: no list of what a unit or a manifest says is kept a second time.
 *
 *	confine --save FILE PID  its seccomp filters, which only a tracer can read
 *	confine --proc PID       gives its mount namespace the /proc of this process namespace
 *	confine [ARGUMENT...]    becomes $CONFINE_PROGRAM, confined like $CONFINE_PID
 *
 * Copied are: mount, host name and IPC namespace, user and groups, all five capability sets,
 * resource limits (what is lower here stays), umask, no_new_privs, seccomp with the filters in
 * $CONFINE_FILTERS. Process number, parent, network namespace, working directory, descriptors and
 * environment stay the caller's. Not copied is what a cgroup does (TasksMax=). A caller that is not
 * root cannot enter, has less than that, and becomes $CONFINE_OUTSIDE as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/util.h"
#include "user/host/procfs.h"

#define FAILED 70
#define STATUS_ROOM 16384
#define GROUPS_MAX 64
#define FILTERS_MAX 256
#define CAPABILITIES 64
#define PROC_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define LIMIT_SOFT 26
#define LIMIT_HARD 47
#define BTF "/sys/kernel/btf"

/* What a status file says of a process. */
struct confinement {
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	size_t groups_count;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t effective;
	uint64_t bounding;
	uint64_t ambient;
	mode_t umask;
	bool no_new_privs;
	unsigned int filters;
};

static _Noreturn void __attribute__((format(printf, 1, 2))) die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	fputs("confine: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(error));
	va_end(args);
	exit(FAILED);
}

/* --- the process that is confined already -------------------------------------------------------
 */

static const char *status_line(const char *status, const char *key)
{
	char line[32];
	const char *at;

	snprintf(line, sizeof(line), "\n%s:", key);
	at = strstr(status, line);
	if (!at) {
		errno = ENODATA;
		die("no %s in its status", key);
	}
	return at + strlen(line);
}

static uint64_t status_number(const char *status, const char *key, int base)
{
	return strtoull(status_line(status, key), NULL, base);
}

static void read_groups(struct confinement *ret, const char *status)
{
	const char *at = status_line(status, "Groups");
	char *end;

	while (ret->groups_count < GROUPS_MAX) {
		at += strspn(at, " \t");
		if (*at == '\n')
			return;
		ret->groups[ret->groups_count++] = (gid_t)strtoul(at, &end, 10);
		at = end;
	}
	errno = E2BIG;
	die("its groups");
}

static void read_confinement(const char *pid, struct confinement *ret)
{
	char status[STATUS_ROOM];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	if (procfs_read(path, status, sizeof(status)) < 0)
		die("cannot read %s", path);
	*ret = (struct confinement){
		.uid = (uid_t)status_number(status, "Uid", 10),
		.gid = (gid_t)status_number(status, "Gid", 10),
		.inheritable = status_number(status, "CapInh", 16),
		.permitted = status_number(status, "CapPrm", 16),
		.effective = status_number(status, "CapEff", 16),
		.bounding = status_number(status, "CapBnd", 16),
		.ambient = status_number(status, "CapAmb", 16),
		.umask = (mode_t)status_number(status, "Umask", 8),
		.no_new_privs = status_number(status, "NoNewPrivs", 10),
		.filters = (unsigned int)status_number(status, "Seccomp_filters", 10),
	};
	read_groups(ret, status);
}

/* --- filters: a file has each as a length and so many instructions, the newest first
 * ------------------ */

static void save_filter(pid_t pid, unsigned long number, FILE *file)
{
	struct sock_filter code[BPF_MAXINSNS];
	long length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)number, code);
	uint32_t count = (uint32_t)length;

	if (length < 0)
		die("cannot read filter %lu", number);
	if (fwrite(&count, sizeof(count), 1, file) != 1 ||
	    fwrite(code, sizeof(*code), count, file) != count)
		die("cannot write");
}

static int save_filters(const char *path, const char *number)
{
	pid_t pid = (pid_t)strtol(number, NULL, 10);
	FILE *file = fopen(path, "we");
	struct confinement confinement;

	if (!file)
		die("cannot write %s", path);
	read_confinement(number, &confinement);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, NULL, __WALL) < 0)
		die("cannot trace %s", number);
	for (unsigned int i = 0; i < confinement.filters; i++)
		save_filter(pid, i, file);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (fclose(file))
		die("cannot write %s", path);
	printf("%u filters\n", confinement.filters);
	return 0;
}

static size_t load_filters(const char *path, struct sock_fprog ret[FILTERS_MAX])
{
	FILE *file = fopen(path, "re");
	size_t count = 0;
	uint32_t length;

	if (!file)
		die("cannot read %s", path);
	for (; count < FILTERS_MAX && fread(&length, sizeof(length), 1, file) == 1; count++) {
		struct sock_filter *code = calloc(length, sizeof(*code));

		if (!code || length > BPF_MAXINSNS ||
		    fread(code, sizeof(*code), length, file) != length)
			die("cannot read %s", path);
		ret[count] = (struct sock_fprog){ (unsigned short)length, code };
	}
	fclose(file);
	return count;
}

static void enter(const char *pid, const char *kind)
{
	CLEANUP(fd_closep) int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, 0) < 0)
		die("cannot enter %s", path);
}

/* --- its /proc
 * ------------------------------------------------------------------------------------- */

static void demand(int r, const char *what, const char *path)
{
	if (r < 0)
		die("cannot %s %s", what, path);
}

/* One of the mounts below /proc, given the same in the other: read-only, or covered by something
 * else. */
static void copy_mount(const char *other, const char *path, bool is_proc)
{
	char to[4096];

	snprintf(to, sizeof(to), "%s%s", other, path + strlen("/proc"));
	demand(mount(is_proc ? to : path, to, NULL, MS_BIND, NULL), "bind", to);
	if (is_proc)
		demand(mount(NULL, to, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | PROC_FLAGS, NULL),
		       "protect", to);
}

static void copy_mounts(const char *other, FILE *mounts)
{
	char line[4096];
	char path[4096];
	char flags[256];
	char type[64];

	while (fgets(line, sizeof(line), mounts)) {
		const char *rest = strstr(line, " - ");

		if (sscanf(line, "%*s %*s %*s %*s %4095s %255s", path, flags) != 2 || !rest ||
		    sscanf(rest, " - %63s", type) != 1 || strncmp(path, "/proc/", 6) != 0)
			continue;
		if (strncmp(flags, "ro,", 3) != 0) {
			errno = EINVAL;
			die("%s is %s", path, flags);
		}
		copy_mount(other, path, !strcmp(type, "proc"));
	}
}

/* systemd mounts a /proc anew, which shows the namespace that it runs in, processes that are not
 * the host's. In its place comes ours with the same below it read-only or covered. */
static int replace_proc(const char *pid)
{
	CLEANUP(file_closep) FILE *mounts = NULL;
	char other[] = "/tmp/proc-XXXXXX";
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	mounts = fopen(path, "re");
	if (!mounts)
		die("cannot read %s", path);
	enter(pid, "mnt");
	if (!mkdtemp(other))
		die("cannot make %s", other);
	demand(mount("proc", other, "proc", PROC_FLAGS, NULL), "mount", other);
	demand(mount(NULL, other, NULL, MS_PRIVATE, NULL), "keep private", other);
	copy_mounts(other, mounts);
	demand(mount(other, "/proc", NULL, MS_BIND | MS_REC, NULL), "bind", "/proc");
	demand(umount2(other, MNT_DETACH), "unmount", other);
	demand(rmdir(other), "remove", other);
	return 0;
}

/* --- becoming like it ----------------------------------------------------------------------------
 */

/* A scenario that hides BTF from the agent has done so in a namespace that is left here. */
static void enter_all(const char *pid)
{
	bool without_btf = access(BTF "/vmlinux", F_OK) < 0;
	char folder[4096];

	if (!getcwd(folder, sizeof(folder)))
		die("where am I");
	enter(pid, "uts");
	enter(pid, "ipc");
	enter(pid, "mnt");
	if (chdir(folder) < 0)
		die("cannot go to %s", folder);
	if (!without_btf || access(BTF "/vmlinux", F_OK) < 0)
		return;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", BTF, "tmpfs", 0, NULL) < 0)
		die("cannot hide %s", BTF);
}

static rlim_t limit_of(const char *text)
{
	return strncmp(text, "unlimited", 9) ? strtoull(text, NULL, 10) : RLIM_INFINITY;
}

/* Its file has them in the order of their numbers, in columns. */
static void lower_limits(const char *pid)
{
	CLEANUP(file_closep) FILE *file = NULL;
	char path[64];
	char line[256];

	snprintf(path, sizeof(path), "/proc/%s/limits", pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		die("cannot read %s", path);
	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit ours;

		if (!fgets(line, sizeof(line), file) || strlen(line) < LIMIT_HARD ||
		    getrlimit(resource, &ours) < 0)
			die("cannot read limit %d", resource);
		ours.rlim_cur = MIN(ours.rlim_cur, limit_of(line + LIMIT_SOFT));
		ours.rlim_max = MIN(ours.rlim_max, limit_of(line + LIMIT_HARD));
		if (setrlimit(resource, &ours) < 0)
			die("cannot set limit %d", resource);
	}
}

static void set_capabilities(const struct confinement *confinement)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(confinement->effective >> 32 * i),
			.permitted = (uint32_t)(confinement->permitted >> 32 * i),
			.inheritable = (uint32_t)(confinement->inheritable >> 32 * i),
		};
	if (syscall(SYS_capset, &header, data) < 0)
		die("cannot set capabilities");
	for (unsigned long i = 0; i < CAPABILITIES; i++)
		if (confinement->ambient >> i & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			die("cannot raise ambient capability %lu", i);
}

static void drop_bounding(uint64_t bounding)
{
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (!(bounding >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			die("cannot drop capability %lu", i);
}

static void change_identity(const struct confinement *confinement)
{
	int signal = 0;

	prctl(PR_GET_PDEATHSIG, &signal);
	drop_bounding(confinement->bounding);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
	    setgroups(confinement->groups_count, confinement->groups) < 0 ||
	    setresgid(confinement->gid, confinement->gid, confinement->gid) < 0 ||
	    setresuid(confinement->uid, confinement->uid, confinement->uid) < 0)
		die("cannot become user %u", confinement->uid);
	set_capabilities(confinement);
	prctl(PR_SET_PDEATHSIG, signal); /* a change of user clears it */
	umask(confinement->umask);
}

static void install(const struct confinement *confinement, const struct sock_fprog *filters,
		    size_t count)
{
	if (count != confinement->filters) {
		errno = ESTALE;
		die("%zu filters in the file, %u there", count, confinement->filters);
	}
	if (confinement->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("cannot renounce privileges");
	while (count-- > 0)
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters[count], 0, 0) < 0)
			die("cannot install filter %zu", count);
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	if (!value) {
		errno = EINVAL;
		die("%s is not set", name);
	}
	return value;
}

int main(int argc, char **argv)
{
	static struct sock_fprog filters[FILTERS_MAX];
	struct confinement confinement;
	const char *program;
	const char *pid;
	size_t count;

	if (argc == 4 && !strcmp(argv[1], "--save"))
		return save_filters(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "--proc"))
		return replace_proc(argv[2]);
	program = setting(geteuid() ? "CONFINE_OUTSIDE" : "CONFINE_PROGRAM");
	argv[0] = (char *)program;
	if (geteuid() == 0) {
		pid = setting("CONFINE_PID");
		read_confinement(pid, &confinement);
		count = load_filters(setting("CONFINE_FILTERS"), filters);
		lower_limits(pid);
		enter_all(pid);
		change_identity(&confinement);
		install(&confinement, filters, count);
	}
	execv(program, argv);
	die("cannot run %s", program);
}
