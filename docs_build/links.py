# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that are right on GitHub, made right on the site: to its own pages, or to the repository."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from docs_build.pages import REPOSITORY, on_site

if TYPE_CHECKING:
    from pathlib import Path

# Not in code, whether between fences or backticks, of which the longer come first.
_CODE_OR_LINK = re.compile(
    r"(?P<code>^ *(?P<fence>`{3,})[\s\S]*?^ *(?P=fence) *$|`[^`\n]+`)|(?P<before>\]\()(?P<target>[^)\s]+)(?P<after>\))",
    re.MULTILINE,
)


def rewritten(text: str, file: str, page: str, root: Path) -> tuple[str, list[str]]:
    """TEXT of FILE (relative to the checkout) with links that are right on PAGE of the site (relative to docs/).

    Beside it the links that lead to no file.
    """
    broken: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if found["code"]:
            return found["code"]
        target, there = _target(found["target"], file, page, root)
        if not there:
            broken.append(found["target"])
        return f"{found['before']}{target}{found['after']}"

    return _CODE_OR_LINK.sub(replace, text), broken


def _target(target: str, file: str, page: str, root: Path) -> tuple[str, bool]:
    """Where a link leads on the site, and whether that is there."""
    if re.match(r"[a-z]+:", target) or target.startswith("#"):
        return target, True
    path, sharp, anchor = target.partition("#")
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    there, own = (root / wanted).exists(), on_site(wanted)
    if own and there:
        return posixpath.relpath(own, posixpath.dirname(page) or ".") + sharp + anchor, True
    kind = "tree" if (root / wanted).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{wanted}{sharp}{anchor}", there
