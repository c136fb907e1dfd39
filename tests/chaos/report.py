# SPDX-License-Identifier: GPL-3.0-or-later
"""The suite's result: a table for people, JSON, and a page of its own."""

from __future__ import annotations

import html
from typing import Any

from tests.chaos.stage import Case
from tests.chaos.watch import Count

HEAD = ("scenario", "cases", "runs", "requests", "failed by our doing", "failed by the scenario's", "as expected")


def rows(cases: list[Case], between: Count) -> list[dict[str, Any]]:
    """One row a scenario, one for what happened between the cases, and the sum."""
    made = []
    for scenario in sorted({case.scenario for case in cases}):
        of = [case for case in cases if case.scenario == scenario]
        made.append(
            {
                "scenario": scenario,
                "cases": len(of),
                "runs": sum(len(case.runs) for case in of),
                "requests": sum(case.count.requests for case in of),
                "failed": sum(case.count.failed for case in of),
                "excused": sum(case.count.excused for case in of),
                "as_expected": sum(not case.problems for case in of),
            }
        )
    rest = {"cases": 0, "runs": 0, "as_expected": 0}
    counts = {"requests": between.requests, "failed": between.failed, "excused": between.excused}
    made.append({"scenario": "between the cases", **rest, **counts})
    total = {key: sum(row[key] for row in made) for key in made[0] if key != "scenario"}
    return [*made, {"scenario": "all", **total}]


def good(table: list[dict[str, Any]]) -> bool:
    """Everything as expected, and nothing failed by our doing."""
    total = table[-1]
    return bool(total["cases"]) and total["cases"] == total["as_expected"] and total["failed"] == 0


def text(table: list[dict[str, Any]]) -> str:
    """The table for a terminal."""
    lines = [HEAD, *(_cells(row) for row in table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    met = f"{row['as_expected']} of {row['cases']}" if row["cases"] else "-"
    numbers = (row["cases"], row["runs"], row["requests"], row["failed"], row["excused"])
    return (row["scenario"], *(f"{number:,}" for number in numbers), met)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Chaos suite</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1c2733}}
table{{border-collapse:collapse;width:100%}}
td,th{{padding:.35rem .6rem;border-bottom:1px solid #d5dde5;text-align:right}}
td:first-child,th:first-child{{text-align:left}}tr:last-child{{font-weight:600}}.bad{{color:#a61b1b}}
li{{overflow-wrap:anywhere}}</style>
<h1>Chaos suite: <span class="{grade}">{verdict}</span></h1>
<p>Deployments of a service under load on the local cloud, killed, struck by faults, raced and disturbed. Seed {seed},
{form} form, {seconds:.0f} s; the weights were compared with the targets' health {looks:,} times. A failed request is by
our doing unless the scenario itself had just killed tasks or had a person break the rule.</p>
<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>
{problems}
</html>
"""


def page(result: dict[str, Any]) -> str:
    """The page for a browser."""
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row)) + "</tr>" for row in result["table"]
    )
    lines = [
        f"<li><b>{html.escape(case['scenario'])}</b> #{case['number']}, {html.escape(case['name'])}: "
        f"{html.escape('; '.join(case['problems']))}</li>"
        for case in result["cases"]
        if case["problems"]
    ]
    return _PAGE.format(
        grade="" if result["good"] else "bad",
        verdict="all as expected" if result["good"] else "not as expected",
        seed=result["seed"],
        form=result["form"],
        seconds=result["seconds"],
        looks=result["looks"],
        head="".join(f"<th>{html.escape(name)}</th>" for name in HEAD),
        body=body,
        problems=f"<h2>Not as expected</h2><ul>{''.join(lines)}</ul>" if lines else "",
    )
