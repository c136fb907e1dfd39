# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Carries out a plan, step by step. It never decides: what does not match the plan's assumptions stops it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import batched
from pathlib import Path
from typing import Any

from ..blue_green.progress import Progress
from ..invalidation.invalidation import Pace, invalidate, wait
from ..invalidation.items_plan import viewer_path
from ..invalidation.model_plan import Invalidation
from ..invalidation.proof import Proof, ProofError, prove
from ..invalidation.proof_plan import Wanted as Provable
from ..lease import Lease, NoLease
from ..stopping import SLICE, Stop
from ..together import together
from .manifest_plan import CONFIG_HEADERS
from .model_plan import (
    CONFIG,
    CURRENT,
    HISTORY,
    INDEX,
    File,
    Wanted,
    entry_key,
    manifest_key,
    map_key,
    sha256_of,
    site_key,
)
from .observe import damaged, list_site, sha256_at
from .state_plan import ACTIVE, INVALIDATING, VERIFYING, Current, history_text
from .steps_plan import (
    Activate,
    Barrier,
    Finish,
    Invalidate,
    Plan,
    Prove,
    Prune,
    Remove,
    SwitchIndex,
    Upload,
    Wait,
    WriteDocuments,
    WriteFiles,
    WriteWorkers,
)
from .store import PreconditionFailedError, Put, Store, StoreError

# DeleteObjects takes so many keys (Amazon S3 API reference); the lease is proven before each.
_DELETES = 1000
_STATE_HEADERS = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}


class SupersededError(Exception):
    """Somebody else changed the site between our read and our write. One line, for people."""


class DriftError(Exception):
    """The bucket is not as the manifests say. One line, for people; a plan made from a listing can take it in."""


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """How the edge is asked. again: words that name the command which goes on after a failure.

    deep_link: viewer path that the distribution's function answers with the index document, empty for none.
    """

    site_url: str
    again: str
    timeout: float = 900.0
    poll_interval: float = 5.0
    proof_timeout: float = 60.0
    headers: Mapping[str, str] = field(default_factory=dict)
    deep_link: str = ""
    validate_certs: bool = True


@dataclass
class Run:
    """What the steps need, and what they have learned.

    client: makes boto3 clients. body: where the bytes of a path are. current, etag: the state as last written or read.
    kept: the activation whose history this run has written, 0 for none.
    index_etag: of the index as this run has written it. waited: seconds, for the invalidation. moved: bytes sent.
    """

    store: Store
    client: Callable[[str], Any]
    wanted: Wanted
    plan: Plan
    body: Callable[[str], bytes | Path]
    edge: EdgeOptions
    progress: Progress
    lease: Lease | NoLease
    stop: Stop
    current: Current | None
    etag: str
    index_etag: str = ""
    invalidation: Invalidation | None = None
    waited: float = 0.0
    proof: Proof | None = None
    moved: int = 0
    kept: int = 0

    @property
    def target(self) -> dict[str, File]:
        return self.wanted.manifest.public(maps=self.wanted.maps)

    @property
    def state(self) -> Current:
        if self.current is None:
            raise AssertionError("nothing is switched before the state was written")
        return self.current

    def breathe(self) -> None:
        """Between two calls. Raises StoppedError, LeaseLostError."""
        self.stop.check()
        self.lease.keep()

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self.breathe()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(SLICE, left))

    def pace(self, seconds: float, longest: float) -> Pace:
        clock = time.monotonic
        return Pace(self.progress.say, clock() + seconds, again=self.edge.again, longest=longest, pause=self.pause)

    def fence(self) -> None:
        """Right before what visitors see is written: that nobody else has taken over. Raises LeaseLostError,
        SupersededError."""
        self.stop.check()
        self.lease.confirm()
        if isinstance(self.lease, NoLease):
            found = self.store.head(CURRENT)
            if (found.etag if found else "") != self.etag:
                raise SupersededError(f"somebody else has written {CURRENT} meanwhile")

    def record(self, state: Current) -> None:
        """Writes the site's state, provided that nobody else did since."""
        condition: dict[str, Any] = {"if_match": self.etag} if self.etag else {"if_none_match": True}
        text = state.text
        try:
            etag = self.store.put(CURRENT, text.encode(), headers=_STATE_HEADERS, sha256=sha256_of(text), **condition)
        except PreconditionFailedError as error:
            raise SupersededError(f"somebody else has written {CURRENT} meanwhile") from error
        self.current, self.etag = state, etag

    def write(self, items: Iterable[Put], what: str, total: int = 0) -> dict[str, str]:
        """Many objects, with progress. Returns key -> ETag."""

        def show(done: int, of: int, size: int, _seconds: float) -> None:
            self.breathe()
            self.moved += size - written[0]
            written[0] = size
            if of > 1:
                self.progress.say(f"{done} of {of} {what}, {size / 1e6:.1f} MB")

        written = [0]
        return self.store.put_all(items, show, total)

    def put_of(self, key: str, path: str, **condition: Any) -> Put:
        file = self.wanted.manifest.files[path]
        return Put(key, self.body(path), file.sha256, file.headers, **condition)


def apply(run: Run) -> None:
    """Runs every step in order. Raises what stopped it; what was done until then stays done."""
    for step in run.plan.steps:
        with run.progress.step(step.title, step.stage):
            run.breathe()
            _STEPS[type(step)](run, step)


def _upload(run: Run, step: Upload) -> None:
    release = run.wanted.release

    def items() -> Iterator[Put]:
        for path in step.assets:
            yield run.put_of(site_key(path), path, if_none_match=True)
        for path in step.entries:
            yield run.put_of(entry_key(release, path), path)
        for path in step.maps:
            yield run.put_of(map_key(run.wanted.manifest.files[path]), path)
        if step.manifest:
            text = run.wanted.manifest.text
            yield Put(manifest_key(release), text.encode(), sha256_of(text), _STATE_HEADERS)

    try:
        run.write(items(), "files", len(step.assets) + len(step.entries) + len(step.maps) + step.manifest)
    except PreconditionFailedError as error:
        raise DriftError(f"other bytes lie under the name of a new file: {error}") from error


def _barrier(run: Run, step: Barrier) -> None:
    listed = list_site(run.store, step.paths)
    missing = [path for path in step.paths if path not in listed]
    target = run.target
    wrong = damaged(run.store, {path: target[path] for path in step.paths if path in listed}, listed)
    if missing or wrong:
        first = next(iter([*missing, *sorted(wrong)]))
        raise DriftError(f"{len(missing)} files are missing in the bucket and {len(wrong)} damaged, {first} is one")
    run.progress.say(f"{len(step.paths)} files are there with the right bytes")


def _activate(run: Run, _step: Activate) -> None:
    if run.plan.after is None:
        raise AssertionError("a plan that switches has a state")
    run.lease.confirm()
    run.record(run.plan.after)


def _write_files(run: Run, step: WriteFiles) -> None:
    run.fence()

    def items() -> Iterator[Put]:
        for path in (*step.paths, *step.heals):
            yield run.put_of(site_key(path), path)
        if step.config is not None:
            content = step.config.encode()
            yield Put(site_key(CONFIG), content, sha256_of(step.config), CONFIG_HEADERS)

    run.write(items(), "files", len(step.paths) + len(step.heals) + (step.config is not None))
    for path in step.copies:
        run.breathe()
        run.store.copy_headers(site_key(path), run.target[path].headers)


def _write_some(run: Run, step: WriteDocuments | WriteWorkers) -> None:
    run.fence()
    run.write((run.put_of(site_key(path), path) for path in step.paths), "documents", len(step.paths))


def _switch_index(run: Run, step: SwitchIndex) -> None:
    """The one write that makes the release live. What it replaces must be what Slipway wrote.

    After a run that was killed that may be any of several documents, so that its content decides, not its ETag.
    """
    run.fence()
    key, file = site_key(INDEX), run.target[INDEX]
    body = run.body(INDEX)

    def put(**condition: Any) -> str:
        return run.store.put(key, body, headers=file.headers, sha256=file.sha256, **condition)

    try:
        run.index_etag = put(if_match=step.expected) if step.expected else put(if_none_match=True)
        return
    except StoreError as error:
        # S3 answers 404 where there is nothing to match.
        if not isinstance(error, PreconditionFailedError) and error.failure.status != 404:
            raise
        found = run.store.head(key)
    content = (found.sha256 or sha256_at(run.store, key)) if found else ""
    if found and content not in {*step.known, file.sha256}:
        raise SupersededError(
            f"{key} was replaced by somebody else since it was last published: with verify=true it is put right"
        )
    try:
        run.index_etag = put(if_match=found.etag) if found else put(if_none_match=True)
    except PreconditionFailedError as error:
        raise SupersededError(f"somebody else is writing {key}") from error


def _remove(run: Run, step: Remove) -> None:
    _delete(run, [site_key(path) for path in step.paths])


def _delete(run: Run, keys: Iterable[str]) -> None:
    """Nothing can make a deletion conditional, so that the lease is proven right before each."""
    for some in batched(keys, _DELETES):
        run.fence()
        run.store.delete_all(some)


def _invalidate(run: Run, step: Invalidate) -> None:
    pace = run.pace(run.edge.timeout, run.edge.poll_interval)
    run.invalidation = invalidate(
        run.client("cloudfront"), run.wanted.distribution_id, step.items, step.reference, pace
    )
    changes = {"invalidation_id": run.invalidation.id, "index_etag": run.index_etag or run.state.index_etag}
    if run.invalidation.completed:
        _verifying(run, **changes)
    else:
        run.record(replace(run.state, state=INVALIDATING, **changes))


def _wait(run: Run, _step: Wait) -> None:
    if run.invalidation is None:
        raise AssertionError("there is something to wait for")
    if run.invalidation.completed:
        return
    began = time.monotonic()
    pace = run.pace(run.edge.timeout, run.edge.poll_interval)
    try:
        run.invalidation = wait(run.client("cloudfront"), run.wanted.distribution_id, run.invalidation, pace)
    finally:
        run.waited = time.monotonic() - began
    _verifying(run)


def _verifying(run: Run, **changes: Any) -> None:
    """The edge was told. What is kept of the activation for ever will not change any more, and is written with it."""
    state = replace(run.state, state=VERIFYING, **changes)
    together({"state": lambda: run.record(state), "history": lambda: _keep(run, state)})


def _keep(run: Run, state: Current) -> None:
    text = history_text(state)
    key = f"{HISTORY}{state.seq}.json"
    run.store.put(key, text.encode(), headers=_STATE_HEADERS, sha256=sha256_of(text))
    run.kept = state.seq


def _prove(run: Run, step: Prove) -> None:
    documents = {viewer_path(path): run.target[path].sha256 for path in step.paths}
    documents["/"] = run.target[INDEX].sha256
    if run.state.config is not None:
        documents[viewer_path(CONFIG)] = sha256_of(run.state.config)
    assets = {viewer_path(path): file.sha256 for path, file in run.target.items() if file.fixed}
    start = _content(run.body(INDEX)) if any(isinstance(one, SwitchIndex) for one in run.plan.steps) else b""
    wanted = Provable(documents, assets, run.edge.headers, run.edge.deep_link, start=start)
    pace = run.pace(run.edge.proof_timeout, run.edge.poll_interval)
    try:
        run.proof = prove(run.edge.site_url, wanted, pace, validate_certs=run.edge.validate_certs)
    except ProofError as error:
        run.proof = error.proof
        raise


def _content(body: bytes | Path) -> bytes:
    return body if isinstance(body, bytes) else body.read_bytes()


def _finish(run: Run, step: Finish) -> None:
    index_etag = run.index_etag or run.state.index_etag
    done = _without(replace(run.state, state=ACTIVE, over=(), index_etag=index_etag), step.pruning)
    if run.kept != done.seq:
        _keep(run, done)
    run.record(done)


def _without(state: Current, releases: Iterable[str]) -> Current:
    """The state in which these releases are being removed, and cannot be returned to."""
    gone = {*releases, *state.pruning}
    kept = tuple(one for one in state.kept if one.release not in gone)
    return replace(state, kept=kept, pruning=tuple(sorted(gone)))


def _prune(run: Run, step: Prune) -> None:
    """The state is written first: whoever has read it before, and would now publish by it, is turned away.

    After a switch of this run that is done already, so that a run which is killed here has said what it was about.
    """
    if not any(isinstance(one, Finish) for one in run.plan.steps):
        run.lease.confirm()
        run.record(replace(_without(run.state, step.releases), run_id=run.wanted.run_id))
    _delete(run, step.keys)
    if run.state.pruning:
        run.record(replace(run.state, pruning=()))


_STEPS: dict[type, Callable[[Run, Any], None]] = {
    Upload: _upload,
    Barrier: _barrier,
    Activate: _activate,
    WriteFiles: _write_files,
    WriteDocuments: _write_some,
    SwitchIndex: _switch_index,
    Remove: _remove,
    Invalidate: _invalidate,
    Wait: _wait,
    WriteWorkers: _write_some,
    Prove: _prove,
    Finish: _finish,
    Prune: _prune,
}
