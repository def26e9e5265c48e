# SPDX-License-Identifier: Apache-2.0
"""That a soak can fail, for each reason there is."""
import os
import socket
import tempfile
import threading
import unittest
from dataclasses import replace

import soak_judge
import soak_rest
from soak_judge import MIB, Ending
from soak_rest import Rest
from soak_work import Silent, Work

METRICS = """# HELP portgauge_events_lost_total Events that did not reach the ledger.
portgauge_events_lost_total{reason="ring_full"} 0
portgauge_events_lost_total{reason="recursion"} 7
portgauge_ledger_drift_ports{netns="host",protocol="tcp"} 2
portgauge_ledger_drift_ports{netns="a \\"b\\" } 9",protocol="udp"} 3
portgauge_complete 1
process_open_fds 12
"""
BEFORE = Rest(10, {"agent [heap]": 15 * MIB, "broker anonymous": 5 * MIB}, {"agent socket": 30, "agent pipe": 10},
              {"agent portgauge": 5}, {"agent": 1, "broker": 1})
SMAPS = """7f00-7f10 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
Rss:                 100 kB
Pss:                 100 kB
7f10-7f20 rw-p 00000000 00:00 0
Rss:                   8 kB
7f20-7f30 r-xp 00001000 fe:00 1234                       /usr/lib/lib with space.so.1
Rss:                  12 kB
7f30-7f40 rw-p 00000000 00:00 0
Rss:                   4 kB
VmFlags: rd wr
"""
FILE = "/dev/shm/x/settings.yaml"


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


class Resting(unittest.TestCase):
    def test_memory_is_told_apart_by_what_is_mapped(self):
        self.assertEqual(soak_rest.memory_of(SMAPS),
                         {"[heap]": 100 * 1024, "anonymous": 12 * 1024, "lib with space.so.1": 12 * 1024})

    def test_descriptors_of_a_kind_have_one_name(self):
        for link, kind in (("socket:[123]", "socket"), ("net:[4026531840]", "net"),
                           ("anon_inode:[eventpoll]", "[eventpoll]"), ("anon_inode:bpf-map", "bpf-map"),
                           ("/proc/12/ns", "/proc/N/ns"), ("/dev/null", "/dev/null")):
            self.assertEqual(soak_rest.descriptor_kind(link), kind)

    def test_a_process_that_opens_a_file_has_one_more(self):
        before = soak_rest.measure(os.getpid(), 1)
        with tempfile.TemporaryFile():
            after = soak_rest.measure(os.getpid(), 2)
        self.assertEqual(sum(after.descriptors.values()), sum(before.descriptors.values()) + 1)
        self.assertGreater(sum(before.memory.values()), MIB)
        self.assertEqual((before.processes, sum(before.threads.values())), ({"agent": 1}, 1))


class Judging(unittest.TestCase):
    def found(self, *rests, **changes):
        return soak_judge.violations(soak_judge.judge([BEFORE, *(rests or [BEFORE])], replace(good(), **changes)))

    def test_a_soak_that_went_well_has_no_violation(self):
        self.assertEqual(self.found(), [])

    def test_less_of_anything_is_no_violation(self):
        less = Rest(20, {"agent [heap]": MIB}, {"agent pipe": 39}, {"agent portgauge": 4}, {"agent": 1})
        self.assertEqual(self.found(less), [])

    def test_memory_may_grow_by_the_factor_and_no_more(self):
        heap = int(20 * MIB * soak_judge.FLAT) - 5 * MIB
        self.assertEqual(self.found(replace(BEFORE, memory=BEFORE.memory | {"agent [heap]": heap})), [])
        self.assertEqual(self.found(replace(BEFORE, seconds=99, memory=BEFORE.memory | {"agent [heap]": heap + MIB})),
                         ["memory grew by 4.00 MiB from 20.00 MiB to 24.00 MiB, 1.20 times and more than 1.15, since 10 s: "
                          "agent [heap] from 15.00 MiB to 19.00 MiB; at rest there were 20.00 MiB, 24.00 MiB"])

    def test_one_descriptor_thread_or_process_more_is_a_leak(self):
        for name in ("descriptors", "threads", "processes"):
            parts = getattr(BEFORE, name)
            after = replace(BEFORE, **{name: parts | {"broker x": 1}})
            self.assertEqual([line.split()[:4] for line in self.found(after)], [[name, "grew", "by", "1"]])
            self.assertIn(": broker x from 0 to 1;", self.found(after)[0])

    def test_a_leak_is_told_with_the_last_rest_that_was_free_of_it(self):
        rests = [replace(BEFORE, seconds=at, descriptors={"agent socket": 30 + more, "agent pipe": 10})
                 for at, more in ((60, 0), (120, 1), (180, 0), (240, 2), (300, 5))]
        self.assertEqual(self.found(*rests),
                         ["descriptors grew by 5 from 40 to 45, since 180 s: agent socket from 30 to 35; "
                          "at rest there were 40, 40, 41, 40, 42, 45"])

    def test_of_many_kinds_those_that_grew_most_are_named(self):
        after = replace(BEFORE, descriptors={f"agent {count}": count for count in range(1, 20)})
        self.assertIn(": agent 19 from 0 to 19, agent 18 from 0 to 18, agent 17 from 0 to 17, agent 16 from 0 to 16, "
                      "agent 15 from 0 to 15; at rest", self.found(after)[0])

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


class Settings(unittest.TestCase):
    def test_settings_are_taken_refused_or_not_yet_answered(self):
        for log, taken in (("portgauge: settings read again from " + FILE + ": 8 alert rules", True),
                           ("portgauge: error: " + FILE + ":3:1: there is no key", None),
                           ("portgauge: error: " + FILE + " is not taken: the settings", False),
                           ("portgauge: settings read again from /else: 8 alert rules", None), ("", None)):
            self.assertIs(soak_judge.taken(log, FILE), taken, log)

    def test_the_complaints_are_told_and_nothing_else(self):
        log = f"one\nerror: {FILE}:3:1: no\ntwo\nerror: {FILE} is not taken\n"
        self.assertEqual(soak_judge.reasons(log, FILE), f"error: {FILE}:3:1: no; error: {FILE} is not taken")


class Silence(unittest.TestCase):
    def test_the_silent_receiver_counts_and_never_answers(self):
        with Silent() as silent:
            with socket.create_connection(("127.0.0.1", silent.port)) as client:
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                client.settimeout(0.2)
                with self.assertRaises(TimeoutError):
                    client.recv(1)
            self.assertEqual(silent.count, 1)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", silent.port))


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
