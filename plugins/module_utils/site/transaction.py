# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A publish, a rollback or a prune from beginning to end: observe -> plan -> apply, with the lease, and its ending.

All state is in the bucket, so that a run that is killed at any moment is continued by the next one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Optional, Union

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ..blue_green.progress import Progress
from ..invalidation.invalidation import InvalidationError
from ..invalidation.proof import ProofError
from ..lease import Lease, LeaseHeldError, LeaseLostError, NoLease
from ..stopping import Stop, StoppedError
from .ahead import Ahead
from .apply import DriftError, EdgeOptions, Run, SupersededError, apply
from .diff_plan import Snapshot
from .ending_plan import found_text, served
from .model_plan import MAPS, Edge, Keeping, Manifest, UnreadableError, Wanted, short
from .observe import (
    Guarded,
    expendable,
    guard,
    observe,
    read_current,
    read_entries,
    read_manifest,
)
from .release_plan import plan_prune, plan_release
from .state_plan import Current
from .steps_plan import Plan, SwitchIndex, Upload, WriteDocuments, WriteFiles, WriteWorkers
from .store import Store

# A bucket that somebody damages while it is being published to is healed so often in one run.
MAX_PLANS = 3
# More new files than this are looked for in a listing before they are sent: a run that was killed has sent some.
MANY = 100

# Union and Optional, because ansible-test's pylint takes `|` between classes for a mistake.
Body = Callable[[str], Union[bytes, Path]]  # noqa: UP007


@dataclass
class Job:
    """One run of the module. lock_wait: seconds to wait for whoever has the lease. release: the one to return to.

    ahead: what is being read already, None for nothing.
    """

    store: Store
    client: Callable[[str], Any]
    bucket: str
    distribution_id: str
    action: str
    edge: EdgeOptions
    progress: Progress
    check_mode: bool
    config: str | None = None
    source_maps: str = "private"
    verify: bool = False
    release: str = ""
    invalidation: Edge = field(default_factory=Edge)
    keeping: Keeping = field(default_factory=Keeping)
    run: dict[str, str] = field(default_factory=dict)
    lease: Lease | NoLease = field(default_factory=NoLease)
    lock_wait: float = 0.0
    stop: Stop = field(default_factory=Stop)
    ahead: Ahead | None = None
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def wanted(self, manifest: Manifest) -> Wanted:
        return Wanted(
            action=self.action,
            manifest=manifest,
            distribution_id=self.distribution_id,
            run_id=self.run_id,
            now=self.clock().isoformat(timespec="seconds"),
            config=self.config,
            maps=self.source_maps == "upload",
            private_maps=self.source_maps == "private",
            verify=self.verify,
            edge=self.invalidation,
            keeping=self.keeping,
            by=self.run.get("by", ""),
            run_url=self.run.get("url", ""),
            git_sha=self.run.get("git_sha", ""),
        )


@dataclass
class Ending:
    """How a run ended. message: empty for an outcome that was asked for. current: the state as far as it is known."""

    outcome: str
    message: str = ""
    reason: str = ""
    found: str = ""
    changed: bool = False
    release: str = ""
    current: Current | None = None
    plan: Plan = field(default_factory=Plan)
    run: Run | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Attempt:
    """What one look at the site has led to."""

    snapshot: Snapshot
    wanted: Wanted
    body: Body
    plan: Plan


class BlockedError(Exception):
    """Nothing was changed, and nothing may be. problems: one text each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def refused(problems: tuple[str, ...], *, current: Current | None = None, known: bool = False) -> Ending:
    """known: whether the site's state was read."""
    why = "; ".join(problems)
    state = f"; {served(current)}" if known else ""
    return Ending("blocked", f"nothing was changed: {why}{state}", why, problems=problems, current=current)


def unread(error: Exception) -> Ending:
    """The site's state could not be read, which says nothing of what it is."""
    why = " ".join(str(error).split())
    return Ending("failed", f"nothing was changed, as what is there could not be read: {why}", why)


def publish(job: Job, manifest: Manifest, body: Body) -> Ending:
    """body: where the bytes of a path of the manifest are."""

    def attempt(found: tuple[Current | None, str], guarded: Guarded | None, listing: bool) -> Attempt:
        return _attempt(job, found, job.wanted(manifest), body, guarded, listing)

    return _carry_out(job, attempt, "promoted")


def rollback(job: Job) -> Ending:
    def attempt(found: tuple[Current | None, str], guarded: Guarded | None, _listing: bool) -> Attempt:
        target = _target(found[0], job.release)
        wanted = job.wanted(read_manifest(job.store, target))
        settled = found[0] is not None and found[0].active and found[0].release == target
        made = _attempt(job, found, wanted, _nowhere, guarded, listing=not settled)
        made.body = _entries(job, made)
        return made

    return _carry_out(job, attempt, "rolled_back")


def prune(job: Job) -> Ending:
    def attempt(found: tuple[Current | None, str], guarded: Guarded | None, _listing: bool) -> Attempt:
        current = found[0]
        if current is None:
            raise BlockedError(("nothing was ever published there",))
        wanted = replace(job.wanted(read_manifest(job.store, current.release)), maps=current.maps)
        snapshot = observe(job.store, found, wanted, _busy(guarded), listing=True)
        old, kept = expendable(job.store, current, wanted)
        return Attempt(snapshot, wanted, _nowhere, plan_prune(snapshot, old, kept))

    return _carry_out(job, attempt, "pruned")


Attempter = Callable[[tuple[Optional[Current], str], Optional[Guarded], bool], Attempt]  # noqa: UP045


def _attempt(
    job: Job,
    found: tuple[Current | None, str],
    wanted: Wanted,
    body: Body,
    guarded: Guarded | None,
    listing: bool,
) -> Attempt:
    """Plans from as few reads as will do: a listing only where it is asked for, or saves more than it costs."""
    listing = listing or wanted.verify or found[0] is None
    ahead = job.ahead.manifests if job.ahead else None
    snapshot = observe(job.store, found, wanted, _busy(guarded), listing=listing, ahead=ahead)
    old, kept = expendable(job.store, found[0], wanted)
    plan = plan_release(snapshot, wanted, old, kept)
    if snapshot.seen is None and any(isinstance(step, Upload) and len(step.assets) > MANY for step in plan.steps):
        snapshot = observe(job.store, found, wanted, _busy(guarded), listing=True, ahead=ahead)
        plan = plan_release(snapshot, wanted, old, kept)
    if any(isinstance(step, Upload) and step.maps for step in plan.steps):
        snapshot = replace(snapshot, maps=frozenset(job.store.list(MAPS)))
        plan = plan_release(snapshot, wanted, old, kept)
    return Attempt(snapshot, wanted, body, plan)


def _busy(guarded: Guarded | None) -> Any:
    return (guarded or Guarded((), ())).busy


def _nowhere(path: str) -> bytes:
    raise AssertionError(f"{path} is not written")


def _entries(job: Job, made: Attempt) -> Body:
    """A rollback takes the bytes from the release's own copies, all of which are read before the first write."""
    paths: set[str] = set()
    for step in made.plan.steps:
        if isinstance(step, WriteFiles | WriteDocuments | WriteWorkers):
            paths.update(step.paths)
        elif isinstance(step, SwitchIndex):
            paths.add("index.html")
    copies = read_entries(job.store, made.wanted.manifest, sorted(paths))
    return lambda path: copies[path]


def _target(current: Current | None, asked: str) -> str:
    """The release to return to. Running the same rollback twice returns no further than once."""
    if current is None:
        raise BlockedError(("nothing was ever published there",))
    if asked:
        found = [release for release in current.kept_releases if release.startswith(asked)]
        if len(found) == 1:
            return found[0]
        kept = ", ".join(short(release) for release in current.kept_releases)
        why = "is not kept" if not found else "is the beginning of several"
        raise BlockedError((f"release {short(asked)} {why}; kept are {kept}",))
    if current.action == "rollback":
        return current.release
    if not current.previous:
        raise BlockedError((f"there is no release before {short(current.release)}",))
    return current.previous


def _carry_out(job: Job, attempt: Attempter, success: str) -> Ending:
    ahead = job.ahead
    found = ahead.found.result() if ahead and ahead.found else read_current(job.store)
    text = found_text(found[0])
    job.progress.say(f"found: {text}")
    try:
        made = attempt(found, None, False)
        guarded = _guarded(job, made)
        if guarded is not None and guarded.busy.paths + guarded.busy.wildcards:
            made = attempt(found, guarded, False)
    except (BlockedError, UnreadableError) as error:
        problems = getattr(error, "problems", (str(error),))
        return replace(refused(problems, current=found[0], known=True), found=text)
    notes = guarded.notes if guarded else ()
    if job.check_mode or not made.plan.changed:
        done = Ending(success, changed=made.plan.changed, release=made.wanted.release, current=found[0], plan=made.plan)
        return replace(done, found=text, notes=notes)
    return replace(_leased(job, attempt, made, guarded, success), found=text, notes=notes)


def _guarded(job: Job, made: Attempt) -> Guarded | None:
    """Reads bucket and distribution, unless nothing is to be changed. Raises BlockedError."""
    if made.plan.blocked:
        raise BlockedError(made.plan.blocked)
    if not made.plan.changed:
        return None
    looks = job.ahead.looks.result() if job.ahead and job.ahead.looks else None
    guarded = guard(job.client, job.bucket, job.distribution_id, made.wanted, looks)
    if guarded.problems:
        raise BlockedError(guarded.problems)
    return guarded


def _leased(job: Job, attempt: Attempter, made: Attempt, guarded: Guarded | None, success: str) -> Ending:
    """With the lease, which is given back whatever happens."""
    current = made.snapshot.current
    try:
        job.lease.acquire(job.lock_wait, job.progress.say)
    except LeaseHeldError as error:
        return refused((str(error),), current=current, known=True)
    except StoppedError as error:
        return refused((f"{error} while it waited for the lease",), current=current, known=True)
    try:
        return _attempts(job, attempt, made, guarded, success)
    except (BlockedError, UnreadableError) as error:
        return refused(getattr(error, "problems", (str(error),)), current=current, known=True)
    finally:
        job.lease.release()


def _attempts(job: Job, attempt: Attempter, made: Attempt, guarded: Guarded | None, success: str) -> Ending:
    """Applies the plan; a new one when the bucket turns out to be otherwise than the manifests say."""
    found = read_current(job.store)
    if found[1] != made.snapshot.etag:
        made = attempt(found, guarded, False)
    for number in range(1, MAX_PLANS + 1):
        if made.plan.blocked:
            return _failed(made, None, "; ".join(made.plan.blocked))
        run = _run_of(job, made)
        try:
            apply(run)
        except DriftError as error:
            if number == MAX_PLANS:
                return _failed(made, run, f"{error}, {MAX_PLANS} times in a row")
            job.progress.say(f"planning again: {error}")
            made = attempt((run.current, run.etag), guarded, True)
        except (SupersededError, LeaseLostError) as error:
            return _superseded(job, made, run, str(error))
        except (StoppedError, InvalidationError, ProofError, UnreadableError, AnsibleAWSError, OSError) as error:
            return _failed(made, run, " ".join(str(error).split()))
        else:
            return _ended(success, "", "", made, run)
    raise AssertionError("the last attempt has an ending")


def _run_of(job: Job, made: Attempt) -> Run:
    return Run(
        store=job.store,
        client=job.client,
        wanted=made.wanted,
        plan=made.plan,
        body=made.body,
        edge=job.edge,
        progress=job.progress,
        lease=job.lease,
        stop=job.stop,
        current=made.snapshot.current,
        etag=made.snapshot.etag,
    )


def _ended(outcome: str, message: str, why: str, made: Attempt, run: Run | None) -> Ending:
    current = run.current if run else made.snapshot.current
    release = made.wanted.release
    return Ending(
        outcome, message, why, changed=made.plan.changed, release=release, current=current, plan=made.plan, run=run
    )


def _failed(made: Attempt, run: Run | None, why: str) -> Ending:
    current = run.current if run else made.snapshot.current
    message = f"{why}. Nothing more was done; {served(current)}"
    return replace(_ended("failed", message, why, made, run), changed=True)


def _superseded(job: Job, made: Attempt, run: Run, why: str) -> Ending:
    """Whoever changed the site owns it now: nothing more is written, not even to tidy up."""
    try:
        current: Current | None = read_current(job.store)[0]
        state = served(current)
    except (AnsibleAWSError, UnreadableError) as error:
        current, state = None, f"what visitors are served could not be read: {error}"
    message = f"{why}. Nothing more was written; {state}"
    return replace(_ended("superseded", message, why, made, run), changed=True, current=current)
