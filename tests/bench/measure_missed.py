# SPDX-License-Identifier: Apache-2.0
"""Lives that each subject missed, of those that the kernel counted."""
import host
from figures import Budget, Row
from subjects import PEERS, SUBJECTS

ROUNDS = 3
COUNT = 200000
METHOD = f"""{COUNT} connections a run, as fast as all processors can, {ROUNDS} runs a subject,
default settings; what it counted or printed against ActiveOpens of the namespace. A life counts for
portgauge when it saw both its beginning and its end."""
ROWS = {
    name: Row(f"{name}: lives missed of {COUNT}", "lives", budget=Budget(0) if name == "portgauge" else None)
    for name in ["portgauge", *PEERS]
}


def missed(name):
    with host.namespace() as netns, SUBJECTS[name]() as subject:
        result = host.load(netns, count=COUNT, workers=host.PROCESSORS)
        return result["active_opens"] - subject.seen(netns)


def measure():
    for name in ROWS:
        try:
            yield name, [missed(name) for _ in range(ROUNDS)]
        except (OSError, RuntimeError) as error:
            yield name, error
