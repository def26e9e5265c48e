# SPDX-License-Identifier: Apache-2.0
"""That a soak can fail, for each reason there is."""
import threading
import unittest
from dataclasses import replace

import soak_judge
from soak_judge import Ending, Rest
from soak_work import Work

METRICS = """# HELP portgauge_events_lost_total Events that did not reach the ledger.
portgauge_events_lost_total{reason="ring_full"} 0
portgauge_events_lost_total{reason="recursion"} 7
portgauge_ledger_drift_ports{netns="host",protocol="tcp"} 2
portgauge_ledger_drift_ports{netns="a \\"b\\" } 9",protocol="udp"} 3
portgauge_complete 1
process_open_fds 12
"""
BEFORE = Rest(resident=20_000_000, descriptors=40, threads=5, processes=2)


def good():
    return Ending(drift=0, verify=0, status=0, lost={"ring_full": 0}, done={"reloads": 3})


class Reading(unittest.TestCase):
    def test_all_samples_of_a_name_are_added(self):
        self.assertEqual(soak_judge.total(METRICS, "ledger_drift_ports"), 5)
        self.assertEqual(soak_judge.total(METRICS, "complete"), 1)

    def test_a_name_is_not_found_in_a_longer_one(self):
        self.assertEqual(soak_judge.total(METRICS, "events_lost"), 0)

    def test_reasons_are_told_apart(self):
        self.assertEqual(soak_judge.by_label(METRICS, "events_lost_total", "reason"),
                         {"ring_full": 0, "recursion": 7})


class Judging(unittest.TestCase):
    def found(self, after=BEFORE, **changes):
        return soak_judge.violations(soak_judge.judge(BEFORE, after, replace(good(), **changes)))

    def test_a_soak_that_went_well_has_no_violation(self):
        self.assertEqual(self.found(), [])

    def test_less_of_anything_is_no_violation(self):
        self.assertEqual(self.found(Rest(10_000_000, 39, 4, 2)), [])

    def test_memory_may_grow_by_the_factor_and_no_more(self):
        limit = int(BEFORE.resident * soak_judge.FLAT)
        self.assertEqual(self.found(replace(BEFORE, resident=limit)), [])
        self.assertEqual(len(self.found(replace(BEFORE, resident=limit + 1000))), 1)

    def test_one_descriptor_thread_or_process_more_is_a_leak(self):
        for name in ("descriptors", "threads", "processes"):
            after = replace(BEFORE, **{name: getattr(BEFORE, name) + 1})
            self.assertEqual([line.split()[:3] for line in self.found(after)], [["1", name, "leaked:"]])

    def test_drift_verify_and_the_agents_status_are_judged(self):
        for changes in ({"drift": 1.0}, {"verify": 1}, {"status": 1}, {"status": -11}, {"status": None}):
            self.assertEqual(len(self.found(**changes)), 1, changes)

    def test_a_loss_that_nothing_explains_is_a_violation(self):
        self.assertEqual(self.found(lost={"ring_full": 3.0, "map_full": 0}), ["3 events lost: ring_full"])

    def test_a_loss_that_was_made_good_is_explained(self):
        self.assertEqual(self.found(lost={"recursion": 3.0}), [])
        self.assertIn("3 events lost, explained: recursion", soak_judge.explanations({"recursion": 3.0})[0])
        self.assertEqual(soak_judge.explanations({"recursion": 0.0, "ring_full": 1.0}), [])

    def test_what_was_never_done_is_a_violation(self):
        self.assertEqual(self.found(done={"reloads": 3, "refusals": 0}), ["nothing was done: refusals"])

    def test_what_failed_is_told_as_it_was_said(self):
        self.assertEqual(self.found(failures=["scrapes: 503"]), ["scrapes: 503"])

    def test_the_last_line_says_whether_it_passed(self):
        checks = {"drift": [], "losses": []}
        self.assertEqual(soak_judge.closing(61.2, {"scrapes": 1200}, checks),
                         "soak: 2 passed, 0 failed in 61 s: 1,200 scrapes")
        checks["losses"] = ["one", "another"]
        self.assertEqual(soak_judge.closing(61.2, {}, checks), "soak: 1 passed, 1 failed in 61 s: nothing was done")


class Working(unittest.TestCase):
    def setUp(self):
        self.gate = threading.Event()
        self.steps = threading.Semaphore(0)

    def start(self, step):
        work = Work("digging", self.gate, step, 0.001)
        work.start()
        self.addCleanup(work.join, 20)
        self.addCleanup(work.ended.set)
        return work

    def test_it_goes_on_while_the_gate_is_open(self):
        work = self.start(self.steps.release)
        self.gate.set()
        for _ in range(3):
            self.assertTrue(self.steps.acquire(timeout=20))
        self.assertIsNone(work.failure)

    def test_nothing_is_done_once_the_gate_is_closed_and_it_is_idle(self):
        work = self.start(self.steps.release)
        self.gate.set()
        self.assertTrue(self.steps.acquire(timeout=20))
        self.gate.clear()
        work.wait_idle()
        count = work.count
        self.assertFalse(work.ended.wait(0.05))
        self.assertEqual(work.count, count)

    def test_the_first_failure_ends_it_and_is_told(self):
        def step():
            raise OSError("no shovel")
        work = self.start(step)
        self.gate.set()
        work.join(20)
        self.assertFalse(work.is_alive())
        self.assertEqual((work.failure, work.count), ("digging: OSError: no shovel", 0))


if __name__ == "__main__":
    unittest.main()
