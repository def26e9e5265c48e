# SPDX-License-Identifier: Apache-2.0
"""Time in BPF programs for each connection, both ends, as the kernel counts it."""
import host
import kernel_stats
from figures import Budget, Row, in_turn, ratios
from subjects import PEERS, SUBJECTS

ROUNDS = 7
COUNT = 40000
METHOD = f"""{COUNT} connections a run as in throughput, {ROUNDS} rounds, in each all subjects one
after the other; run_time_ns of all programs that the subject has open, from /proc/PID/fdinfo, while
BPF_ENABLE_STATS is on (which itself adds some 20 to 30 ns to each run of a program)."""
ROWS = {
    "portgauge": Row("portgauge: BPF time a connection", "ns"),
} | {name: Row(f"{name}: BPF time a connection", "ns") for name in PEERS} | {
    "runs": Row("portgauge: runs of BPF programs a connection"),
    "/tcplife": Row("portgauge / tcplife", "ratio", budget=Budget(0.35)),
    "/tcpstates": Row("portgauge / tcpstates", "ratio", budget=Budget(0.2)),
}


def cost(name):
    """Nanoseconds, and runs of programs, for each connection."""
    with host.namespace() as netns, SUBJECTS[name]() as subject:
        before = kernel_stats.programs(subject.pid)
        done = host.load(netns, count=COUNT, workers=host.PROCESSORS)["done"]
        after = kernel_stats.programs(subject.pid)
    return tuple((kernel_stats.total(after, key) - kernel_stats.total(before, key)) / done
                 for key in ("run_time_ns", "run_cnt"))


def measure():
    names, rounds, broken = ["portgauge", *PEERS], [], {}
    with kernel_stats.bpf_run_time():
        for number in range(ROUNDS):
            costs = {}
            for name in in_turn(names, number):
                try:
                    costs[name] = cost(name)
                except (OSError, RuntimeError) as error:
                    broken[name] = error
            rounds.append(costs)
    for name in names:
        yield name, broken.get(name) or [costs[name][0] for costs in rounds]
    yield "runs", broken.get("portgauge") or [costs["portgauge"][1] for costs in rounds]
    for name in ("tcplife", "tcpstates"):
        yield f"/{name}", (broken.get(name) or broken.get("portgauge") or
                           ratios((costs[name][0], costs["portgauge"][0]) for costs in rounds))
