# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which names of files a bundle may have. Pure. A bundle is data from outside, and its names become keys and URLs.

Names are taken in Unicode's form NFC, as browsers send what a page names; macOS hands out NFD.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# An S3 key holds 1,024 bytes (Amazon S3 User Guide, "Naming Amazon S3 objects"); the longest prefix before a path is
# releases/ID/entry/.
LONGEST_NAME = 1024 - 80
# What nobody means to publish, and what would be a leak.
_PRIVATE = re.compile(r"(^|/)(\.git|\.svn|\.hg|node_modules)/|(^|/)(\.env(\.[^/]*)?|\.npmrc|\.DS_Store)$")
# What stands for bytes that are no UTF-8 (surrogateescape).
_SURROGATE = re.compile("[\ud800-\udfff]")
# The backslash and Unicode's categories Cc, Zl and Zp.
_FORBIDDEN = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029]")
# So many names are told; a bundle of somebody else's project may have thousands.
_TOLD = 5


def normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def name_problem(name: str) -> str | None:
    """Why the path cannot be published, None when it can. Paths are relative and have slashes."""
    shown = ascii(name[:80])
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        return f"{shown}: not a path within the bundle"
    if _SURROGATE.search(name):
        return f"{shown}: the name is not UTF-8"
    if _FORBIDDEN.search(name):
        return f"{shown}: a backslash or a control character in the name"
    if len(name.encode()) > LONGEST_NAME:
        return f"{shown}...: the name is longer than {LONGEST_NAME} bytes"
    if _PRIVATE.search(name):
        return f"{shown}: not a part of a built site: take it out"
    return None


def collisions(names: Iterable[str]) -> list[str]:
    """Names that differ in case only: one of them is lost on macOS and Windows, and in the minds of people."""
    seen: dict[str, str] = {}
    found = []
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            found.append(f"{first!a} and {name!a} differ in upper and lower case only")
    return found


def told(problems: list[str]) -> list[str]:
    """The first few of them."""
    more = len(problems) - _TOLD
    return problems if more <= 0 else [*problems[:_TOLD], f"and {more} more like this"]
