# SPDX-License-Identifier: GPL-3.0-or-later
"""site_release's S3 engine doing no more than the peers do: what changed is uploaded, by one read of a manifest.

No guard, no barrier, no invalidation, no proof: only to tell the engine's seconds from the release's. `... FOLDER`.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import sys
from pathlib import Path

import boto3
from ansible_collections.slipway.ops.plugins.module_utils.site.store import Put, Store

from tests.bench.sites.front import BUCKET, FOLDER

MANIFEST = "state/manifest.json"


def main(folder):
    store = Store(boto3.client("s3"), BUCKET)
    found = store.get(MANIFEST)
    live = json.loads(found[0]) if found else {}
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    puts = [
        Put(
            FOLDER + name, files[name], sha256, {"content-type": mimetypes.guess_type(name)[0] or "binary/octet-stream"}
        )
        for name, sha256 in hashes.items()
        if live.get(name) != sha256
    ]
    if puts:
        store.put_all(puts)
        store.put(MANIFEST, json.dumps(hashes).encode(), if_match=found[1] if found else None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
