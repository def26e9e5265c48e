# SPDX-License-Identifier: Apache-2.0
"""Rows as JSON and as Markdown. Pure, but for docs_with(), which takes a text and returns one."""
from figures import FAILED, MET, NOT_MET, Budget, Row

BEGIN = "<!-- bench: begin -->"
END = "<!-- bench: end -->"
HEADINGS = ("measured", "median", "spread", "runs", "budget", "verdict")


def row_as_json(row):
    budget = row.budget and {"limit": row.budget.limit, "at_least": row.budget.at_least}
    return {"what": row.what, "unit": row.unit, "median": row.median, "samples": list(row.samples),
            "budget": budget, "verdict": row.verdict, "failure": row.failure}


def row_from_json(document):
    budget = document["budget"] and Budget(**document["budget"])
    return Row(document["what"], document["unit"], tuple(document["samples"]), budget, document["failure"])


def number(value):
    """Three digits that count, and none of a large number cut off."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def with_unit(value, unit):
    return number(value) if unit in ("", "ratio") else f"{number(value)}{'' if unit == '/s' else ' '}{unit}"


def budget_cell(row):
    if row.budget is None:
        return ""
    return ("≥ " if row.budget.at_least else "≤ ") + with_unit(row.budget.limit, row.unit)


def cell(text):
    """Nothing in it ends the cell or the row."""
    return " ".join(str(text).split()).replace("|", "\\|")


def cells(row):
    if row.verdict == FAILED:
        return (row.what, "", "", "0", budget_cell(row), f"{FAILED}: {row.failure}")
    spread = f"{number(min(row.samples))} to {number(max(row.samples))}" if len(row.samples) > 1 else ""
    verdict = f"**{NOT_MET}**" if row.verdict == NOT_MET else row.verdict
    return (row.what, with_unit(row.median, row.unit), spread, len(row.samples), budget_cell(row), verdict)


def line(columns):
    return "| " + " | ".join(map(cell, columns)) + " |"


def table(measurements):
    """measurements: dictionaries with name and rows."""
    lines = [line(HEADINGS), "|---|--:|---|--:|---|---|"]
    for one in measurements:
        lines.append(line((f"**{one['name']}**", "", "", "", "", "")))
        lines += [line(cells(row)) for row in one["rows"]]
    return "\n".join(lines)


def summary(measurements):
    verdicts = [row.verdict for one in measurements for row in one["rows"] if row.budget]
    broken = sum(row.verdict == FAILED for one in measurements for row in one["rows"])
    return (f"{verdicts.count(MET)} of {len(verdicts)} budgets met, {verdicts.count(NOT_MET)} not met, "
            f"{broken} figures failed")


def how(one):
    when = f"taken {one['taken']}, in {one['seconds']:.0f} s, load before it {one['load']:.1f}"
    method = " ".join(one["method"].split())
    return f"- **{one['name']}**, `make bench ONLY={one['name']}`: {method} ({when}; stolen {one['stolen']:.1f} s)"


def markdown(machine, measurements):
    facts = ", ".join(f"{key} {value}" for key, value in machine.items())
    return "\n\n".join((f"{summary(measurements)}.", table(measurements),
                        "How, each by itself:", "\n".join(map(how, measurements)), f"The machine: {facts}.")) + "\n"


def docs_with(page, generated):
    """The page, with what is between the markers replaced."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{generated}{END}{after}"
