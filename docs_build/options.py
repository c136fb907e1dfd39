# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of options and returned values, from what modules and roles declare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from docs_build.markup import cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def options_table(options: Mapping[str, Any]) -> str:
    """A row for each option, those within it below it by their path."""
    return _table(("Option", "Type", "Default", "Meaning"), _options(options, ""))


def _options(options: Mapping[str, Any], before: str) -> Iterator[tuple[str, str, str, str]]:
    for name, option in sorted(options.items(), key=lambda item: (not item[1].get("required"), item[0])):
        path = f"{before}{name}"
        yield f"`{path}`", _type(option), _default(option), _meaning(option)
        inner = option.get("options") or option.get("suboptions") or {}
        yield from _options(inner, f"{path}[]." if option.get("type") == "list" else f"{path}.")


def _type(option: Mapping[str, Any]) -> str:
    kind = option.get("type") or "str"
    return f"{kind} of {option['elements']}" if option.get("elements") else kind


def _default(option: Mapping[str, Any]) -> str:
    if option.get("required"):
        return "**required**"
    default = option.get("default")
    return "" if default is None else f"`{json.dumps(default)}`".replace("|", "\\|")


def _meaning(option: Mapping[str, Any]) -> str:
    choices = option.get("choices") or []
    named = ", ".join(f"`{choice}`" for choice in choices)
    return cell(option.get("description")) + (f" One of {named}." if named else "")


def returned_table(values: Mapping[str, Any]) -> str:
    """A row for each value that a module returns."""
    return _table(("Value", "Type", "Returned", "Meaning"), _returned(values, ""))


def _returned(values: Mapping[str, Any], before: str) -> Iterator[tuple[str, str, str, str]]:
    for name, value in values.items():
        path = f"{before}{name}"
        yield f"`{path}`", _type(value), cell(value.get("returned")), cell(value.get("description"))
        inner = value.get("contains") or {}
        yield from _returned(inner, f"{path}[]." if value.get("type") == "list" else f"{path}.")


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
