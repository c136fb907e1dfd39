# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's navigation: what mkdocs.yml has, the pages of roles and modules, and pages that nobody has named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docs_build import pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REST = "More"


def complete(nav: list[Any], root: Path) -> list[Any]:
    """NAV with every page in it; the section for the rest is there only if it has one."""
    generated = {
        "reference/roles/index.md": [f"reference/roles/{name}.md" for name in pages.roles(root)],
        "reference/modules/index.md": [f"reference/modules/{name}.md" for name in pages.modules(root)],
    }
    with_generated = _with(nav, generated)
    named = set(_pages(with_generated))
    written = sorted(str(path.relative_to(root / "docs")) for path in (root / "docs").rglob("*.md"))
    rest = [page for page in written if page not in named]
    kept = [entry for entry in with_generated if not (isinstance(entry, dict) and _REST in entry)]
    return [*kept, {_REST: rest}] if rest else kept


def _with(nav: list[Any], generated: dict[str, list[str]]) -> list[Any]:
    found: list[Any] = []
    for entry in nav:
        if isinstance(entry, dict):
            found.append(
                {title: _with(inner, generated) if isinstance(inner, list) else inner for title, inner in entry.items()}
            )
        else:
            found += [entry, *({_name(page): page} for page in generated.get(entry, []))]
    return found


def _name(page: str) -> str:
    return page.rsplit("/", 1)[-1].removesuffix(".md")


def _pages(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            for inner in entry.values():
                yield from _pages(inner if isinstance(inner, list) else [inner])
