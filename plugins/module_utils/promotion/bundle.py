# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Brings a kept release out of its bucket, as the bundle it was: every file by its SHA-256, the whole by its name."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ..site.model_plan import Manifest, UnreadableError
from ..site.observe import read_manifest
from ..site.store import Store
from .bundle_plan import keys_of, manifest_problems, missing_text

_AT_ONCE = 16


def fetch(store: Store, release: str, dest: Path) -> Manifest:
    """Write the release to dest, a tarball that is the same for the same release; what was there stays until it is
    whole. Raises UnreadableError, StoreError, OSError."""
    manifest = read_manifest(store, release)
    problems = manifest_problems(manifest)
    if problems:
        raise UnreadableError(f"release {release} in bucket {store.bucket}: {'; '.join(problems)}")
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=dest.parent, prefix=f".{dest.name}.", delete=False) as stream:
        made = Path(stream.name)
        try:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for path, body in bodies(store, manifest):
                    member = tarfile.TarInfo(path)
                    member.size, member.mode = len(body), 0o644
                    archive.addfile(member, io.BytesIO(body))
            made.replace(dest)
        finally:
            with suppress(FileNotFoundError):
                made.unlink()
    return manifest


def bodies(store: Store, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """Path and bytes in the manifest's order, a few of them read ahead."""
    keys = keys_of(manifest)
    waiting = iter(manifest.files)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pending: deque[tuple[str, Future[bytes]]] = deque()

        def begin(count: int) -> None:
            for path in islice(waiting, count):
                pending.append((path, pool.submit(_body, store, manifest, path, keys)))

        begin(_AT_ONCE)
        while pending:
            path, body = pending.popleft()
            yield path, body.result()
            begin(1)


def _body(store: Store, manifest: Manifest, path: str, keys: Mapping[str, tuple[str, ...]]) -> bytes:
    file = manifest.files[path]
    for key in keys[path]:
        found = store.get(key)
        if found is not None and hashlib.sha256(found[0]).hexdigest() == file.sha256:
            return found[0]
    raise UnreadableError(missing_text(manifest.release, path, file, store.bucket))
