# SPDX-License-Identifier: Apache-2.0
"""What processes have while nothing happens, by kind: so that a leak is told by its name."""
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

KIB = 2**10
MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ [0-9a-f]+ \S+ \d+ *(.*)$")
RESIDENT = re.compile(r"^Rss: +(\d+) kB$")
SPACE = re.compile(r"\[\d+\]$")
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Rest:
    """The agent and those it has started: of each kind how much there is."""

    seconds: float  # since the soak began
    memory: dict = field(default_factory=dict)  # resident bytes
    descriptors: dict = field(default_factory=dict)
    threads: dict = field(default_factory=dict)
    processes: dict = field(default_factory=dict)


def memory_of(smaps):
    """Resident bytes by what is mapped."""
    result, name = Counter(), "anonymous"
    for line in smaps.splitlines():
        mapping, resident = MAPPING.match(line), RESIDENT.match(line)
        if mapping:
            name = mapping[1].rpartition("/")[2] or "anonymous"
        elif resident:
            result[name] += int(resident[1]) * KIB
    return result


def descriptor_kind(link):
    """What a link of /proc/PID/fd points to, without what makes it another one each time."""
    return NUMBER.sub("N", SPACE.sub("", link).removeprefix("anon_inode:").rstrip(":"))


def links(folder):
    """Where its symbolic links lead; one that is gone meanwhile does not count."""
    for path in Path(folder).iterdir():
        try:
            yield os.readlink(path)
        except FileNotFoundError:
            pass


def family(pid):
    """The process and its children, with the name each has here."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return {pid: "agent"} | {int(child): Path(f"/proc/{child}/comm").read_text(encoding="utf-8").strip()
                             for child in children}


def measure(pid, seconds):
    memory, descriptors, threads, processes = Counter(), Counter(), Counter(), Counter()
    for one, who in family(pid).items():
        here = Path(f"/proc/{one}")
        processes[who] += 1
        for name, size in memory_of((here / "smaps").read_text(encoding="utf-8")).items():
            memory[f"{who} {name}"] += size
        descriptors.update(f"{who} {descriptor_kind(link)}" for link in links(here / "fd"))
        threads.update(f"{who} {(task / 'comm').read_text(encoding='utf-8').strip()}" for task in (here / "task").iterdir())
    return Rest(seconds, dict(memory), dict(descriptors), dict(threads), dict(processes))
