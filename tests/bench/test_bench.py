# SPDX-License-Identifier: Apache-2.0
"""That the benchmarks count right, and hide nothing. No figure of a machine is judged here."""
import importlib
import json
import unittest

import figures
import report
from figures import Budget, Row


def measurement(*rows):
    return {"name": "speed", "method": "By\nhand.", "taken": "today", "seconds": 2.0, "load": 0.1, "stolen": 0.0,
            "rows": list(rows)}


class Figures(unittest.TestCase):
    def test_the_figure_is_the_median_of_the_samples(self):
        self.assertEqual(Row("x", samples=(9, 1, 2)).median, 2)
        self.assertEqual(Row("x", samples=(1, 2, 4, 100)).median, 3)
        self.assertIsNone(Row("x").median)

    def test_a_ratio_is_taken_of_each_pair_by_itself(self):
        # The machine was half as fast in the second pair. The ratio of the sums would be 0.85.
        self.assertEqual(figures.ratios([(100, 80), (50, 45)]), (0.8, 0.9))

    def test_a_budget_is_met_at_its_limit(self):
        self.assertEqual(Row("x", samples=(0.98,), budget=Budget(0.98, at_least=True)).verdict, figures.MET)
        self.assertEqual(Row("x", samples=(10,), budget=Budget(10)).verdict, figures.MET)

    def test_a_budget_is_not_met_beyond_it(self):
        self.assertEqual(Row("x", samples=(0.97,), budget=Budget(0.98, at_least=True)).verdict, figures.NOT_MET)
        self.assertEqual(Row("x", samples=(10.1,), budget=Budget(10)).verdict, figures.NOT_MET)

    def test_the_median_is_judged_not_the_best_run(self):
        self.assertEqual(Row("x", samples=(1, 11, 12), budget=Budget(10)).verdict, figures.NOT_MET)

    def test_without_samples_nothing_is_met(self):
        self.assertEqual(Row("x", budget=Budget(10)).verdict, figures.FAILED)

    def test_every_subject_comes_first_once(self):
        names = ["a", "b", "c"]
        self.assertEqual([figures.in_turn(names, number)[0] for number in range(4)], ["a", "b", "c", "a"])
        self.assertEqual(sorted(figures.in_turn(names, 2)), names)


class Filling(unittest.TestCase):
    rows = {"a": Row("first", "s", budget=Budget(1)), "b": Row("second"), "c": Row("third")}

    def test_rows_get_their_samples_and_keep_their_budgets(self):
        rows = figures.fill(self.rows, lambda: iter([("a", [2]), ("b", (1, 3)), ("c", [0])]))
        self.assertEqual([row.median for row in rows], [2, 2, 0])
        self.assertEqual(rows[0].verdict, figures.NOT_MET)

    def test_what_ends_early_leaves_failed_rows_with_the_reason(self):
        def measure():
            yield "a", [1]
            raise RuntimeError("the load died")
        rows = figures.fill(self.rows, measure)
        self.assertEqual([row.verdict for row in rows], [figures.MET, figures.FAILED, figures.FAILED])
        self.assertEqual(rows[2].failure, "the load died")

    def test_one_row_can_fail_alone(self):
        rows = figures.fill(self.rows, lambda: iter([("a", OSError("no tcplife")), ("b", [1]), ("c", [1])]))
        self.assertEqual([row.verdict for row in rows], [figures.FAILED, "", ""])
        self.assertEqual(rows[0].budget, Budget(1))

    def test_a_row_nobody_measured_has_failed(self):
        rows = figures.fill(self.rows, lambda: iter([("b", [1])]))
        self.assertEqual([row.verdict for row in rows], [figures.FAILED, "", figures.FAILED])

    def test_no_samples_are_a_failure(self):
        self.assertEqual(figures.fill({"a": Row("x")}, lambda: iter([("a", [])]))[0].verdict, figures.FAILED)


class Report(unittest.TestCase):
    def test_numbers_keep_three_digits(self):
        numbers = [0, 0.0031, 0.981, 7, 12.34, 99.96, 100, 1234.5, 1000000]
        self.assertEqual([report.number(value) for value in numbers],
                         ["0", "0.0031", "0.981", "7", "12.3", "100", "100", "1,234", "1,000,000"])

    def test_a_row_has_median_spread_runs_budget_and_verdict(self):
        row = Row("with it / without", "ratio", (0.97, 0.99, 1.01), Budget(0.98, at_least=True))
        self.assertIn("| with it / without | 0.99 | 0.97 to 1.01 | 3 | ≥ 0.98 | met |", report.table([measurement(row)]))

    def test_a_failure_is_said_in_its_row(self):
        row = Row("time", "ms", budget=Budget(10), failure="tcplife ended\nwith status 1")
        self.assertIn("| time |  |  | 0 | ≤ 10 ms | failed: tcplife ended with status 1 |",
                      report.table([measurement(row)]))

    def test_no_text_ends_a_cell(self):
        self.assertEqual(report.line(["a|b", "c\nd"]), "| a\\|b | c d |")

    def test_the_summary_counts_budgets_and_failures(self):
        rows = [Row("a", samples=(1,), budget=Budget(1)), Row("b", samples=(2,), budget=Budget(1)),
                Row("c", budget=Budget(1)), Row("d", samples=(1,)), Row("e")]
        self.assertEqual(report.summary([measurement(*rows)]),
                         "1 of 3 budgets met, 1 not met, 2 figures failed")

    def test_the_method_and_its_command_are_told(self):
        text = report.markdown({"kernel": "6.1"}, [measurement(Row("x", samples=(1,)))])
        self.assertIn("**speed**, `make bench ONLY=speed`: By hand.", text)
        self.assertIn("kernel 6.1", text)

    def test_json_brings_a_row_back(self):
        for row in (Row("x", "s", (1.5, 2.0), Budget(3, at_least=True)), Row("y", failure="broken")):
            self.assertEqual(report.row_from_json(json.loads(json.dumps(report.row_as_json(row)))), row)

    def test_only_what_is_between_the_markers_changes(self):
        page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
        self.assertEqual(report.docs_with(page, "new\n"), f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n")

    def test_a_page_without_markers_is_left_alone(self):
        for page in ("", report.BEGIN, f"{report.END}{report.BEGIN}"):
            with self.assertRaises(ValueError):
                report.docs_with(page, "new\n")


class Measurements(unittest.TestCase):
    names = ("throughput", "bpf", "missed", "storm", "memory", "scale", "start", "scrape", "alert", "vm")

    def test_every_one_declares_its_rows_and_its_method(self):
        for name in self.names:
            module = importlib.import_module(f"measure_{name}")
            self.assertTrue(module.ROWS and module.METHOD.strip(), name)
            self.assertTrue(all(not row.samples for row in module.ROWS.values()), name)

    def test_no_two_rows_of_one_have_the_same_name(self):
        for name in self.names:
            rows = importlib.import_module(f"measure_{name}").ROWS.values()
            self.assertEqual(len({row.what for row in rows}), len(rows), name)

    def test_growth_is_the_exponent_of_the_size(self):
        scale = importlib.import_module("measure_scale")
        for exponent in (0, 1, 2):
            pair = [{"turn": [9, 3 * size ** exponent, 1]} for size in (2, 4)]
            self.assertAlmostEqual(scale.growth(lambda run: [run["turn"][1]], *pair), exponent)

    def test_a_square_misses_the_budget_of_growth_and_a_line_meets_it(self):
        scale = importlib.import_module("measure_scale")
        for name in scale.FIGURES:
            row = scale.ROWS[name, "growth"]
            line = 0 if name in scale.STEADY else 1
            self.assertEqual(figures.replace(row, samples=(line,)).verdict, figures.MET, name)
            self.assertEqual(figures.replace(row, samples=(line + 1,)).verdict, figures.NOT_MET, name)


if __name__ == "__main__":
    unittest.main()
