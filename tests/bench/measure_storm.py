# SPDX-License-Identifier: Apache-2.0
"""What a million lives cost the agent, and whether its books are right after them without a look at the
kernel's tables."""
import signal
import os

import host
import kernel_stats
import subjects
from figures import Budget, Row

ROUNDS = 2
COUNT = 1000000
METHOD = f"""{COUNT} connections, as fast as all processors can, with `--reconcile 0` and the
default ring, {ROUNDS} times. Processor time and voluntary context switches of all threads of the
agent, from /proc/PID/task; events are those that it read. Drift is what one reconcile after the
storm had to mend."""
ROWS = {
    "rate": Row("connections a second", "/s"),
    "missed": Row("lives missed", "lives", budget=Budget(0)),
    "drift": Row("drift after it", "ports", budget=Budget(0)),
    "lost": Row("events lost (ring or map full)", "events"),
    "skipped": Row("programs that the kernel skipped", "runs"),
    "cpu": Row("processor time of the agent for a million events", "s", budget=Budget(0.25)),
    "wakeups": Row("wakeups a millisecond", "", budget=Budget(1)),
    "million": Row("wakeups for a million events", ""),
}


def lost(agent):
    skipped = agent.metric("portgauge_events_lost_total", reason="recursion")
    return agent.metric("portgauge_events_lost_total") - skipped, skipped


def drift(agent, netns):
    before = agent.metric("portgauge_reconciliations_total")
    os.kill(agent.pid, signal.SIGUSR1)
    host.wait_for("a reconcile", lambda: agent.metric("portgauge_reconciliations_total") > before)
    return agent.metric("portgauge_ledger_drift_ports", netns=netns, protocol="tcp")


def spent(agent):
    return (kernel_stats.cpu_seconds(agent.pid), kernel_stats.wakeups(agent.pid),
            agent.metric("portgauge_events_total"))


def one_storm():
    with host.namespace() as netns, subjects.agent("--reconcile=0") as agent:
        before = spent(agent)
        result = host.load(netns, count=COUNT, workers=host.PROCESSORS)
        seen = agent.seen(netns)
        cpu, wakeups, events = (after - first for first, after in zip(before, spent(agent)))
        dropped, skipped = lost(agent)
        return {
            "rate": result["done"] / (result["ns"] / 1e9),
            "missed": result["active_opens"] - seen,
            "drift": drift(agent, netns),
            "lost": dropped,
            "skipped": skipped,
            "cpu": cpu / events * 1e6,
            "wakeups": wakeups / (result["ns"] / 1e6),
            "million": wakeups / events * 1e6,
        }


def measure():
    storms = [one_storm() for _ in range(ROUNDS)]
    for key in ROWS:
        yield key, [storm[key] for storm in storms]
