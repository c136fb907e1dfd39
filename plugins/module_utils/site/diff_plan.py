# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What differs between what may be live and what is to be. Pure.

The bases are the releases whose documents may be live: one, or several after runs that were killed. A file needs no
write only where all of them have it as it is to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..invalidation.paths_plan import NOTHING, InProgress
from .model_plan import CONFIG, File, Manifest, Seen, Wanted
from .state_plan import Current, bases, maps_served


@dataclass(frozen=True, slots=True)
class Snapshot:
    """current: None where nothing was ever published. etag: of state/current.json. manifests: those of the bases.

    seen: None when the bucket was not listed. busy: what invalidations in progress use of the distribution's quotas.
    maps: keys of private source maps, None when those were not listed.
    """

    current: Current | None
    etag: str = ""
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    seen: Seen | None = None
    busy: InProgress = NOTHING
    maps: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Paths by what has to be done to them.

    fresh: assets to upload before anything else. heals: assets that were there and are damaged or gone. copies: assets
    with other headers. mutable: all others that are to be written. removes: what must not be served any more.
    config: whether /config.json is to be written. clashes: assets whose bytes changed under a name that must not.
    """

    target: Mapping[str, File]
    fresh: tuple[str, ...]
    heals: tuple[str, ...]
    copies: tuple[str, ...]
    mutable: tuple[str, ...]
    removes: tuple[str, ...]
    config: bool
    clashes: tuple[str, ...]
    known: frozenset[str]

    @property
    def changed(self) -> tuple[str, ...]:
        """What the edge may have otherwise than it is to be. A worker is written after the invalidation is done."""
        paths = {path for path in self.mutable if self.target[path].kind != "worker"}
        paths.update(self.heals, self.copies, self.removes, {CONFIG} if self.config else ())
        return tuple(sorted(paths))

    @property
    def any(self) -> bool:
        return bool(self.fresh or self.mutable or self.changed)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        return tuple(path for path in self.mutable if self.target[path].kind in kinds)


def difference(snapshot: Snapshot, wanted: Wanted, *, resumed: bool) -> Difference:
    """resumed: the run carries on with an activation, of which the bases are those that it began with."""
    current, seen = snapshot.current, snapshot.seen
    target = wanted.manifest.public(maps=wanted.maps)
    live = _live(snapshot, wanted, resumed=resumed)
    kept = current is not None and wanted.release in current.kept_releases
    fixed = {path for path, file in target.items() if file.fixed}
    # Whoever has the release itself, or a base with the same bytes under the same name, has proven that it was there;
    # of the release itself all but the source maps, which may not have been served.
    own = {path for path in fixed if target[path].kind != "map"} if kept else set()
    there = own | {path for path in fixed if any(_same_bytes(files, path, target) for files in live)}
    clashes = {path for path in fixed for files in live if path in files and not _same_bytes(files, path, target)}
    missing = {path for path in target if path not in seen.etags} if seen else set()
    wrong = set(seen.wrong) if seen else set()
    clashes |= (wrong & fixed) - there
    fresh = {path for path in fixed - there if not seen or path in missing}
    copies = {path for path in fixed & there for files in live if path in files and not target[path].same(files[path])}
    mutable = {
        path
        for path in target.keys() - fixed
        if path in missing or path in wrong or not live or not all(target[path].same(files.get(path)) for files in live)
    }
    heals = (missing | wrong) & fixed & there
    return Difference(
        target=target,
        fresh=tuple(sorted(fresh)),
        heals=tuple(sorted(heals)),
        copies=tuple(sorted(copies - heals - clashes)),
        mutable=tuple(sorted(mutable)),
        removes=_removes(live, target, seen),
        config=_config_due(current, wanted, seen),
        clashes=tuple(sorted(clashes)),
        known=frozenset(files["index.html"].sha256 for files in live),
    )


def _live(snapshot: Snapshot, wanted: Wanted, *, resumed: bool) -> list[dict[str, File]]:
    """The files of each base."""
    current = snapshot.current
    if current is None:
        return []
    names, maps = (current.over, current.maps_over) if resumed else (bases(current), maps_served(current))
    known = {**snapshot.manifests, wanted.release: wanted.manifest}
    return [known[name].public(maps=maps) for name in names]


def _same_bytes(files: Mapping[str, File], path: str, target: Mapping[str, File]) -> bool:
    return path in files and files[path].sha256 == target[path].sha256


def _removes(live: list[dict[str, File]], target: Mapping[str, File], seen: Seen | None) -> tuple[str, ...]:
    """A page that the release does not have goes with the switch, and so does a source map that shall not be served.

    Other files stay as long as a kept release has them: tabs that are open ask for them.
    """
    gone = {path for files in live for path, file in files.items() if file.kind in ("document", "map")} - target.keys()
    extra = set(seen.extra) if seen else set()
    return tuple(sorted(gone | extra))


def _config_due(current: Current | None, wanted: Wanted, seen: Seen | None) -> bool:
    text = wanted.config if wanted.config is not None else current.config if current else None
    if text is None:
        return False
    if current is None or not current.active or text != current.config:
        return True
    return seen is not None and (CONFIG in seen.wrong or CONFIG not in seen.etags)
