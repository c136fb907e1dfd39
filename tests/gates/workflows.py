# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `workflows`: what runs on GitHub, linted before it gets there, without a network. Each tool is one check.

That the pipelines do what they should is proven by tests/pipelines; that they are written safely, here.
"""

from __future__ import annotations

from pathlib import Path

from tests.gates.run import ROOT, Outcome, check


def run() -> list[Outcome]:
    """Run every linter of workflows, composite actions and Dockerfiles; one finding fails."""
    return [check(name, command) for name, command in commands(ROOT).items()]


def commands(root: Path) -> dict[str, list[str]]:
    """Name of a check to its command, which is run in `root`."""
    workflows = named(root, ".github/workflows/*.yml", "examples/workflows/*.yml")
    others = named(root, ".github/actions/*/action.yml", ".github/dependabot.yml")
    # Offline, zizmor does not ask GitHub whether a pinned commit is known to be vulnerable.
    zizmor = ["zizmor", "--offline", "--strict-collection", "--pedantic", "--no-progress", "--color", "never"]
    return {
        # With the shell scripts in them, by the shellcheck that stands beside it.
        "actionlint": ["actionlint", "-no-color", "-shellcheck", "shellcheck", *workflows],
        "zizmor": [*zizmor, "--config", ".github/zizmor.yml", *workflows, *others],
        "hadolint": ["hadolint", "--no-color", "--failure-threshold", "style", *named(root, "examples/*/Dockerfile")],
    }


def named(root: Path, *patterns: str) -> list[str]:
    """The files below `root` that match; a pattern that matches none is a mistake."""
    found = [sorted(str(path.relative_to(root)) for path in root.glob(pattern)) for pattern in patterns]
    if not all(found):
        raise SystemExit(f"workflows: nothing matches one of {', '.join(patterns)}")
    return [name for names in found for name in names]
