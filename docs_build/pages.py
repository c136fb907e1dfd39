# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are documentation, and where each of them is on the site."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = "https://github.com/slipway/ops"
_PLACES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md", "roles/*/README.md", "examples/*/README.md")


def files(root: Path = ROOT) -> list[str]:
    """All pages of the checkout, relative to it."""
    return sorted({str(path.relative_to(root)) for place in _PLACES for path in root.glob(place)})


def roles(root: Path = ROOT) -> list[str]:
    """Names of all roles that are described."""
    return sorted(path.parent.name for path in root.glob("roles/*/README.md"))


def modules(root: Path = ROOT) -> list[str]:
    """Names of all modules."""
    return sorted(path.stem for path in root.glob("plugins/modules/*.py"))


def on_site(file: str) -> str | None:
    """The page of the site that a file of the checkout became, relative to docs/; None if it became none."""
    path = PurePosixPath(file)
    if path.parts[0] == "docs" and path.suffix not in (".py", ""):
        return str(path.relative_to("docs"))
    if path.parts[0] == "roles" and path.parts[2:] in (("README.md",), ()) and len(path.parts) > 1:
        return f"reference/roles/{path.parts[1]}.md"
    if path.match("plugins/modules/*.py"):
        return f"reference/modules/{path.stem}.md"
    return {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}.get(file)
