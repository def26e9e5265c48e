// SPDX-License-Identifier: Apache-2.0
/* The BPF sources: the only file that knows libbpf and the skeleton. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "portgauge.skel.h"
#include "user/core/ledger.h"
#include "user/host/privilege.h"
#include "user/sources/source_bpf.h"
#include "user/sources/source_programs.h"
#include "user/base/util.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"
#define KPROBE_DEVICE "/sys/bus/event_source/devices/kprobe/type"
#define LINKS_MAX 32
#define EVENTS_PER_DRAIN 8192 /* signals and timers are to have their turn */
#define FOUND_PER_READ_MAX 1024

struct bpf_source {
	struct source source;
	struct portgauge *skeleton;
	struct ring_buffer *ring;
	struct bpf_link *links[LINKS_MAX];
	size_t links_count;
	struct bpf_link *files;
	struct bpf_link *tcp;
	struct bpf_link *udp;
	struct bpf_link *holds;
	int cgroup_fd;
	int cpus;
	__u64 *per_cpu; /* room for a counter of each: when memory is short, losses are still told
			 */
	size_t found_per_read; /* what iterators report before the ring is drained */
	uint64_t malformed;
	uint64_t unplaced;       /* since find_files */
	source_handler *handler; /* of the drain under way */
	void *context;
	int handled;
};

/* libbpf reports through a callback without context; this is where it writes while we load. */
static _Thread_local char *complaint;

static int __attribute__((format(printf, 2, 0)))
keep_first_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN || !complaint || complaint[0])
		return 0;
	vsnprintf(complaint, SOURCE_REASON_MAX, format, args);
	complaint[strcspn(complaint, "\n")] = '\0';
	return 0;
}

/* Loads what the source needs and this kernel can give; -ENOENT: a function we need is gone. */
static int choose_programs(struct bpf_object *object, const struct source_program *programs,
			   const struct btf *btf, char reason[SOURCE_REASON_MAX])
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		const char *name = bpf_program__name(program);
		const struct source_program *wanted = source_programs_find(common_programs, name);
		bool load;

		if (!wanted)
			wanted = source_programs_find(programs, name);
		load = wanted && (!wanted->function ||
				  btf__find_by_name_kind(btf, wanted->function, BTF_KIND_FUNC) > 0);
		if (wanted && !load && !wanted->optional) {
			snprintf(reason, SOURCE_REASON_MAX,
				 "this kernel has no function %s to trace; report its version",
				 wanted->function);
			return -ENOENT;
		}
		bpf_program__set_autoload(program, load);
	}
	return 0;
}

static int explain_load_error(int error, const char *detail, char reason[SOURCE_REASON_MAX])
{
	if (error == -EPERM || error == -EACCES)
		snprintf(reason, SOURCE_REASON_MAX,
			 "the kernel refuses these BPF programs (%s); lockdown or missing "
			 "CAP_BPF and CAP_PERFMON",
			 detail[0] ? detail : strerror(-error));
	else
		snprintf(reason, SOURCE_REASON_MAX, "loading BPF failed: %s",
			 detail[0] ? detail : strerror(-error));
	return error;
}

static int explain_errno(const char *what, char reason[SOURCE_REASON_MAX])
{
	int error = errno;

	snprintf(reason, SOURCE_REASON_MAX, "cannot %s: %s", what, strerror(error));
	return error ? -error : -EIO;
}

/* Half of the ring at most: each may be two events, and others come meanwhile. */
static size_t found_per_read(uint32_t ring_bytes)
{
	size_t fits = ring_bytes / (4 * sizeof(struct event_taken));

	return fits > FOUND_PER_READ_MAX ? FOUND_PER_READ_MAX : fits;
}

static int load_skeleton(struct bpf_source *self, const struct source_program *programs,
			 const struct source_config *config, char reason[SOURCE_REASON_MAX])
{
	char detail[SOURCE_REASON_MAX] = "";
	struct btf *btf;
	int r;

	btf = btf__load_vmlinux_btf();
	if (!btf) {
		snprintf(reason, SOURCE_REASON_MAX,
			 "cannot read %s: %s; the kernel needs CONFIG_DEBUG_INFO_BTF", VMLINUX_BTF,
			 strerror(errno));
		return -ENOTSUP;
	}
	self->skeleton = portgauge__open();
	r = self->skeleton ? 0 : -errno;
	if (r == 0)
		r = choose_programs(self->skeleton->obj, programs, btf, reason);
	btf__free(btf);
	if (r < 0)
		return r;
	bpf_map__set_max_entries(self->skeleton->maps.events, config->ring_bytes);
	bpf_map__set_max_entries(self->skeleton->maps.holds, config->max_holds);
	self->skeleton->rodata->wake_bytes = config->ring_bytes / 4;
	self->found_per_read = found_per_read(config->ring_bytes);
	complaint = detail;
	r = portgauge__load(self->skeleton);
	complaint = NULL;
	return r < 0 ? explain_load_error(r, detail, reason) : 0;
}

static struct bpf_link *attach_program(struct bpf_source *self, struct bpf_program *program)
{
	enum bpf_prog_type type = bpf_program__type(program);

	if (type == BPF_PROG_TYPE_SOCK_OPS || type == BPF_PROG_TYPE_CGROUP_SOCK ||
	    type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR)
		return bpf_program__attach_cgroup(program, self->cgroup_fd);
	return bpf_program__attach(program);
}

static int explain_attach_error(const struct bpf_program *program, char reason[SOURCE_REASON_MAX])
{
	int error = errno;

	if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE && access(KPROBE_DEVICE, F_OK) < 0)
		snprintf(reason, SOURCE_REASON_MAX,
			 "this kernel has no kprobes; it would need CONFIG_KPROBE_EVENTS");
	else
		snprintf(reason, SOURCE_REASON_MAX, "cannot attach %s (%s): %s",
			 bpf_program__name(program), bpf_program__section_name(program),
			 strerror(error));
	return error ? -error : -EIO;
}

static int attach_hooks(struct bpf_source *self, char reason[SOURCE_REASON_MAX])
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, self->skeleton->obj) {
		struct bpf_link *link;

		if (!bpf_program__autoload(program) ||
		    bpf_program__expected_attach_type(program) == BPF_TRACE_ITER)
			continue;
		link = self->links_count < LINKS_MAX ? attach_program(self, program) : NULL;
		if (!link)
			return explain_attach_error(program, reason);
		self->links[self->links_count++] = link;
	}
	return 0;
}

static int attach_iterators(struct bpf_source *self, char reason[SOURCE_REASON_MAX])
{
	union bpf_iter_link_info info = { .map.map_fd =
						  (__u32)bpf_map__fd(self->skeleton->maps.holds) };
	LIBBPF_OPTS(bpf_iter_attach_opts, of_holds, .link_info = &info,
		    .link_info_len = sizeof(info));

	self->files = bpf_program__attach_iter(self->skeleton->progs.find_files, NULL);
	self->tcp = bpf_program__attach_iter(self->skeleton->progs.find_tcp, NULL);
	self->udp = bpf_program__attach_iter(self->skeleton->progs.find_udp, NULL);
	self->holds = bpf_program__attach_iter(self->skeleton->progs.sweep_holds, &of_holds);
	if (self->files && self->tcp && self->udp && self->holds)
		return 0;
	return explain_errno("attach BPF iterators", reason);
}

static int receive(void *context, void *data, size_t size)
{
	struct bpf_source *self = context;
	struct event event;
	int r;

	if (event_decode(&event, data, size) < 0) {
		self->malformed++;
		return 0;
	}
	r = self->handler(self->context, &event);
	if (r < 0)
		return r;
	return ++self->handled >= EVENTS_PER_DRAIN ? -EAGAIN : 0;
}

static void source_bpf_close(struct source *source)
{
	struct bpf_source *self = (struct bpf_source *)source;

	if (!self)
		return;
	for (size_t i = 0; i < self->links_count; i++)
		bpf_link__destroy(self->links[i]);
	bpf_link__destroy(self->files);
	bpf_link__destroy(self->tcp);
	bpf_link__destroy(self->udp);
	bpf_link__destroy(self->holds);
	ring_buffer__free(self->ring);
	portgauge__destroy(self->skeleton);
	if (self->cgroup_fd >= 0)
		close(self->cgroup_fd);
	free(self->per_cpu);
	free(self);
}

static void source_bpf_closep(struct bpf_source **self)
{
	if (*self)
		source_bpf_close(&(*self)->source);
}

static int open_cgroup(struct bpf_source *self, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	if (!config->cgroup_root) {
		snprintf(reason, SOURCE_REASON_MAX,
			 "no cgroup v2 is mounted; mount cgroup2 to attach socket hooks");
		return -ENOENT;
	}
	self->cgroup_fd = open(config->cgroup_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self->cgroup_fd >= 0)
		return 0;
	return explain_errno("open the cgroup v2 root", reason);
}

static int make_room_for_counters(struct bpf_source *self)
{
	self->cpus = libbpf_num_possible_cpus();
	if (self->cpus < 0)
		return self->cpus;
	self->per_cpu = calloc((size_t)self->cpus, sizeof(*self->per_cpu));
	return self->per_cpu ? 0 : -ENOMEM;
}

static int open_with(struct source **ret, const struct source_ops *ops,
		     const struct source_program *programs, bool needs_cgroup,
		     const struct source_config *config, char reason[SOURCE_REASON_MAX])
{
	CLEANUP(source_bpf_closep) struct bpf_source *self = calloc(1, sizeof(*self));
	int r = 0;

	if (!self)
		return -ENOMEM;
	self->source.ops = ops;
	self->cgroup_fd = -1;
	libbpf_set_print(keep_first_complaint);
	r = make_room_for_counters(self);
	if (r == 0 && needs_cgroup)
		r = open_cgroup(self, config, reason);
	if (r == 0)
		r = load_skeleton(self, programs, config, reason);
	if (r == 0)
		r = attach_hooks(self, reason);
	if (r == 0)
		r = attach_iterators(self, reason);
	if (r != 0)
		return r;
	self->ring =
		ring_buffer__new(bpf_map__fd(self->skeleton->maps.events), receive, self, NULL);
	if (!self->ring)
		return explain_errno("map the ring buffer", reason);
	malloc_trim(0); /* loading parsed all of the kernel's BTF: megabytes never needed again */
	*ret = &TAKE_PTR(self)->source;
	return 0;
}

static int source_bpf_fd(struct source *source)
{
	return ring_buffer__epoll_fd(((struct bpf_source *)source)->ring);
}

static int source_bpf_drain(struct source *source, source_handler *handler, void *context)
{
	struct bpf_source *self = (struct bpf_source *)source;
	int r;

	self->handler = handler;
	self->context = context;
	self->handled = 0;
	r = ring_buffer__consume(self->ring);
	return r < 0 && r != -EAGAIN ? r : self->handled;
}

static void count_unplaced(struct bpf_source *self, const char *marks, ssize_t count)
{
	for (ssize_t i = 0; i < count; i++)
		self->unplaced += marks[i] == FOUND_NO_ROOM;
}

/* An iterator that reports nothing for a million objects ends its read with EAGAIN. */
static int read_iterator(struct source *source, int fd, source_handler *handler, void *context)
{
	struct bpf_source *self = (struct bpf_source *)source;
	char marks[FOUND_PER_READ_MAX];
	ssize_t n;
	int r;

	do {
		n = read(fd, marks, self->found_per_read);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		count_unplaced(self, marks, n);
		r = source_bpf_drain(source, handler, context);
		if (r < 0)
			return r;
	} while (n != 0);
	return 0;
}

static int open_iterator(int link)
{
	int fd = bpf_iter_create(link);

	return fd < 0 ? -errno : fd;
}

static int run_iterator(struct source *source, struct bpf_link *link, source_handler *handler,
			void *context)
{
	CLEANUP(fd_closep) int fd = open_iterator(bpf_link__fd(link));

	return fd < 0 ? fd : read_iterator(source, fd, handler, context);
}

/* An iterator belongs to the namespace in which it was created, not its link. */
static struct netns_looks source_bpf_looks(struct source *source)
{
	const struct bpf_source *self = (struct bpf_source *)source;

	return (struct netns_looks){
		.open = open_iterator,
		.fds = { bpf_link__fd(self->tcp), bpf_link__fd(self->udp) },
		.count = 2,
	};
}

static int source_bpf_find_files(struct source *source, source_handler *handler, void *context)
{
	((struct bpf_source *)source)->unplaced = 0;
	return run_iterator(source, ((struct bpf_source *)source)->files, handler, context);
}

static int source_bpf_find_netns(struct source *source, struct netns_door *door,
				 source_handler *handler, void *context)
{
	int r = read_iterator(source, door->fds[DOOR_LOOKS], handler, context);

	return r < 0 ? r : read_iterator(source, door->fds[DOOR_LOOKS + 1], handler, context);
}

static int source_bpf_sweep(struct source *source, bool resync, source_handler *handler,
			    void *context)
{
	struct bpf_source *self = (struct bpf_source *)source;
	int r;

	self->skeleton->bss->resync = resync;
	r = run_iterator(source, self->holds, handler, context);
	self->skeleton->bss->resync = false;
	return r;
}

static uint64_t recursion_misses(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_program__fd(program) < 0 ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) < 0)
		return 0;
	return info.recursion_misses;
}

/* Who may, can take a link off its cgroup while we hold it (bpf_link_detach, from 5.9 on); of
 * tracing links the kernel refuses that. */
static bool is_detached(const struct bpf_link *link)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &size) == 0 &&
	       info.type == BPF_LINK_TYPE_CGROUP && !info.cgroup.cgroup_id;
}

static uint64_t count_detached(const struct bpf_source *self)
{
	uint64_t count = 0;

	for (size_t i = 0; i < self->links_count && self->cgroup_fd >= 0; i++)
		count += is_detached(self->links[i]);
	return count;
}

static int source_bpf_losses(struct source *source, struct source_losses *ret)
{
	struct bpf_source *self = (struct bpf_source *)source;
	struct source_losses losses = { .malformed = self->malformed, .unplaced = self->unplaced };
	struct bpf_program *program;

	for (__u32 reason = 0; reason < LOSS__COUNT; reason++) {
		if (bpf_map__lookup_elem(self->skeleton->maps.losses, &reason, sizeof(reason),
					 self->per_cpu, (size_t)self->cpus * sizeof(*self->per_cpu),
					 0) < 0)
			return -errno;
		for (int cpu = 0; cpu < self->cpus; cpu++)
			losses.by_reason[reason] += self->per_cpu[cpu];
	}
	losses.detached = count_detached(self);
	bpf_object__for_each_program(program, self->skeleton->obj)
		losses.recursion += recursion_misses(program);
	*ret = losses;
	return 0;
}

static int open_fentry(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX]);
static int open_kprobe(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX]);
static int open_tracepoint(struct source **ret, const struct source_config *config,
			   char reason[SOURCE_REASON_MAX]);

#define BPF_SOURCE_OPERATIONS                                                                      \
	.privileges = PRIVILEGE_BPF, .close = source_bpf_close, .fd = source_bpf_fd,               \
	.drain = source_bpf_drain, .find_files = source_bpf_find_files, .looks = source_bpf_looks, \
	.find_netns = source_bpf_find_netns, .sweep = source_bpf_sweep,                            \
	.losses = source_bpf_losses

static bool fentry_hooks(const char *function)
{
	return source_programs_hook(fentry_programs, function);
}

static bool kprobe_hooks(const char *function)
{
	return source_programs_hook(kprobe_programs, function);
}

const struct source_ops source_fentry = {
	.name = "fentry",
	.sees = "every port taken, handed to TIME_WAIT, given back or refused, as it happens",
	.hooks = fentry_hooks,
	.open = open_fentry,
	BPF_SOURCE_OPERATIONS,
};

const struct source_ops source_kprobe = {
	.name = "kprobe",
	.sees = "what fentry sees; what a skipped probe missed comes with the next reconcile",
	.hooks = kprobe_hooks,
	.open = open_kprobe,
	BPF_SOURCE_OPERATIONS,
};

const struct source_ops source_tracepoint = {
	.name = "tracepoint",
	.sees = "TCP connect, bind and refused connect as they happen; the end of TIME_WAIT, UDP "
		"autobind within one reconcile; no refused bind",
	.polled = LEDGER_POLLS_UDP | LEDGER_POLLS_TIME_WAIT_END,
	.open = open_tracepoint,
	BPF_SOURCE_OPERATIONS,
};

static int open_fentry(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	return open_with(ret, &source_fentry, fentry_programs, false, config, reason);
}

static int open_kprobe(struct source **ret, const struct source_config *config,
		       char reason[SOURCE_REASON_MAX])
{
	return open_with(ret, &source_kprobe, kprobe_programs, false, config, reason);
}

static int open_tracepoint(struct source **ret, const struct source_config *config,
			   char reason[SOURCE_REASON_MAX])
{
	return open_with(ret, &source_tracepoint, tracepoint_programs, true, config, reason);
}
