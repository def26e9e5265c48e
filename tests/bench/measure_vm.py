# SPDX-License-Identifier: Apache-2.0
"""The fentry and kprobe sources, which this host may forbid, in a virtual machine where time follows
instructions."""
import json
import os

import host
from figures import Budget, Row, ratios

KERNEL = "6.12"
COUNT = 2000
ROUNDS = 3
TOOLS = ("/usr/sbin/tcplife", "/usr/sbin/tcpstates")
FILES = ("build/portgauge", host.LOAD, "tests/bench/guest", *TOOLS)
METHOD = f"""{COUNT} connections a run on Debian's kernel {KERNEL} in QEMU with `-icount shift=0`:
a nanosecond is an instruction of the guest, so these are counts, which say nothing of caches, and
one processor. {ROUNDS} rounds; BPF time with the kernel's run-time statistics, which count some 50
instructions of their own in each run, all else without. What throughput lacks beyond BPF programs and
the process is the kernel's way into and out of programs. The process is counted until a second after
the load."""
SOURCES = ("fentry", "kprobe", "tracepoint")
SUBJECTS = (*SOURCES, "tcplife", "tcpstates")
FULL, TCPLIFE, TCPSTATES = Budget(0.98, at_least=True), Budget(0.35), Budget(0.2)
ROWS = {"nothing": Row("instructions a connection, nothing attached", "insns")}
for name in SUBJECTS:
    best = FULL if name == "fentry" else None
    ROWS |= {("throughput", name): Row(f"throughput with {name} / without", "ratio", budget=best),
             ("bpf", name): Row(f"{name}: instructions in BPF programs a connection", "insns"),
             ("runs", name): Row(f"{name}: runs of BPF programs a connection", "runs"),
             ("process", name): Row(f"{name}: instructions of its process a connection", "insns")}
for name in SOURCES:
    ROWS |= {("tcplife", name): Row(f"{name} / tcplife, in BPF programs", "ratio", budget=TCPLIFE),
             ("tcpstates", name): Row(f"{name} / tcpstates, in BPF programs", "ratio", budget=TCPSTATES)}


def runs_in_guest():
    files = [f"--file={os.path.realpath(path)}" for path in FILES]
    files = [part for path in files for part in path.split("=", 1)]
    output = host.run("nice", "tests/vm/run", "--icount", "--timeout", "900", *files, KERNEL, "--",
                      "tests/bench/guest", str(COUNT), str(ROUNDS), timeout=1000)
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def chosen(runs, subject, statistics):
    """Of each round."""
    found = [run for run in runs if run["subject"] == subject and run["statistics"] == statistics]
    if len(found) != ROUNDS:
        raise RuntimeError(f"{len(found)} of {ROUNDS} runs with {subject} came to their end")
    return found


def counted(runs, subject, statistics, what):
    """A connection; what: bpf_ns, cpu_ns (of the subject's process) or runs (of BPF programs)."""
    return [run[what] / COUNT for run in chosen(runs, subject, statistics)]


def whole(runs, subject):
    """All instructions of a connection."""
    return [run["load"]["ns"] / COUNT for run in chosen(runs, subject, 0)]


def compare(runs, key, name):
    if key == "throughput":
        return ratios(zip(whole(runs, name), whole(runs, "nothing")))
    if key == "runs":
        return counted(runs, name, 1, "runs")
    if key == "process":
        return counted(runs, name, 0, "cpu_ns")
    own = counted(runs, name, 1, "bpf_ns")
    return own if key == "bpf" else ratios(zip(counted(runs, key, 1, "bpf_ns"), own))


def measure():
    runs = runs_in_guest()
    yield "nothing", whole(runs, "nothing")
    for row in ROWS:
        if row != "nothing":
            try:
                yield row, compare(runs, *row)
            except RuntimeError as error:
                yield row, error
