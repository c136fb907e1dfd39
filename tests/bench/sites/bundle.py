# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that is published: 2,000 files, 61 MB, and a second release of it in which 30 objects differ.

26 of those are hashed chunks, under new names; 4 keep theirs and their size: index.html, asset-manifest.json,
version.json, a locale. All of it comes from one seed: the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import time
from pathlib import Path

FILES = 2000
CHANGED_CHUNKS = 26
# Files of both releases under one name, with other bytes and the same size.
IN_PLACE = ("index.html", "asset-manifest.json", "version.json", "locales/0000.json")
_HASHED = re.compile(r"\.([0-9a-f]{8})\.")
# Of 2,000: folder, suffix, number, median size in bytes, spread.
_KINDS = (
    ("assets/js", ".js", 1080, 7_000, 1.3),
    ("assets/js", ".js.map", 280, 24_000, 1.2),
    ("assets/css", ".css", 120, 6_000, 1.0),
    ("assets/img", ".webp", 240, 40_000, 1.0),
    ("assets/img", ".svg", 160, 2_000, 0.8),
    ("assets/locales", ".json", 75, 9_000, 0.7),
    ("assets/fonts", ".woff2", 24, 60_000, 0.4),
    ("locales", ".json", 12, 9_000, 0.7),
)
BYTES = 61_100_000


def make(folder, files=FILES, seed=4):
    """Writes release 1 to folder/1 and release 2 to folder/2; what is there is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    draw = random.Random(seed)
    plan = _plan(draw, files)
    chunks = [name for name, _size in plan if _HASHED.search(name)]
    changed = set(draw.sample(chunks, max(1, CHANGED_CHUNKS * files // FILES)))
    for release in (1, 2):
        _write(folder / str(release), plan, changed if release == 2 else set(), seed)


def _plan(draw, files):
    """(name, size) of every file but the entry documents, whose names come from what they refer to."""
    plan = []
    for kind, suffix, number, median, spread in _KINDS:
        for index in range(max(1, number * files // FILES)):
            size = int(draw.lognormvariate(0, spread) * median)
            name = f"{kind}/{index:04d}"
            if kind.startswith("assets"):
                name += f".{draw.getrandbits(32):08x}"
            plan.append((name + suffix, min(max(size, 120), 4_000_000)))
    wanted = BYTES * files // FILES
    factor = wanted / sum(size for _name, size in plan)
    plan = [(name, int(size * factor)) for name, size in plan]
    return plan + [(f"icons/{index:02d}.png", 200) for index in range(files - len(plan) - 3)]


def _write(folder, plan, changed, seed):
    names = []
    for original, size in plan:
        salt = "2" if original in changed or (changed and original == "locales/0000.json") else "1"
        digest = hashlib.sha256(original.encode()).hexdigest()[:8]
        name = _HASHED.sub(f".{digest}.", original) if original in changed else original
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(f"{seed} {name} {salt}").randbytes(size))
        names.append(name)
    scripts = [name for name in names if name.endswith((".js", ".css"))][:20]
    tags = "".join(f'<script type="module" src="/{name}"></script>\n' for name in scripts)
    version = hashlib.sha256("".join(names).encode()).hexdigest()
    (folder / "index.html").write_text(f"<!doctype html><title>{version}</title>\n{tags}<div id=root></div>\n")
    (folder / "asset-manifest.json").write_text(json.dumps(names))
    (folder / "version.json").write_text(json.dumps({"version": version}))


def touch(folder):
    """What a fresh checkout does: the same files, all of them written now."""
    for path in Path(folder).rglob("*"):
        path.touch()


def age(folder):
    """What an incremental build leaves: files as old as at the first publication, but for those that changed."""
    long_ago = time.time() - 86400
    first = folder.parent / "1"
    for path in Path(folder).rglob("*"):
        twin = first / path.relative_to(folder)
        changed = path.is_file() and not (twin.is_file() and twin.read_bytes() == path.read_bytes())
        if path.is_file():
            os.utime(path, None if changed else (long_ago, long_ago))
