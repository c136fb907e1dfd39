# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m docs_build.pictures`: draw the diagrams that the documentation shows.

environments.json is two environments in the shape of slipway.ops.environment_info, with as much in them as the pictures
should show. The same documents make the same bytes: the pictures are kept, and a test says when they are old.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Of the pictures that there are, those that the documentation shows: file -> its name in docs/images.
SHOWN = {
    "backend-production.svg": "diagram-backend.svg",
    "frontend-production.svg": "diagram-frontend.svg",
    "cicd.svg": "diagram-cicd.svg",
}


def pictures() -> dict[str, str]:
    """Name of the file in docs/images -> content."""
    # The collection is found by its link in the checkout.
    collections = str(ROOT / "collections")
    if collections not in sys.path:
        sys.path.insert(0, collections)
    from ansible_collections.slipway.ops.plugins.module_utils.diagram import page

    environments = json.loads((ROOT / "docs_build" / "environments.json").read_text(encoding="utf-8"))
    drawn = page.files(environments)
    return {name: drawn[file] for file, name in SHOWN.items()}


def write() -> list[str]:
    """Write those that are old, and return their names."""
    old = []
    for name, content in pictures().items():
        path = ROOT / "docs" / "images" / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            old.append(name)
    return old


if __name__ == "__main__":
    print("\n".join(f"written: docs/images/{name}" for name in write()) or "no picture was old")
