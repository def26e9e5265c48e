# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the benchmarks: medians, ratios of pairs, budgets. Pure."""
import statistics
from dataclasses import dataclass, replace

MET, NOT_MET, NO_BUDGET, FAILED = "met", "not met", "", "failed"


@dataclass(frozen=True)
class Budget:
    """What a figure may be: at most, or at least, so much."""

    limit: float
    at_least: bool = False

    def holds(self, value):
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Row:
    """One line of the table. Its figure is the median of the samples; without samples it failed, and
    failure says why."""

    what: str
    unit: str = ""
    samples: tuple = ()
    budget: Budget | None = None
    failure: str = ""

    @property
    def median(self):
        return statistics.median(self.samples) if self.samples else None

    @property
    def verdict(self):
        if not self.samples:
            return FAILED
        if self.budget is None:
            return NO_BUDGET
        return MET if self.budget.holds(self.median) else NOT_MET


def failed(row, why):
    """The same row, without its figure."""
    return replace(row, samples=(), failure=str(why) or type(why).__name__)


def ratios(pairs):
    """What each second is to its first. A pair is two runs, one right after the other."""
    return tuple(second / first for first, second in pairs)


def fill(rows, measure):
    """The rows with what measure() yields for each: its key, and samples or the error that prevented
    them. What measure() does not come to has failed as well, for the reason that ended it."""
    found, why = {}, "was not measured"
    try:
        for key, samples in measure():
            bad = isinstance(samples, Exception)
            found[key] = failed(rows[key], samples) if bad else replace(rows[key], samples=tuple(samples))
    except Exception as error:
        why = error
    return [found.get(key) or failed(row, why) for key, row in rows.items()]


def in_turn(subjects, round_number):
    """Each round begins with another subject, so that none always has the warm or the cold machine."""
    start = round_number % len(subjects)
    return subjects[start:] + subjects[:start]
