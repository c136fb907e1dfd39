# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads that a publish most likely needs, made while its bundle is being hashed.

Nothing is decided here: whoever needs a read gets it, or what it raised, as if it were made then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .looks import Looks, look_around
from .model_plan import INDEX, Manifest
from .observe import read_current, read_manifest
from .state_plan import Current
from .store import Store

_AT_ONCE = 2


class Ahead:
    """A context manager. found, looks, manifests: what is being read; looks None and manifests empty for nothing."""

    def __init__(self, store: Store, client: Callable[[str], Any], bucket: str, distribution_id: str) -> None:
        """client: makes boto3 clients, in this thread."""
        self.found: Future[tuple[Current | None, str]] | None = None
        self.looks: Future[Looks] | None = None
        self.manifests: dict[str, Future[Manifest]] = {}
        self._store, self._client = store, client
        self._names = bucket, distribution_id
        self._pool = ThreadPoolExecutor(_AT_ONCE)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, bundle: str) -> None:
        """Reads the state; and what a change needs, too, where the bundle's index is not the one that is live.

        That one's ETag is the MD5 of its bytes, except with SSE-KMS, where it is always another one: then a publish
        that changes nothing makes a few reads more.
        """
        self.found = self._pool.submit(read_current, self._store)
        if self.found.exception():
            return
        current, index = self.found.result()[0], _md5(Path(bundle) / INDEX)
        if not index or (current is not None and current.active and current.index_etag == f'"{index}"'):
            return
        clients = {name: self._client(name) for name in ("s3", "cloudfront")}
        self.looks = self._pool.submit(look_around, clients.__getitem__, *self._names)
        if current is not None:
            self.manifests[current.release] = self._pool.submit(read_manifest, self._store, current.release)


def _md5(place: Path) -> str:
    """Empty for what is no file that can be read, as one in a tarball."""
    try:
        return hashlib.md5(place.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError:
        return ""
