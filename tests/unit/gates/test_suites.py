# SPDX-License-Identifier: GPL-3.0-or-later
"""The closing line counts what really passed."""

from __future__ import annotations

import pytest

from tests.gates import __main__ as gates
from tests.gates.run import Outcome, check
from tests.gates.suites import counts


def test_errors_and_failures_fail_and_skips_count_nowhere():
    junit = b'<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>'
    assert counts(junit) == (3, 3)


@pytest.mark.parametrize(
    ("passed", "failed", "status", "line"),
    [(3, 0, 0, "3 passed, 0 failed"), (3, 1, 1, "3 passed, 1 failed"), (0, 0, 1, "0 passed, 0 failed")],
)
def test_exit_status_and_closing_line(capsys, passed, failed, status, line):
    assert gates.close([Outcome("unit", passed, failed, 1.0, "log")]) == status
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_unknown_gate_is_refused(capsys):
    assert gates.main(["lint", "nosuch"]) == 2
    assert "nosuch" in capsys.readouterr().out


@pytest.mark.parametrize(("command", "expected"), [("true", (1, 0)), ("false", (0, 1))])
def test_a_check_passes_with_status_zero_only(command, expected):
    outcome = check(f"test-{command}", [command])
    assert (outcome.passed, outcome.failed) == expected
