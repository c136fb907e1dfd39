# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack a built site: the action `bundle`. The same files give the same bytes, whoever packs them and whenever.

The release is named, and checked, by the code that publishes it, so that what a publisher would refuse fails here.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tarfile
import tempfile
from pathlib import Path

# This file's checkout of Slipway; the action runs it with the runner's own Python.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from plugins.module_utils.site.bundle import BundleError, Source
from plugins.module_utils.site.preflight import read_release

MOST_BYTES, MOST_FILES = 1024**3, 20000


def pack(files: dict[str, Source], target: Path) -> None:
    """A tarball of regular files, in order, without times, owners or modes of this machine."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = files[path].size
            with files[path].place.open("rb") as content:
                archive.addfile(entry, content)


def main() -> int:
    """SOURCE and TARGET name folder and tarball; the outputs are bundle, digest and release."""
    folder, target = os.environ["SOURCE"], Path(os.environ["TARGET"])
    with tempfile.TemporaryDirectory() as scratch:
        try:
            manifest, sources = read_release(folder, Path(scratch), MOST_BYTES, MOST_FILES)
        except BundleError as error:
            print(f"::error title=Bundle::{folder!a} cannot be published: {' '.join(str(error).split())}", flush=True)
            return 1
        pack(sources, target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    values = {"bundle": str(target), "digest": f"sha256:{digest}", "release": manifest.release}
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in values.items())
    print(f"Release {manifest.release}: {len(sources)} files, {target.stat().st_size:,} bytes packed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
