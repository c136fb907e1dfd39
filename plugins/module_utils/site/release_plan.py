# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a publish or a rollback does, decided from what was observed. Pure and total.

A run that was killed leaves the state activating, invalidating or verifying. The next one that wants the same carries
on where it was, with the same number, paths and caller reference; one that wants something else begins an activation
of its own, over everything that may be live by then.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..invalidation.items_plan import tag_items
from ..invalidation.paths_plan import plan_paths
from ..invalidation.price_plan import price_of
from ..invalidation.reference_plan import release_reference
from ..invalidation.routes_plan import Routes
from .diff_plan import Difference, Snapshot, difference
from .manifest_plan import TAG, kind_of
from .model_plan import CONFIG, INDEX, SITE, Manifest, Wanted, map_key, short, site_key
from .prune_plan import prune_keys
from .state_plan import ACTIVATING, INVALIDATING, Current, activated
from .steps_plan import (
    Activate,
    Barrier,
    Counts,
    Finish,
    Invalidate,
    Plan,
    Prove,
    Prune,
    Remove,
    Step,
    SwitchIndex,
    Upload,
    Wait,
    WriteDocuments,
    WriteFiles,
    WriteWorkers,
)

# Clashes told in one message.
_TOLD = 5
# Paths proven at the edge besides the index document, and how large each may be, in bytes.
_PROVEN = 20
_PROVEN_SIZE = 5_000_000


def continues(current: Current | None, wanted: Wanted) -> bool:
    """Whether an activation that was killed is what is wanted now."""
    return (
        current is not None
        and not current.active
        and current.release == wanted.release
        and current.maps == wanted.maps
        and current.distribution_id == wanted.distribution_id
        and wanted.config in (None, current.config)
    )


def after_of(snapshot: Snapshot, wanted: Wanted) -> Current:
    """The state as it is to be, for whoever has to know what will be kept."""
    current = snapshot.current
    if current is not None and (continues(current, wanted) or _settled(current, wanted)):
        return current
    return activated(current, wanted, (), "")


def _settled(current: Current, wanted: Wanted) -> bool:
    return current.active and current.release == wanted.release


def plan_release(snapshot: Snapshot, wanted: Wanted, old: Mapping[str, Manifest], kept: Mapping[str, Manifest]) -> Plan:
    """old: the releases that need be kept no longer. kept: those that are; both only as far as something goes."""
    current = snapshot.current
    resumed = continues(current, wanted)
    found = difference(snapshot, wanted, resumed=resumed)
    blocked = _blocked(snapshot, wanted, found)
    if blocked:
        return Plan(blocked=blocked)
    if resumed and (found.heals or (snapshot.seen and snapshot.seen.extra)):
        # What is to be healed is not in the paths that the activation has announced: it takes a new one.
        resumed, found = False, difference(snapshot, wanted, resumed=False)
    if resumed and current is not None:
        items, after = current.paths, current
    else:
        items = _items(snapshot, wanted, found)
        number = current.seq + 1 if current else 1
        after = activated(current, wanted, items, release_reference(number, wanted.release, items) if items else "")
    if current is not None and not resumed and not _needed(current, wanted, found):
        after = current
        steps: list[Step] = []
    else:
        steps = [*_steps(snapshot, wanted, found, after, resumed=resumed), Finish(tuple(old))]
    prune = _prune(snapshot, wanted, old, kept)
    if prune:
        steps.append(prune)
    return _plan(snapshot, wanted, found, tuple(steps), after, prune, items)


def _needed(current: Current, wanted: Wanted, found: Difference) -> bool:
    same = current.active and current.release == wanted.release and current.maps == wanted.maps
    return found.any or not same or current.distribution_id != wanted.distribution_id


def _blocked(snapshot: Snapshot, wanted: Wanted, found: Difference) -> tuple[str, ...]:
    problems = [
        f"{path} has other bytes than the file of that name that browsers keep for a year: a name in {folder} with a"
        " content hash must change with the content: build it anew, or move it out of that folder"
        for path in found.clashes[:_TOLD]
        for folder in [f"{path.partition('/')[0]}/"]
    ]
    if len(found.clashes) > _TOLD:
        problems.append(f"and {len(found.clashes) - _TOLD} more like this")
    seen = snapshot.seen
    if snapshot.current is None and seen and INDEX in seen.etags and not wanted.verify:
        problems.append(
            "the bucket has an index.html under site/, and no state of Slipway: somebody else publishes there; with"
            " verify it is taken over, and what the release does not have goes"
        )
    if wanted.action == "rollback" and (found.fresh or found.heals):
        gone = [*found.fresh, *found.heals]
        problems.append(
            f"release {short(wanted.release)} cannot be returned to: {len(gone)} of its files are missing or damaged,"
            f" {gone[0]} is one: publish its bundle again"
        )
    return tuple(problems)


def _items(snapshot: Snapshot, wanted: Wanted, found: Difference) -> tuple[str, ...]:
    """What the edge is told."""
    edge, changed = wanted.edge, set(found.changed)
    tags: list[str] = []
    if edge.mode == "tag":
        tagged = {path for path in found.mutable if path in changed} | ({CONFIG} if found.config else set())
        tagged |= {path for path in found.removes if path.endswith((".html", ".htm"))}
        tags = tag_items([TAG]) if tagged & changed else []
        changed -= tagged
    named = {path for path, file in found.target.items() if file.fixed} - changed
    plan = plan_paths(
        changed,
        Routes(rewritten=edge.routes),
        edge.budget,
        immutable=named,
        unchanged=found.target.keys() - changed - named,
        running=snapshot.busy,
    )
    return (*tags, *plan.items)


def _steps(snapshot: Snapshot, wanted: Wanted, found: Difference, after: Current, *, resumed: bool) -> list[Step]:
    state = after.state if resumed else ""
    steps: list[Step] = []
    if state in ("", ACTIVATING):
        steps += _before(snapshot, wanted, found, resumed=resumed)
        steps += _switch(snapshot, wanted, found, after)
    if state in ("", ACTIVATING, INVALIDATING) and after.paths:
        many = f"{len(after.paths)} path{'' if len(after.paths) == 1 else 's'}"
        steps += [Invalidate(after.paths, after.caller_reference, f"invalidate {many}"), Wait()]
    workers = found.of_kind("worker")
    if workers:
        steps.append(WriteWorkers(workers, f"write {', '.join(workers)}"))
    return [*steps, Prove(_proven(found))]


def _before(snapshot: Snapshot, wanted: Wanted, found: Difference, *, resumed: bool) -> list[Step]:
    """All that is done before anything that visitors see changes."""
    steps: list[Step] = []
    current, release = snapshot.current, wanted.release
    title = f"upload {len(found.fresh)} new of {len(found.target)} files"
    staged = current is not None and release in current.kept_releases
    if not staged or (wanted.verify and wanted.action == "publish"):
        entries = tuple(path for path, file in found.target.items() if not file.fixed)
        maps = _private_maps(snapshot, wanted)
        steps.append(Upload(found.fresh, entries, maps, manifest=True, title=title))
    elif found.fresh:
        steps.append(Upload(found.fresh, (), (), manifest=False, title=title))
    later = {*found.mutable, *found.heals}
    expected = tuple(path for path, file in found.target.items() if path not in later and file.kind != "map")
    # A plan that was made from a listing, and uploads nothing, has the proof already.
    if found.fresh or not snapshot.seen:
        steps.append(Barrier(expected))
    return steps if resumed else [*steps, Activate()]


def _private_maps(snapshot: Snapshot, wanted: Wanted) -> tuple[str, ...]:
    if not wanted.private_maps:
        return ()
    maps = {path: file for path, file in wanted.manifest.files.items() if file.kind == "map"}
    return tuple(path for path, file in maps.items() if map_key(file) not in (snapshot.maps or ()))


def _switch(snapshot: Snapshot, wanted: Wanted, found: Difference, after: Current) -> list[Step]:
    steps: list[Step] = []
    files, documents = found.of_kind("file", "map"), found.of_kind("document")
    others = tuple(path for path in documents if path != INDEX)
    config = after.config if found.config else None
    total = len(files) + len(found.heals) + len(found.copies) + (config is not None)
    if total:
        title = f"write {total} file{'' if total == 1 else 's'}"
        steps.append(WriteFiles(files, found.heals, found.copies, config, title))
    if others:
        steps.append(WriteDocuments(others, f"write {len(others)} document{'' if len(others) == 1 else 's'}"))
    if INDEX in documents:
        # Only verify replaces what somebody else has written there.
        seen = snapshot.seen if wanted.verify else None
        expected = seen.etags.get(INDEX, "") if seen else after.index_etag
        steps.append(SwitchIndex(expected, found.known))
    if found.removes:
        steps.append(Remove(found.removes, f"remove {len(found.removes)} that the release does not have"))
    return steps


def _proven(found: Difference) -> tuple[str, ...]:
    """The index, and as much of what changed as a few requests show."""
    target = found.target
    paths = [path for path in (*found.mutable, *found.heals) if path != INDEX and target[path].size < _PROVEN_SIZE]
    return (INDEX, *paths[:_PROVEN])


def _prune(
    snapshot: Snapshot, wanted: Wanted, old: Mapping[str, Manifest], kept: Mapping[str, Manifest]
) -> Prune | None:
    strays = snapshot.seen.strays if snapshot.seen else ()
    if not old and not strays:
        return None
    keys = (*prune_keys(old, kept.values(), maps=wanted.maps), *strays)
    return Prune(tuple(old), keys, f"remove {len(old)} old release{'' if len(old) == 1 else 's'}, {len(keys)} objects")


def _plan(
    snapshot: Snapshot,
    wanted: Wanted,
    found: Difference,
    steps: tuple[Step, ...],
    after: Current,
    prune: Prune | None,
    items: tuple[str, ...],
) -> Plan:
    current = snapshot.current
    base = _base(snapshot)
    written = {*found.fresh, *found.heals, *found.copies, *found.mutable}
    switched = any(isinstance(step, Finish) for step in steps)
    pruned = [key.removeprefix(SITE) for key in prune.keys if key.startswith(SITE)] if prune else []
    price = price_of(len(items))
    counts = Counts(
        added=tuple(path for path in found.target if path not in base and path in written),
        changed=tuple(sorted((path for path in written if path in base), key=lambda path: path != INDEX)),
        unchanged=tuple(path for path in found.target if path not in written),
        removed=(*found.removes, *pruned),
    )
    if not switched:
        items, price = (), price_of(0)
    return Plan(
        steps=steps,
        after=after,
        counts=counts,
        kinds={path: file.kind for path, file in found.target.items()} | {CONFIG: "config"},
        bytes=_bytes(steps, found, wanted.manifest),
        items=items,
        reference=after.caller_reference if items else "",
        price=price.at_most,
        price_text=price.text,
        diff=_diff(current, after, counts),
    )


def _bytes(steps: tuple[Step, ...], found: Difference, manifest: Manifest) -> int:
    total = 0
    for step in steps:
        if isinstance(step, Upload):
            total += sum(manifest.files[path].size for path in (*step.assets, *step.entries, *step.maps))
        elif isinstance(step, WriteFiles):
            total += sum(found.target[path].size for path in (*step.paths, *step.heals))
        elif isinstance(step, WriteDocuments | WriteWorkers):
            total += sum(found.target[path].size for path in step.paths)
        elif isinstance(step, SwitchIndex):
            total += found.target[INDEX].size
    return total


def _base(snapshot: Snapshot) -> set[str]:
    return {path for manifest in snapshot.manifests.values() for path in manifest.files}


def _diff(current: Current | None, after: Current, counts: Counts) -> dict[str, dict[str, object]]:
    """Before and after as --diff shows them."""

    def named(state: Current | None) -> dict[str, object]:
        if state is None:
            return {"release": "", "seq": 0, "files": []}
        return {"release": state.release, "seq": state.seq}

    before = {**named(current), "files": [f"{path} (old)" for path in counts.changed] + list(counts.removed)}
    return {
        "before": before,
        "after": {**named(after), "files": [f"{path} (new)" for path in counts.changed] + list(counts.added)},
    }


def plan_prune(snapshot: Snapshot, old: Mapping[str, Manifest], kept: Mapping[str, Manifest]) -> Plan:
    """What goes when no release is switched. The bucket was listed."""
    current, seen = snapshot.current, snapshot.seen
    if current is None:
        return Plan(blocked=("nothing was ever published there",))
    if not current.active:
        return Plan(
            blocked=(f"the switch to {short(current.release)} is not finished: publish or roll back, which ends it",)
        )
    extra = seen.extra if seen else ()
    keys = (*prune_keys(old, kept.values(), maps=current.maps), *(site_key(path) for path in extra))
    keys = (*keys, *(seen.strays if seen else ()))
    pruned = tuple(key.removeprefix(SITE) for key in keys if key.startswith(SITE))
    counts = Counts(removed=pruned)
    title = f"remove {len(old)} old release{'' if len(old) == 1 else 's'}, {len(keys)} objects"
    return Plan(
        steps=(Prune(tuple(old), keys, title),) if keys or old else (),
        after=current,
        counts=counts,
        kinds={path: kind_of(path) for path in pruned},
        diff=_diff(current, current, counts),
    )
