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


def write() -> None:
    """Write them."""
    for name, content in pictures().items():
        (ROOT / "docs" / "images" / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write()
