# SPDX-License-Identifier: Apache-2.0
"""Connect and close over loopback as fast as all processors can, with and without each subject."""
import host
from figures import Budget, Row, ratios
from subjects import PEERS, SUBJECTS, nothing

ROUNDS = 9
COUNT = 60000
METHOD = f"""{COUNT} connections a run, from one process a processor, each with both ends; {ROUNDS}
pairs of runs for each subject, with it and without, one right after the other, which of them first
in turn. Every run has a network namespace of its own; what the tools print goes to a file in
memory."""
ROWS = {
    "without": Row("connections a second, nothing attached", "/s"),
    "portgauge": Row("with portgauge / without", "ratio", budget=Budget(0.98, at_least=True)),
} | {name: Row(f"with {name} / without", "ratio") for name in PEERS}


def rate(subject):
    with host.namespace() as netns, subject():
        result = host.load(netns, count=COUNT, workers=host.PROCESSORS)
    return result["done"] / (result["ns"] / 1e9)


def pair(name, round_number):
    """Rates without and with it."""
    if round_number % 2:
        attached = rate(SUBJECTS[name])
        return rate(nothing), attached
    return rate(nothing), rate(SUBJECTS[name])


def measure():
    without = []
    for name in ["portgauge", *PEERS]:
        try:
            pairs = [pair(name, number) for number in range(ROUNDS)]
        except (OSError, RuntimeError) as error:
            yield name, error
            continue
        without += [first for first, _ in pairs]
        yield name, ratios(pairs)
    yield "without", without
