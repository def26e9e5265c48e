# SPDX-License-Identifier: Apache-2.0
"""Half a million sockets: how long the start-up snapshot and a reconcile take, next to ss."""
import json
import os
import signal
import subprocess
import time

import host
import subjects
from figures import Budget, Row, ratios

ROUNDS = 2  # before ss, and after it
PAIRS = 250_000
WORKERS = 32
METHOD = f"""{PAIRS:,} established connections, both ends, in {WORKERS} processes of one namespace;
              `portgauge snapshot --json`, from its start to its end; a running agent, from SIGUSR1
              until its metrics tell of one more reconcile; {ROUNDS} of both before `ss -tanp` in that
              namespace, its output thrown away, and {ROUNDS} after it. ss runs once, for it needs minutes:
              its time grows with the square of the sockets."""
ROWS = {
    "ss": Row("ss -tanp", "s"),
    "snapshot": Row("portgauge snapshot", "s"),
    "reconcile": Row("reconcile", "s"),
    "ss/snapshot": Row("ss / snapshot", "ratio", budget=Budget(5, at_least=True)),
    "ss/reconcile": Row("ss / reconcile", "ratio", budget=Budget(5, at_least=True)),
}


def seconds(action):
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def list_sockets(netns):
    subprocess.run([*host.enter(netns), "ss", "-tanp"], stdout=subprocess.DEVNULL, check=True, timeout=900)


def take_snapshot():
    """A picture that lacks most of them would be quick, too."""
    picture = json.loads(host.run(subjects.AGENT, "snapshot", "--json", "--max-holds=600000"))
    used = sum(row["used"] for row in picture["destinations"])
    if used < PAIRS:
        raise RuntimeError(f"the snapshot has {used} of {PAIRS} holds")


def reconcile(agent):
    before = agent.metric("portgauge_reconciliations_total")
    connection = agent.connection()
    os.kill(agent.pid, signal.SIGUSR1)

    def done():
        page = agent.get("/metrics", connection).decode()
        return float(page.split("\nportgauge_reconciliations_total ")[1].split()[0]) > before
    host.wait_for("a reconcile", done, 60, pause=0.005)


def ours(agent):
    return {"snapshot": seconds(take_snapshot), "reconcile": seconds(lambda: reconcile(agent))}


def measure():
    with host.namespace() as netns, host.kept_open(netns, count=PAIRS, workers=WORKERS) as opened:
        if opened["done"] < PAIRS:
            raise RuntimeError(f"only {opened['done']} of {PAIRS} connections could be made")
        with subjects.agent("--reconcile=0", "--max-holds=600000") as agent:
            before = [ours(agent) for _ in range(ROUNDS)]
            ss = seconds(lambda: list_sockets(netns))
            rounds = before + [ours(agent) for _ in range(ROUNDS)]
    yield "ss", [ss]
    for key in ("snapshot", "reconcile"):
        yield key, [times[key] for times in rounds]
        yield f"ss/{key}", ratios((times[key], ss) for times in rounds)
