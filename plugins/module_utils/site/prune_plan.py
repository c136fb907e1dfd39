# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which releases are not kept any longer, and which keys go with them. Pure.

Kept are the newest so many releases, those that were live within so many days (counted from when they stopped being
it, as that is when tabs were last opened with them), the live one, the one before, and whatever a run that was killed
may have left live. An asset goes when no kept release has it, however old it is: never by its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from .model_plan import Keeping, Manifest, entry_key, manifest_key, map_key, site_key
from .state_plan import Current


def droppable(current: Current, keeping: Keeping, now: str) -> tuple[str, ...]:
    """The kept releases that need be kept no longer, and those whose removal was begun; current: as it will be then."""
    newest = sorted(current.kept, key=lambda kept: kept.seq, reverse=True)[: keeping.releases]
    protected = {kept.release for kept in newest} | {current.release, current.previous, *current.over}
    since = datetime.fromisoformat(now) - timedelta(days=keeping.days)
    over = [
        kept.release
        for kept in current.kept
        if kept.release not in protected and kept.deactivated and datetime.fromisoformat(kept.deactivated) < since
    ]
    return tuple(dict.fromkeys([*current.pruning, *over]))


def prune_keys(dropped: Mapping[str, Manifest], kept: Iterable[Manifest], *, maps: bool) -> tuple[str, ...]:
    """The keys that only the dropped releases have. maps: whether the kept ones' source maps are served.

    The manifest goes last: with it goes the knowledge of what else belongs to the release.
    """
    remaining = tuple(kept)
    needed = {path for manifest in remaining for path in manifest.public(maps=maps)}
    site = {site_key(path) for manifest in dropped.values() for path in manifest.files if path not in needed}
    own = {
        entry_key(release, path)
        for release, manifest in dropped.items()
        for path, file in manifest.files.items()
        if not file.fixed or file.kind == "map"
    }
    unused = map_keys(dropped.values()) - map_keys(remaining)
    return (*sorted(site), *sorted(own), *sorted(unused), *(manifest_key(release) for release in sorted(dropped)))


def map_keys(manifests: Iterable[Manifest]) -> set[str]:
    """Where the source maps of these releases are, if they were kept private."""
    return {map_key(file) for manifest in manifests for file in manifest.files.values() if file.kind == "map"}
