# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing as a whole, in memory: killed at every call and run again, raced, rolled back, damaged and healed."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site import apply as applied
from ansible_collections.slipway.ops.plugins.module_utils.site import transaction
from ansible_collections.slipway.ops.plugins.module_utils.site.observe import Guarded

from tests.unit.plugins.module_utils.site.memory import World, site

A, B, C = site("A"), site("B", **{"about.html": None}), site("C")


@pytest.fixture
def world(monkeypatch):
    return make(monkeypatch)


def make(monkeypatch, **options):
    made = World(**options)
    monkeypatch.setattr(applied, "prove", made.prove)
    monkeypatch.setattr(transaction, "guard", lambda *_: Guarded((), ()))
    return made


def published(world, *bundles, **more):
    for bundle in bundles:
        ending = world.publish(bundle, **more)
        assert (ending.outcome, ending.message) == ("promoted", "")
        world.visit()
    return ending


def served(world, name):
    page, named = world.visit()
    assert page.endswith(name)
    assert f"run({name})".encode() in named
    assert None not in named


def test_a_first_publish_and_the_same_once_more(world):
    first = published(world, A, config='{"a": 1}\n')
    assert (first.changed, world.state.seq, world.state.state) == (True, 1, "active")
    served(world, "A")
    again = published(world, A, config='{"a": 1}\n')
    assert (again.changed, world.state.seq, world.store.requests) == (False, 1, {"get": 1})


def test_a_delta_uploads_what_changed_and_no_more(world):
    published(world, A, B)
    served(world, "B")
    names = [key.removeprefix("site/") for key in world.site()]
    assert "about.html" not in names, "a page that the release does not have is not served"
    assert "assets/index-A1b2c3d4.js" in names, "but what open tabs ask for is"
    assert not [name for name in names if name.endswith(".map")], "source maps are private"
    # 1 asset, 4 entries, 1 map; the manifest; 2 files in place, a worker; 4 times the state, and its history.
    assert world.store.requests == {"get": 2 + 1, "put": 6 + 1 + 3 + 4 + 1, "list": 1, "delete": 1}
    assert sorted(world.state.paths) == ["/", "/about.html", "/index.html", "/locales/de.json"]


def kill_points(run):
    """How many calls an undisturbed run makes."""
    world, work = run()
    world.fuse.arm(0)
    work()
    return world.fuse.calls


SCENES = {
    "first": ([], lambda world: world.publish(A)),
    "delta": ([A], lambda world: world.publish(B)),
    "back": ([A, B], lambda world: world.publish(A)),
    "rollback": ([A, B], lambda world: world.rollback()),
    "pruning": ([A, B], lambda world: world.publish(C, keeping=transaction.Keeping(2, 0))),
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_call_and_run_again_it_ends_as_if_nothing_had_been(monkeypatch, scene, after):
    before, run = SCENES[scene]

    def fresh():
        world = make(monkeypatch)
        if before:
            published(world, *before)
        return world

    calm = fresh()
    calm.fuse.arm(0)
    run(calm)
    calls = calm.fuse.calls
    assert calls > 10
    for at in range(1, calls + 1):
        world = fresh()
        world.now = calm.now
        assert world.killed(lambda world=world: run(world), at, after=after)
        if before:
            page, named = world.visit()
            assert None not in named, f"killed at {at}: {page} names what is missing"
        ending = run(world)
        assert (ending.outcome, ending.message) in {("promoted", ""), ("rolled_back", "")}, f"killed at {at}"
        world.visit()
        assert world.site() == calm.site(), f"killed at {at}"
        state, wanted = world.state, calm.state
        assert (state.state, state.seq, state.release, state.previous, state.caller_reference, state.kept) == (
            wanted.state,
            wanted.seq,
            wanted.release,
            wanted.previous,
            wanted.caller_reference,
            wanted.kept,
        )
        assert world.cloudfront.made.keys() == calm.cloudfront.made.keys(), "one invalidation, not charged twice"
        again = run(world)
        if scene != "rollback":
            assert not again.changed
