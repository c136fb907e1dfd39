# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m docs_build.check`: every block of commands says which test runs it, and names only what exists.

Prints a line for each that does not, and then how many were looked at; exit status 1 if there was one.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from docs_build.blocks import COMMANDS, ELSEWHERE, LITERAL, SHELLS, Block, Mark, blocks
from docs_build.commands import Checkout, plays, problems
from docs_build.pages import ROOT, files

# Where commands of one block may be named by a test's helpers instead of by the test.
_HELPERS = ("tests/e2e", "tests/pipelines", "localcloud/demo")
_SHORT = 15
_PROGRAM = re.compile(r"(\$ )?(ansible(-\w+)?|make|aws|docker|git|gh|curl|npm|sudo|\S*python3?) [a-z-]")


def found(root: Path = ROOT) -> list[Block]:
    """All blocks of all pages."""
    return [block for name in files(root) for block in blocks(name, (root / name).read_text(encoding="utf-8"))]


def wrong(block: Block, checkout: Checkout) -> list[str]:
    """What is wrong with a block, in words."""
    if block.language is None:
        return ["code is indented, not fenced: nothing says what it is"]
    if block.indent % 4:
        return ["in a list, fence and mark are indented by four spaces: GitHub takes less, the site does not"]
    if not block.language:
        return ["the fence names no language: text is one"]
    if block.language in SHELLS:
        return [f"{block.language} is called {COMMANDS} here"]
    if block.language != COMMANDS:
        return [f"{block.language} begins like a command: that is {COMMANDS}"] if _typed(block) else []
    return [*_of_mark(block, checkout.root), *problems(block.text, checkout)]


def _typed(block: Block) -> bool:
    """Whether text looks like what is typed into a shell, and is no synopsis with brackets."""
    lines = [] if block.language != "text" else block.text.splitlines()
    return any(_PROGRAM.match(line) and " [" not in line for line in lines)


def _of_mark(block: Block, root: Path) -> list[str]:
    if block.mark is None:
        return ["nothing says which test runs it: <!-- tested by: FILE::TEST --> or <!-- not tested: WHY -->"]
    if not block.mark.tests:
        short = len(block.mark.reason) < _SHORT
        return [f"{block.mark.reason!r} is no reason not to test it"] if short else []
    absent = [f"there is no test {test}" for test in block.mark.tests if not _is_test(root, test)]
    if absent or {LITERAL, ELSEWHERE} & set(block.mark.tests):
        return absent
    reach = "\n".join(_reach(root, test.partition("::")[0]) for test in block.mark.tests)
    names = {play.playbook for play in plays(block.text)}
    return [f"none of its tests runs {name}" for name in sorted(names) if not re.search(rf"\b{name}\b", reach)]


@cache
def _is_test(root: Path, test: str) -> bool:
    name, _, function = test.partition("::")
    path = root / name
    if not (function and name.startswith("tests/") and path.is_file()):
        return False
    return bool(re.search(rf"^\s*(async )?def {re.escape(function)}\(", path.read_text(encoding="utf-8"), re.MULTILINE))


@cache
def _reach(root: Path, name: str) -> str:
    """The text of a test's file and of its helpers."""
    helpers = [path for folder in _HELPERS if name.startswith(folder) for path in sorted((root / folder).glob("*.py"))]
    own = [path for path in helpers if not path.name.startswith("test_")]
    return "\n".join(path.read_text(encoding="utf-8") for path in [root / name, *own])


def _kind(mark: Mark) -> str:
    if LITERAL in mark.tests:
        return "run as they stand"
    return "run by other tests" if mark.tests else "not run, with a reason"


def main() -> int:
    """Look at all pages."""
    checkout, all_blocks = Checkout(ROOT), found()
    said = [f"{block.place}: {each}" for block in all_blocks for each in wrong(block, checkout)]
    print("\n".join(said), end="\n" if said else "")
    commands = [block.mark for block in all_blocks if block.language == COMMANDS and block.mark]
    kinds = Counter(_kind(mark) for mark in commands)
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{len(said)} problems; {len(commands)} blocks of commands: {counted}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
