# SPDX-License-Identifier: Apache-2.0
"""The kernel's own statistics: of BPF programs, while somebody asks for them, and of processes."""
import ctypes
import glob
import os
import platform
from contextlib import contextmanager

BPF_ENABLE_STATS = 32
SYS_BPF = {"x86_64": 321, "aarch64": 280}


@contextmanager
def bpf_run_time():
    """The kernel counts the run time of BPF programs for as long as this lasts. It costs time itself."""
    attributes = ctypes.create_string_buffer(128)  # type 0: BPF_STATS_RUN_TIME
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(SYS_BPF[platform.machine()], BPF_ENABLE_STATS, attributes, len(attributes))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "bpf(BPF_ENABLE_STATS)")
    try:
        yield
    finally:
        os.close(fd)


def descriptions(pid):
    """What the kernel says of each open file of a process, as dictionaries."""
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path, encoding="utf-8") as file:
                yield dict(line.rstrip("\n").partition(":\t")[::2] for line in file)
        except FileNotFoundError:
            pass  # closed meanwhile


def programs(pid):
    """The BPF programs a process has open, each once: their numbers by id."""
    found = {}
    for about in descriptions(pid):
        if "prog_type" in about:
            found[about["prog_id"]] = {
                "run_time_ns": int(about.get("run_time_ns", 0)),
                "run_cnt": int(about.get("run_cnt", 0)),
                "missed": int(about.get("recursion_misses", 0)),
            }
    return found


def total(numbers, key):
    return sum(program[key] for program in numbers.values())


def map_bytes(pid):
    """Kernel memory of its BPF maps."""
    sizes = {about["map_id"]: int(about["memlock"]) for about in descriptions(pid) if "map_type" in about}
    return sum(sizes.values())


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def rollup_bytes(pid, names):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return sum(int(line.split()[1]) for line in file if line.split(":")[0] in names) * 1024


def anonymous_bytes(pid):
    """Resident pages that are no file's."""
    return rollup_bytes(pid, ("Anonymous",))


def private_bytes(pid):
    """Resident pages that it shares with no other process."""
    return rollup_bytes(pid, ("Private_Clean", "Private_Dirty"))


def children(pid):
    """Of its first thread."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(child) for child in file.read().split()]


def threads(pid, file, parse):
    """The sum of what parse makes of a file of each thread."""
    result = 0
    for path in glob.glob(f"/proc/{pid}/task/*/{file}"):
        with open(path, encoding="utf-8") as text:
            result += parse(text.read())
    return result


def cpu_seconds(pid):
    """Exact to the nanosecond, where /proc/PID/stat counts ticks."""
    return threads(pid, "schedstat", lambda text: int(text.split()[0])) / 1e9


def wakeups(pid):
    """How often a thread gave the processor up to wait, and so was woken."""
    def voluntary(text):
        return int(text.split("voluntary_ctxt_switches:")[1].split()[0])
    return threads(pid, "status", voluntary)
