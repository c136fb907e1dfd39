# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a release is, what stands in the bucket, and what is wanted, as observing and planning exchange it. Pure.

Keys of the bucket: site/PATH is what CloudFront serves, releases/ID/manifest.json and releases/ID/entry/PATH are what a
rollback needs, maps/SHA256 are source maps kept private, state/ is the site's state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

INDEX = "index.html"
CONFIG = "config.json"
SITE = "site/"
RELEASES = "releases/"
MAPS = "maps/"
CURRENT = "state/current.json"
HISTORY = "state/history/"
SHOWN_DIGITS = 12


class UnreadableError(Exception):
    """A document of the bucket that is not what it should be. One line, for people."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a release. kind: immutable, file, document, worker or map. sha256, md5: in hex. size: bytes."""

    sha256: str
    md5: str
    size: int
    kind: str
    headers: Mapping[str, str]

    @property
    def fixed(self) -> bool:
        """Whether its name changes with its content, so that it is written once and never again."""
        return self.headers["Cache-Control"].endswith("immutable")

    def same(self, other: File | None) -> bool:
        return other is not None and self.sha256 == other.sha256 and self.headers == other.headers


@dataclass(frozen=True)
class Manifest:
    """All files of a release by path. The release's name is the SHA-256 of their canonical form."""

    files: Mapping[str, File]

    @cached_property
    def release(self) -> str:
        return hashlib.sha256(_json(_identity(self.files)).encode()).hexdigest()

    @property
    def text(self) -> str:
        """As it is stored. md5 is beside the rest: the name does not depend on it."""
        digests = {path: file.md5 for path, file in self.files.items()}
        return _json({"version": 1, "release": self.release, "files": _identity(self.files), "md5": digests})

    def public(self, *, maps: bool) -> dict[str, File]:
        """What CloudFront serves of it."""
        return {path: file for path, file in self.files.items() if maps or file.kind != "map"}


def _identity(files: Mapping[str, File]) -> dict[str, dict[str, object]]:
    return {
        path: {"sha256": file.sha256, "size": file.size, "class": file.kind, "headers": dict(file.headers)}
        for path, file in files.items()
    }


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def manifest_from(text: bytes, release: str) -> Manifest:
    """What Manifest.text wrote. Raises UnreadableError for anything else, and for the manifest of another release."""
    try:
        parsed = json.loads(text)
        digests = parsed["md5"]
        files = {
            path: File(item["sha256"], digests[path], item["size"], item["class"], item["headers"])
            for path, item in parsed["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(f"{manifest_key(release)} is no manifest: {error}") from error
    found = Manifest(files)
    if found.release != release:
        raise UnreadableError(f"{manifest_key(release)} is the manifest of {short(found.release)}: it was overwritten")
    return found


def site_key(path: str) -> str:
    return SITE + path


def manifest_key(release: str) -> str:
    return f"{RELEASES}{release}/manifest.json"


def entry_key(release: str, path: str) -> str:
    return f"{RELEASES}{release}/entry/{path}"


def map_key(file: File) -> str:
    """By content, as most maps are those of the release before."""
    return f"{MAPS}{file.sha256}"


def short(release: str) -> str:
    """A release for people."""
    return release[:SHOWN_DIGITS]


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Edge:
    """How the edge is told. mode: paths or tag. routes: viewer paths that the distribution rewrites to the index."""

    mode: str = "paths"
    budget: int = 10
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long releases are kept: so many of them, and so many days after they stopped being live."""

    releases: int = 5
    days: float = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is to bring about. config: the text of /config.json, None to leave what is live. now: ISO 8601, UTC.

    maps: whether source maps are served; private_maps: whether they are kept where nobody is served from instead.
    """

    action: str
    manifest: Manifest
    distribution_id: str
    run_id: str
    now: str
    config: str | None = None
    maps: bool = False
    private_maps: bool = True
    verify: bool = False
    edge: Edge = field(default_factory=Edge)
    keeping: Keeping = field(default_factory=Keeping)
    by: str = ""
    run_url: str = ""
    git_sha: str = ""

    @property
    def release(self) -> str:
        return self.manifest.release


@dataclass(frozen=True, slots=True)
class Seen:
    """What listing the bucket showed. etags: path to ETag of all under site/. wrong: the wanted release's paths under
    which there are other bytes. extra: paths that belong to no kept release; strays: keys of releases nobody knows."""

    etags: Mapping[str, str]
    wrong: frozenset[str] = frozenset()
    extra: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
