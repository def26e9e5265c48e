# SPDX-License-Identifier: Apache-2.0
"""Time and size of /metrics, with few and many series, and with a storm at the same time."""
import subprocess
import time
from contextlib import nullcontext

import host
import subjects
from figures import Budget, Row

SIZES = (100, 1_000, 10_000)
SAMPLES = 10
PER_DESTINATION = 5  # series
STORM = 400_000
METHOD = f"""One connection each toward as many addresses as it takes, `--top` set so that all are
shown; {SAMPLES} requests over one connection, from the request to the last byte, each for another
view. Prometheus asks for gzip. During the storm all processors connect and close."""
ROWS = {}
for size in SIZES:
    limit = Budget(10) if size == 10_000 else None
    ROWS |= {
        (size, "series"): Row(f"{size:,} series: series in the answer"),
        (size, "bytes"): Row(f"{size:,} series: size", "KiB"),
        (size, "gzip bytes"): Row(f"{size:,} series: size, gzip", "KiB"),
        (size, "time"): Row(f"{size:,} series: time", "ms", budget=limit),
        (size, "gzip time"): Row(f"{size:,} series: time, gzip", "ms", budget=limit),
    }
ROWS |= {
    "storm time": Row("10,000 series: time during a storm", "ms"),
    "storm lost": Row("10,000 series: events lost in that storm", "events", budget=Budget(0)),
}


def scrape(agent, connection, **headers):
    """Milliseconds, and the answer."""
    begin = time.monotonic()
    body = agent.get("/metrics", connection, **headers)
    return (time.monotonic() - begin) * 1000, body


def scrapes(agent, samples=SAMPLES, **headers):
    """A view a second: between two scrapes there is a new one."""
    connection = agent.connection()
    scrape(agent, connection, **headers)
    results = []
    for _ in range(samples):
        time.sleep(1.01)
        results.append(scrape(agent, connection, **headers))
    return [result[0] for result in results], results[-1][1]


def series(body):
    return sum(not line.startswith(b"#") for line in body.splitlines())


def connections(agent, netns, size):
    """As many as it takes to have that many series."""
    base = series(agent.get("/metrics"))
    count = max(0, (size - base) // PER_DESTINATION)
    return host.kept_open(netns, count=count, destinations=count) if count else nullcontext()


def storm(agent, netns):
    command = host.load_command(netns, count=STORM, workers=host.PROCESSORS, end="server")
    with host.process(command, stdout=subprocess.DEVNULL) as child:
        times = []
        connection = agent.connection()
        while child.poll() is None:
            times.append(scrape(agent, connection)[0])
            time.sleep(0.2)
    skipped = agent.metric("portgauge_events_lost_total", reason="recursion")
    return times, agent.metric("portgauge_events_lost_total") - skipped


def measure_size(size):
    with host.namespace() as netns, host.namespace("storm") as elsewhere, \
            subjects.agent("--top=20000") as agent, connections(agent, netns, size):
        agent.settled("portgauge_allocations_total", netns=netns)
        times, body = scrapes(agent)
        yield (size, "series"), [series(body)]
        yield (size, "bytes"), [len(body) / 1024]
        yield (size, "time"), times
        times, body = scrapes(agent, **{"Accept-Encoding": "gzip"})
        yield (size, "gzip bytes"), [len(body) / 1024]
        yield (size, "gzip time"), times
        if size == SIZES[-1]:
            times, lost = storm(agent, elsewhere)
            yield "storm time", times
            yield "storm lost", [lost]


def measure():
    for size in SIZES:
        yield from measure_size(size)
