# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `lint`: style, types and shell. Each tool is one check."""

from __future__ import annotations

from tests.gates.run import ROOT, Outcome, check

# Modules that import amazon.aws cannot be strict, since its decorators are untyped; planners import nothing.
PLANNERS = "plugins/module_utils/**/*plan*.py"
HOST = "roles/llm_server/files/slipway_llm"


def run() -> list[Outcome]:
    """Run every linter and type checker."""
    planners = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(PLANNERS))]
    actions = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(".github/actions/*/*.py"))]
    scripts = ["tests/gates/make_venv.sh", ".ci/run", "tests/gates/debian_root.sh", "roles/llm_server/files/boot.sh"]
    return [
        check("ruff", ["ruff", "check", "."]),
        check("ruff-format", ["ruff", "format", "--check", "."]),
        check("yamllint", ["yamllint", "--strict", "."]),
        check("ansible-lint", ["ansible-lint", "--nocolor"], env={"ANSIBLE_HOME": str(ROOT / "build" / "ansible")}),
        check("mypy-planners", ["mypy", *planners]),
        check("mypy-localcloud", ["mypy", "-p", "localcloud", "-p", "docs_build"]),
        check("mypy-host", ["mypy", "-p", "slipway_llm"]),
        check("mypy-actions", ["mypy", "--follow-imports=silent", *actions]),
        check("shellcheck", ["shellcheck", *scripts]),
        check("changelog", ["antsibull-changelog", "lint"]),
    ]
