# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates `unit` and `e2e`: pytest, counted from its JUnit report."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

from tests.gates.lint import HOST, PLANNERS
from tests.gates.run import ROOT, Outcome, check, execute

COVERAGE_DATA = ROOT / "build" / "coverage"


def unit() -> list[Outcome]:
    """Run the unit tests with branch coverage; every planner must be covered to the last branch."""
    COVERAGE_DATA.mkdir(parents=True, exist_ok=True)
    for old in COVERAGE_DATA.glob("data*"):
        old.unlink()
    # Two processes for two cores; a file stays in one, for the fixtures that its tests share.
    arguments = ["--cov", "--cov-branch", "--cov-report=", "-q", "--numprocesses=2", "--dist=loadfile"]
    return [
        pytest("unit", arguments),
        check("coverage", ["coverage", "report", "--skip-empty"]),
        check(
            "coverage-planners", ["coverage", "report", f"--include={PLANNERS},{HOST}/*_plan.py", "--fail-under=100"]
        ),
    ]


def e2e() -> list[Outcome]:
    """Run the end-to-end tests: those that share a cloud in their order, beside those that have clouds of their own.

    Both wait most of the time, and would wait one after the other. The pipelines have a cloud, too, and follow the
    shorter of the two; so has the documentation, whose commands are typed as a reader would.
    """
    apart = "tests/e2e/apart"
    shared = ("e2e", ["tests/e2e", f"--ignore={apart}", "-v"])
    beside = [("e2e-apart", [apart, "-v"]), ("pipelines", ["tests/pipelines", "-v"])]
    lanes = [[shared], beside, [("pages", ["tests/docs", "-v"])]]
    with ThreadPoolExecutor() as pool:
        return [outcome for lane in pool.map(_one_by_one, lanes) for outcome in lane]


def _one_by_one(runs: list[tuple[str, list[str]]]) -> list[Outcome]:
    return [pytest(name, arguments) for name, arguments in runs]


def pytest(name: str, arguments: list[str]) -> Outcome:
    """Run pytest; a run that ends before its report is one failure."""
    junit = ROOT / "build" / "gates" / f"{name}.xml"
    junit.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={junit}", "-p", "no:cacheprovider"]
    done = execute(name, command, env={"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "collections")])})
    passed, failed = counts(junit.read_bytes()) if junit.exists() else (0, 1)
    if done.status != 0 and not failed:
        failed = 1
    return Outcome(name, passed, failed, done.seconds, done.log)


def counts(junit: bytes) -> tuple[int, int]:
    """Tests passed and failed (errors included, skipped ones in neither) in a JUnit report written by pytest."""
    suites = ElementTree.fromstring(junit).iter("testsuite")
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", "0"))
        failed += int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped += int(suite.get("skipped", "0"))
    return total - failed - skipped, failed
