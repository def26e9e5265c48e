# SPDX-License-Identifier: Apache-2.0
"""Whether a soak went well. Pure: numbers in, what is wrong with them out."""
import re
from dataclasses import dataclass, field

# Resident memory at the end, as a part of that after the warm-up: allocators keep some for the next peak.
FLAT = 1.15
# What was lost, and yet is in the books. Whatever else is lost has no excuse at this rate.
EXPLAINED = {"recursion": "hooks that the kernel skipped: another saw the same, or the reconcile that follows"}
SAMPLE = re.compile(r"^portgauge_(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Rest:
    """The agent and its broker while nothing happens."""

    resident: int  # bytes
    descriptors: int
    threads: int
    processes: int


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


def grown(what, before, after):
    return [f"{after - before} {what} leaked: {before} after the warm-up, {after} at the end"] if after > before else []


def memory(before, after):
    if after <= before * FLAT:
        return []
    return [f"memory grew to {after / before:.2f} times what it was, more than {FLAT}"]


def losses(lost):
    return [f"{count:.0f} events lost: {reason}" for reason, count in sorted(lost.items())
            if count and reason not in EXPLAINED]


def undone(done):
    """A soak in which something was never tried says nothing about it."""
    return [f"nothing was done: {what}" for what, count in sorted(done.items()) if not count]


def unless(good, line):
    return [] if good else [line]


def judge(before, after, ending):
    """What is wrong by each check, a line each; nothing at all: the soak passed."""
    return {
        "memory": memory(before.resident, after.resident),
        "descriptors": grown("descriptors", before.descriptors, after.descriptors),
        "threads": grown("threads", before.threads, after.threads),
        "processes": grown("processes", before.processes, after.processes),
        "losses": losses(ending.lost),
        "drift": unless(not ending.drift, f"the last reconcile had to correct {ending.drift:.0f} ports"),
        "verify": unless(ending.verify == 0, f"portgauge verify ended with {ending.verify}"),
        "agent": unless(ending.status == 0, f"the agent ended with {ending.status}"),
        "failures": ending.failures,
        "work": undone(ending.done),
    }


def violations(checks):
    return [line for lines in checks.values() for line in lines]


def explanations(lost):
    return [f"{count:.0f} events lost, explained: {reason}, {EXPLAINED[reason]}"
            for reason, count in sorted(lost.items()) if count and reason in EXPLAINED]


def closing(seconds, done, checks):
    """The last line: how many checks passed, and what they rest on."""
    failed = sum(bool(lines) for lines in checks.values())
    work = ", ".join(f"{count:,} {what}" for what, count in done.items())
    return f"soak: {len(checks) - failed} passed, {failed} failed in {seconds:.0f} s: {work or 'nothing was done'}"
