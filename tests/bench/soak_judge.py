# SPDX-License-Identifier: Apache-2.0
"""Whether a soak went well. Pure: numbers in, what is wrong with them out."""
import re
from dataclasses import dataclass, field

# Resident memory at the end, as a part of that after the warm-up: allocators keep some for the next peak.
FLAT = 1.15
# What was lost, and yet is in the books. Whatever else is lost has no excuse at this rate.
EXPLAINED = {"recursion": "hooks that the kernel skipped: another saw the same, or the reconcile that follows"}
SAMPLE = re.compile(r"^portgauge_(\w+)(?:\{(.*)\})? (\S+)$")
KINDS = 5  # that are named of what has grown
MIB = 2**20
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass
class Ending:
    """What is known in the end."""

    drift: float
    verify: int  # exit status
    status: int | None  # the agent's, after SIGTERM
    lost: dict = field(default_factory=dict)  # by reason
    failures: list = field(default_factory=list)  # what a part of the traffic could not do
    done: dict = field(default_factory=dict)  # how often each kind of work was done


def samples(text):
    """(name, labels, value) of each line of /metrics that is portgauge's own, without its prefix."""
    for line in text.splitlines():
        found = SAMPLE.match(line)
        if found:
            yield found[1], dict(LABEL.findall(found[2] or "")), float(found[3])


def total(text, name):
    return sum(value for found, _, value in samples(text) if found == name)


def by_label(text, name, label):
    result = {}
    for found, labels, value in samples(text):
        if found == name:
            result[labels.get(label, "")] = result.get(labels.get(label, ""), 0) + value
    return result


def whole(parts):
    return sum(parts.values())


def in_mib(size):
    return f"{size / MIB:.2f} MiB"


def since(rests, totals):
    """Of rests, the last one with less than a tenth of the growth: when it began."""
    limit = totals[0] + (totals[-1] - totals[0]) / 10
    return max(rest.seconds for rest, size in zip(rests, totals) if size <= limit)


def kinds(before, after, show):
    """What there is more of, most of it first."""
    more = {kind: size - before.get(kind, 0) for kind, size in after.items() if size > before.get(kind, 0)}
    worst = sorted(more, key=lambda kind: (-more[kind], kind))[:KINDS]
    return ", ".join(f"{kind} from {show(before.get(kind, 0))} to {show(after[kind])}" for kind in worst)


def grown(what, rests, factor=1, show=str):
    """How much, since when, and what of it; nothing, unless there is more than factor times as much."""
    parts = [getattr(rest, what) for rest in rests]
    totals = [whole(part) for part in parts]
    before, after = totals[0], totals[-1]
    if after <= before * factor:
        return []
    limit = f", {after / before:.2f} times and more than {factor}" if factor > 1 else ""
    return [f"{what} grew by {show(after - before)} from {show(before)} to {show(after)}{limit}, "
            f"since {since(rests, totals):.0f} s: {kinds(parts[0], parts[-1], show)}; "
            f"at rest there were {', '.join(map(show, totals))}"]


def losses(lost):
    return [f"{count:.0f} events lost: {reason}" for reason, count in sorted(lost.items())
            if count and reason not in EXPLAINED]


def undone(done):
    """A soak in which something was never tried says nothing about it."""
    return [f"nothing was done: {what}" for what, count in sorted(done.items()) if not count]


def unless(good, line):
    return [] if good else [line]


def judge(rests, ending):
    """What is wrong by each check, a line each; nothing at all: the soak passed. rests: the first
    after the warm-up, the last at the end."""
    return {
        "memory": grown("memory", rests, FLAT, in_mib),
        "descriptors": grown("descriptors", rests),
        "threads": grown("threads", rests),
        "processes": grown("processes", rests),
        "losses": losses(ending.lost),
        "drift": unless(not ending.drift, f"the last reconcile had to correct {ending.drift:.0f} ports"),
        "verify": unless(ending.verify == 0, f"portgauge verify ended with {ending.verify}"),
        "agent": unless(ending.status == 0, f"the agent ended with {ending.status}"),
        "failures": ending.failures,
        "work": undone(ending.done),
    }


def taken(log, path):
    """What the agent's log says of the settings: whether they were taken, None: nothing yet."""
    said = [line for line in log.splitlines() if path in line]
    if any(f"settings read again from {path}" in line for line in said):
        return True
    return False if any(f"{path} is not taken" in line for line in said) else None


def reasons(log, path):
    """Its complaints, in one line."""
    return "; ".join(line for line in log.splitlines() if path in line)


def violations(checks):
    return [line for lines in checks.values() for line in lines]


def summary(rests, slowest):
    """What it is judged by."""
    before, after = whole(rests[0].memory), whole(rests[-1].memory)
    return [f"memory {in_mib(before)} after the warm-up, {in_mib(after)} at the end: {after / before:.3f} times, "
            f"at most {FLAT}; the slowest answer to SIGHUP took {slowest:.2f} s"]


def explanations(lost):
    return [f"{count:.0f} events lost, explained: {reason}, {EXPLAINED[reason]}"
            for reason, count in sorted(lost.items()) if count and reason in EXPLAINED]


def closing(seconds, done, checks):
    """The last line: how many checks passed, and what they rest on."""
    failed = sum(bool(lines) for lines in checks.values())
    work = ", ".join(f"{count:,} {what}" for what, count in done.items())
    return f"soak: {len(checks) - failed} passed, {failed} failed in {seconds:.0f} s: {work or 'nothing was done'}"
