# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a model's manifest: `make_manifest.py FOLDER` makes FOLDER/manifest.json and prints its SHA-256.

Upload the folder with it. Hidden files, among them those that download tools leave, are no part of a model.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

NAME = "manifest.json"


def entry(folder: Path, path: Path) -> dict[str, object]:
    """One file of the manifest."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
    return {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": digest.hexdigest()}


def main(folder: Path) -> str:
    """Write the manifest; its SHA-256."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    shown = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    text = json.dumps({"version": 1, "files": [entry(folder, path) for path in shown]}, indent=1).encode() + b"\n"
    (folder / NAME).write_bytes(text)
    return hashlib.sha256(text).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: make_manifest.py FOLDER")
    print(main(Path(sys.argv[1])))
