# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gates a pull request runs: never fewer than it can fail."""

from __future__ import annotations

import subprocess

import pytest

from docs_build.blocks import LITERAL
from docs_build.check import found
from tests.gates.__main__ import GATES

from .conftest import program

changes = program("changes")
ALL = list(changes.ALL)


def test_every_gate_can_be_chosen():
    assert set(changes.ALL) == set(GATES)


CASES = {
    "nothing": ([], ALL),
    "docs": (["docs/blue-green.md", "CONTRIBUTING.md"], ["lint", "unit", "docs"]),
    "commands-that-are-run": (["docs/tasks/deploy.md"], ["lint", "unit", "docs", "e2e"]),
    "frontend": (["examples/web/src/app.tsx"], ["lint", "unit", "web", "docs", "e2e"]),
    "workflow": ([".github/workflows/backend.yml"], ["lint", "unit", "workflows", "docs", "e2e"]),
    "unit-tests": (["tests/unit/test_roles.py"], ["lint", "unit", "docs"]),
    "scenario": (["molecule/alb/converge.yml"], ["lint", "unit", "docs", "molecule"]),
    "several": (["docs/a.md", "tests/browser/test_web.py"], ["lint", "unit", "web", "docs"]),
    "plugin": (["docs/a.md", "plugins/modules/deploy_lock.py"], ALL),
    "the-gates-themselves": (["tests/gates/lint.py"], ALL),
    "requirements": (["requirements.in"], ALL),
    "looks-like-docs": (["roles/alb/README.md"], ALL),
}


@pytest.mark.parametrize(("paths", "expected"), CASES.values(), ids=CASES)
def test_the_gates_of_a_change(paths, expected):
    assert changes.gates(paths) == expected


def test_a_page_whose_commands_are_run_has_them_run():
    literal = {block.page for block in found() if block.mark and LITERAL in block.mark.tests}
    assert [page for page in sorted({*literal, "README.md"}) if "e2e" not in changes.gates([page])] == []


def test_a_pull_request_is_compared_with_where_it_began(runner, monkeypatch, capsys):
    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("commit", "--quiet", "--allow-empty", "--message=began")
    git("switch", "--quiet", "--create", "change")
    (runner / "docs").mkdir()
    (runner / "docs" / "a page.md").write_text("new")
    git("add", "docs")
    git("commit", "--quiet", "--message=change")
    git("switch", "--quiet", "main")
    (runner / "Makefile").write_text("all:\n")  # main goes on, which is none of the change
    git("add", "Makefile")
    git("commit", "--quiet", "--message=main goes on")
    base = git("rev-parse", "HEAD")
    git("switch", "--quiet", "change")
    few = '["lint", "unit", "docs"]'
    for given, expected in ((base, few), ("0" * 40, str(ALL)), ("", str(ALL)), ("--all", str(ALL))):
        monkeypatch.setenv("BASE", given)
        changes.main()
        assert (runner / "output").read_text().splitlines()[-1] == f"gates={expected}".replace("'", '"')
    assert capsys.readouterr().out.count("::warning title=Changes::all gates run: ") == 1
