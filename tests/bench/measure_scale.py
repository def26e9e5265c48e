# SPDX-License-Identifier: Apache-2.0
"""How the agent's own work grows with the host, up to a million holds and beyond."""
import json
import math

import host
from figures import Budget, Row

PROGRAM = "build/tests/bench/scale"
# Namespaces, each with 2,000 holds, 40 destinations and 10 owners.
FULL = 500
SIZES = {62: "1/8", 125: "1/4", 250: "1/2", FULL: "full size"}
DOUBLE = 2 * FULL
RUNS = 3
# n log n from a million to two million is 1.05; the rest is what pages and caches add.
GROWTH = Budget(1.25)
METHOD = f"""No kernel: `tests/bench/scale` feeds events to the ledger and does what the agent's loop
and its HTTP server do. Full size is a million holds, 20,000 destinations, 5,000 owners and 500
namespaces, in each of which a destination is nearly full and an owner binds before it connects; the
others are parts of it. Growth is the exponent from full size to twice that, where no cache helps: 1
is as fast as the work, 2 its square. {RUNS} processes a size. In a turn the loop does not read the
ring: the default one, 1 MiB, takes 7,000 events meanwhile."""


def key(name):
    return lambda run: run[name]


def per_10_000_series(run):
    return [time * 10_000 / run["scrape_all_series"][0] for time in run["scrape_all"]]


def reconcile(run):
    return [run["reconcile_holds"][0] + run["reconcile_rest"][0]]


# Name: unit, what a run says of it, budget at full size.
FIGURES = {
    "memory, a hold with its part of the rest": ("bytes", key("bytes_a_hold"), None),
    "an event of a connection that is closed and opened again": ("ns", key("churn_ns"), None),
    "a second's turn of the loop: time, view, alerts": ("ms", key("turn"), Budget(50)),
    "the same while all metrics are scraped all the time": ("ms", key("turn_scraped"), Budget(50)),
    "verdicts alone": ("ms", key("verdicts"), None),
    "alerts alone": ("ms", key("alerts"), None),
    "rules that ask for units and fire on, alone": ("ms", key("own_rules"), None),
    "all alerts told to a receiver that never answers": ("ms", key("told"), Budget(50)),
    "/metrics, default limits": ("ms", key("scrape"), Budget(10)),
    "/metrics without limits, for 10,000 series": ("ms", per_10_000_series, Budget(10)),
    "/api/v1/snapshot, default limits": ("ms", key("json"), None),
    "a reconcile, each hold told again": ("ms", reconcile, None),
    "every namespace changes a sysctl": ("ms", key("sysctls"), None),
    "every namespace goes": ("ms", key("drop"), None),
}
# What is bounded, or counted for each of many, need not grow at all.
STEADY = ("memory, a hold with its part of the rest", "/metrics without limits, for 10,000 series",
          "an event of a connection that is closed and opened again")


def growth_budget(name):
    return Budget(GROWTH.limit - 1) if name in STEADY else GROWTH


def rows():
    for name, (unit, _, budget) in FIGURES.items():
        for size, part in SIZES.items():
            yield (name, size), Row(f"{name}: {part}", unit, budget=budget if size == FULL else None)
        yield (name, "growth"), Row(f"{name}: growth", budget=growth_budget(name))


ROWS = dict(rows())


def growth(figure, half, whole):
    """The exponent from one run to one of twice its size; of the best of each, which others on the
    machine disturb least."""
    return math.log2(min(figure(whole)) / min(figure(half)))


def run(size):
    return json.loads(host.run(PROGRAM, str(size), timeout=300))


def measure():
    runs = {size: [] for size in (*SIZES, DOUBLE)}
    for _ in range(RUNS):
        for size, done in runs.items():
            done.append(run(size))
    for name, (_, figure, _) in FIGURES.items():
        for size in SIZES:
            yield (name, size), [sample for one in runs[size] for sample in figure(one)]
        yield (name, "growth"), [growth(figure, *pair) for pair in zip(runs[FULL], runs[DOUBLE])]
