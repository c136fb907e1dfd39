# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what a plan is made from. What cannot be read is an error and never taken for absent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..invalidation import observe as edge
from ..invalidation.items_plan import viewer_path
from ..invalidation.paths_plan import NOTHING, InProgress
from .diff_plan import Snapshot
from .distribution import cache_policies
from .distribution_plan import configuration_notes, configuration_problems, policies_of
from .guard_plan import bucket_problems, distribution_notes, distribution_problems
from .looks import ALWAYS, Looks, look_around
from .model_plan import (
    CONFIG,
    CURRENT,
    MAPS,
    RELEASES,
    SITE,
    File,
    Manifest,
    Seen,
    UnreadableError,
    Wanted,
    entry_key,
    manifest_from,
    manifest_key,
    short,
    site_key,
)
from .prune_plan import droppable, map_keys
from .release_plan import after_of
from .state_plan import Current, bases, current_from
from .store import Listed, Store

_AT_ONCE = 16
# A page of a list has 1,000 objects: so many of this release, and those that only older ones have.
_PART = 700


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the bucket and the distribution themselves say. busy: what others invalidate now."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    busy: InProgress = NOTHING


def read_current(store: Store) -> tuple[Current | None, str]:
    """The site's state and its ETag; None where nothing was ever published."""
    found = store.get(CURRENT)
    return (current_from(found[0]), found[1]) if found else (None, "")


def read_manifest(store: Store, release: str) -> Manifest:
    found = store.get(manifest_key(release))
    if found is None:
        raise UnreadableError(f"release {short(release)} has no manifest any more: {manifest_key(release)} is missing")
    return manifest_from(found[0], release)


def read_manifests(
    store: Store, releases: Iterable[str], ahead: Mapping[str, Future[Manifest]] | None = None
) -> dict[str, Manifest]:
    """ahead: those that are being read already, which never change."""
    names = list(releases)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reads = {name: (ahead or {}).get(name) or pool.submit(read_manifest, store, name) for name in names}
        return {name: read.result() for name, read in reads.items()}


def observe(
    store: Store,
    found: tuple[Current | None, str],
    wanted: Wanted,
    busy: InProgress,
    *,
    listing: bool,
    ahead: Mapping[str, Future[Manifest]] | None = None,
) -> Snapshot:
    """found: what read_current() gave. listing: whether the bucket is listed and compared, too. ahead: see
    read_manifests()."""
    current, etag = found
    names = dict.fromkeys([*bases(current), *(current.over if current else ())])
    manifests = read_manifests(store, (name for name in names if name != wanted.release), ahead)
    if wanted.release in names:
        manifests[wanted.release] = wanted.manifest
    seen = look(store, current, wanted) if listing else None
    return Snapshot(current, etag, manifests, seen, busy)


def expendable(
    store: Store, current: Current | None, wanted: Wanted
) -> tuple[dict[str, Manifest], dict[str, Manifest]]:
    """The manifests of the releases that need be kept no longer, and of those that are; nothing when none goes.

    A release goes with a switch, or when asked: that time has passed makes a publish with nothing to do no change.
    """
    after = after_of(Snapshot(current), wanted)
    idle = after is current and after.active and not wanted.verify and wanted.action != "prune"
    names = after.pruning if idle else droppable(after, wanted.keeping, wanted.now)
    if not names:
        return {}, {}
    # One whose removal was interrupted may have lost its manifest already, which goes last: nothing is left of it.
    old = {}
    for name in names:
        text = store.get(manifest_key(name))
        old[name] = manifest_from(text[0], name) if text else Manifest({})
    others = [name for name in after.kept_releases if name not in names and name != wanted.release]
    return old, {**read_manifests(store, others), wanted.release: wanted.manifest}


def look(store: Store, current: Current | None, wanted: Wanted) -> Seen:
    """Lists the bucket and compares it with what is wanted; with verify, and for prune, also with all that is kept."""
    listed = list_site(store, wanted.manifest.files if current else ())
    target = wanted.manifest.public(maps=wanted.maps)
    text = wanted.config if wanted.config is not None else current.config if current else None
    if text is not None:
        target[CONFIG] = config_file(text)
    wrong = damaged(store, {path: file for path, file in target.items() if path in listed}, listed)
    etags = {path: item.etag for path, item in listed.items()}
    if not (wanted.verify or wanted.action == "prune"):
        return Seen(etags, wrong)
    kept = current.kept_releases if current else ()
    manifests = read_manifests(store, (name for name in kept if name != wanted.release))
    known = set(target).union(*(manifest.public(maps=wanted.maps) for manifest in manifests.values()))
    own = {*kept, wanted.release, *(current.pruning if current else ())}
    strays = [key for key in store.list(RELEASES) if key.removeprefix(RELEASES).partition("/")[0] not in own]
    strays += store.list(MAPS).keys() - map_keys([*manifests.values(), wanted.manifest])
    return Seen(etags, wrong, tuple(sorted(listed.keys() - known - {CONFIG})), tuple(sorted(strays)))


def list_site(store: Store, paths: Iterable[str]) -> dict[str, Listed]:
    """Path -> object, of all under site/. paths: what is there most likely, by which the list is read in parts."""
    keys = sorted(site_key(path) for path in paths)
    splits = keys[_PART::_PART]
    return {key.removeprefix(SITE): item for key, item in store.list(SITE, splits).items()}


def config_file(text: str) -> File:
    """The rendered configuration, to be compared as files are."""
    content = text.encode()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return File(hashlib.sha256(content).hexdigest(), digest, len(content), "config", {"Cache-Control": "no-store"})


def damaged(store: Store, files: Mapping[str, File], listed: Mapping[str, Listed]) -> frozenset[str]:
    """The paths of files under which the bucket has other bytes.

    An ETag that is the MD5 proves the bytes. Any other proves nothing (SSE-KMS, uploads in parts): S3's own checksum
    does then, and where there is none the object is read.
    """
    unsure = []
    wrong = set()
    for path, file in files.items():
        if listed[path].size != file.size:
            wrong.add(path)
        elif listed[path].etag.strip('"') != file.md5:
            unsure.append(path)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        hashes = pool.map(lambda path: sha256_at(store, site_key(path)), unsure)
    wrong.update(path for path, found in zip(unsure, hashes, strict=True) if found != files[path].sha256)
    return frozenset(wrong)


def sha256_at(store: Store, key: str) -> str:
    """Of the object as it is now; empty for none."""
    found = store.head(key)
    if found is None or found.sha256:
        return found.sha256 if found else ""
    body = store.get(key)
    return hashlib.sha256(body[0]).hexdigest() if body else ""


def read_entries(store: Store, manifest: Manifest, paths: Iterable[str]) -> dict[str, bytes]:
    """The kept copies of a release's mutable files. Raises UnreadableError for one that is gone or damaged."""
    names = list(paths)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        bodies = list(pool.map(lambda path: store.get(entry_key(manifest.release, path)), names))
    found = {}
    for path, body in zip(names, bodies, strict=True):
        file = manifest.files[path]
        if body is not None and hashlib.sha256(body[0]).hexdigest() == file.sha256:
            found[path] = body[0]
        elif file.kind != "map":
            raise UnreadableError(
                f"release {short(manifest.release)} cannot be returned to: its copy of {path} is missing or damaged"
                f" ({entry_key(manifest.release, path)}): publish its bundle again"
            )
    return found


def guard(
    client: Callable[[str], Any], bucket: str, distribution_id: str, wanted: Wanted, looks: Looks | None = None
) -> Guarded:
    """client: makes boto3 clients. looks: what look_around() gave a moment ago, None to look now."""
    looks = looks or look_around(client, bucket, distribution_id)
    front, distribution = client("cloudfront"), looks.distribution
    problems = bucket_problems(bucket, *looks.openness)
    if distribution is None:
        return Guarded((*problems, f"distribution {distribution_id} does not exist: run site.yml first"), ())
    problems += distribution_problems(distribution, bucket, wanted.edge.mode)
    if problems:
        return Guarded(tuple(problems), ())
    paths = _mutable_paths(wanted)
    problems = configuration_problems(distribution, bucket, looks.policy, paths)
    more = [name for name in policies_of(distribution, paths) if name not in looks.policies]
    policies = {**looks.policies, **(cache_policies(front, more) if more else {})}
    notes = (*distribution_notes(distribution), *configuration_notes(distribution, policies, paths))
    if problems or not distribution.get("InProgressInvalidationBatches"):
        return Guarded(tuple(problems), notes)
    running = edge.running(front, edge.observe(front, distribution_id))
    return Guarded((), notes, InProgress.of(item for one in running for item in one.items))


def _mutable_paths(wanted: Wanted) -> list[str]:
    """The viewer paths of what is served under a name that stays."""
    files = wanted.manifest.public(maps=wanted.maps)
    return [*ALWAYS, *(viewer_path(path) for path, file in files.items() if not file.fixed)]
