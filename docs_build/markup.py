# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's markup, of descriptions in modules and argument specs, as Markdown."""

from __future__ import annotations

import re
from typing import Any

# C(x), O(a=b), L(text,url) ...; a closing parenthesis in it is escaped by a backslash.
_MARKUP = re.compile(r"\b(HORIZONTALLINE|(?:RV|[BCEILMOPRUV])\(((?:\\.|[^)\\])*)\))")
_CODE = frozenset({"C", "O", "V", "E", "RV", "P"})


def markdown(text: str) -> str:
    """TEXT with Markdown in place of the markup."""
    return _MARKUP.sub(_one, text)


def _one(found: re.Match[str]) -> str:
    kind, _, _ = found[1].partition("(")
    inner = re.sub(r"\\(.)", r"\1", found[2] or "")
    if kind in _CODE:
        return f"`{inner}`"
    if kind in ("I", "B"):
        return f"*{inner}*" if kind == "I" else f"**{inner}**"
    if kind in ("L", "R"):
        label, _, url = (part.strip() for part in inner.partition(","))
        return f"[{label}]({url})" if kind == "L" else label
    if kind == "U":
        return f"<{inner}>"
    return _module(inner) if kind == "M" else "\n\n---\n\n"


def _module(name: str) -> str:
    """A link to an own module's page, from another one's."""
    own = re.fullmatch(r"slipway\.ops\.(\w+)", name)
    return f"[`{name}`]({own[1]}.md)" if own else f"`{name}`"


def paragraphs(value: Any) -> str:
    """A description, of one string or several."""
    lines = value if isinstance(value, list) else [value or ""]
    return "\n\n".join(markdown(str(line)) for line in lines)


def cell(value: Any) -> str:
    """A description in one cell of a table."""
    lines = value if isinstance(value, list) else [value or ""]
    text = " ".join(markdown(str(line)) for line in lines)
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
