# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbered steps of a section of the README, with the commands that stand in them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from tests.pipelines.act import ROOT

SECTION = "From a new application repository to its first staged deploy"
_STEP = re.compile(r"^(\d+)\. ", re.MULTILINE)
_BLOCK = re.compile(r"^ +```bash\n(.*?)^ +```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A step: its number, what the README says, and its commands, which one bash runs."""

    number: int
    text: str
    commands: str


def steps(title: str = SECTION) -> list[Step]:
    """All steps of the section, in their order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"\n## {title}\n")
    parts = _STEP.split(rest.partition("\n## ")[0])
    return [_step(int(number), body) for number, body in zip(parts[1::2], parts[2::2], strict=True)]


def _step(number: int, body: str) -> Step:
    blocks = [textwrap.dedent(block) for block in _BLOCK.findall(body)]
    return Step(number, body.partition("\n\n")[0], "".join(blocks))
