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


class BrokenLinkError(Exception):
    """A link to a file that is not in the checkout."""


def rewritten(text: str, file: str, page: str, root: Path) -> str:
    """TEXT of FILE (relative to the checkout) with links that are right on PAGE of the site (relative to docs/)."""

    def replace(found: re.Match[str]) -> str:
        if found["code"]:
            return found["code"]
        return f"{found['before']}{_target(found['target'], file, page, root)}{found['after']}"

    return _CODE_OR_LINK.sub(replace, text)


def _target(target: str, file: str, page: str, root: Path) -> str:
    if re.match(r"[a-z]+:", target) or target.startswith("#"):
        return target
    path, sharp, anchor = target.partition("#")
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    if not (root / wanted).exists():
        raise BrokenLinkError(f"{file} links to {target}, and {wanted} is not there")
    own = on_site(wanted)
    if own:
        return posixpath.relpath(own, posixpath.dirname(page) or ".") + sharp + anchor
    kind = "tree" if (root / wanted).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/main/{wanted}{sharp}{anchor}"
