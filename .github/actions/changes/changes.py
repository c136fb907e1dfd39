# SPDX-License-Identifier: GPL-3.0-or-later
"""Which gates a change can fail: the action `changes` of ci.yml. Standard library only.

When in doubt all of them: a path that no rule names, a comparison that does not work, a push to the main branch.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

ALL = ("lint", "unit", "sanity", "web", "workflows", "docs", "molecule", "e2e")
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
#: The first one that matches tells. Gates lint and docs read every file, and are always run.
RULES = (
    # These have commands that tests run as they stand.
    (re.compile(r"README\.md|docs/(quick-start|gpu-hosts|doctor|security|status)\.md|docs/tasks/.*"), ("unit", "e2e")),
    (re.compile(r"(docs|docs_build|changelogs)/.*|[^/]+\.md|mkdocs\.yml|LICENSE"), ("unit",)),
    (re.compile(r"\.github/.*|examples/workflows/.*"), ("unit", "workflows", "e2e")),
    (re.compile(r"examples/web/.*"), ("unit", "web", "e2e")),
    (re.compile(r"examples/api/.*"), ("unit", "workflows", "e2e")),
    (re.compile(r"tests/(unit|bench|chaos|torture|posture)/.*"), ("unit",)),
    (re.compile(r"tests/browser/.*"), ("web",)),
    (re.compile(r"tests/(e2e|pipelines|docs)/.*"), ("unit", "e2e")),
    (re.compile(r"molecule/.*"), ("unit", "molecule")),
)


def gates_of(path: str) -> tuple[str, ...]:
    """The gates that a change of this file can fail, beside lint."""
    return next((gates for rule, gates in RULES if rule.fullmatch(path)), ALL)


def gates(paths: Iterable[str]) -> list[str]:
    """The gates of a change, in the order of ALL; all of them for a change of nothing, which nobody understands."""
    found = {gate for path in paths for gate in gates_of(path)}
    return [gate for gate in ALL if gate in found | {"lint", "docs"}] if found else list(ALL)


def changed(base: str) -> list[str]:
    """Paths that differ between the checkout and where it left `base`; none when that cannot be told."""
    if not COMMIT.fullmatch(base):
        return []
    command = ["git", "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        print(f"::warning title=Changes::all gates run: {' '.join(done.stderr.split())}", flush=True)
        return []
    return [path for path in done.stdout.split("\0") if path]


def main() -> None:
    """BASE is the commit to compare with."""
    found = gates(changed(os.environ["BASE"]))
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.write(f"gates={json.dumps(found)}\n")
    print(f"Gates: {', '.join(found)}")


if __name__ == "__main__":
    main()
