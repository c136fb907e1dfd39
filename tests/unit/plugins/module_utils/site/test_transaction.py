# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing as a whole, in memory: killed at every call and run again, raced, rolled back, damaged and healed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site import apply as applied
from ansible_collections.slipway.ops.plugins.module_utils.site import transaction
from ansible_collections.slipway.ops.plugins.module_utils.site.observe import Guarded
from ansible_collections.slipway.ops.plugins.module_utils.site.s3_errors import Failure, StoreError
from hypothesis import HealthCheck, given, settings, strategies

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
        world.now += timedelta(days=1)
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
    # 1 asset, 4 entries, 1 map; the manifest; 2 files in place, a worker; 4 times the state, and its history. Listed:
    # the site, and the maps. Without a lease, one look at the state before each kind of write that visitors see.
    assert world.store.requests == {"get": 2 + 1, "put": 6 + 1 + 3 + 4 + 1, "list": 2, "delete": 1, "head": 4}
    assert sorted(world.state.paths) == ["/", "/about.html", "/index.html", "/locales/de.json"]


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
        assert not run(world).changed, "neither publishes again nor returns any further"


def test_back_to_an_older_release_is_invalidated_again(world):
    published(world, A, B, A)
    served(world, "A")
    references = list(world.cloudfront.made)
    assert len(references) == len(set(references)) == 3
    assert [reference.split(":")[1] for reference in references] == ["1", "2", "3"]


def test_a_rollback_goes_back_one_release_however_often_it_is_run(world):
    published(world, A, B, C)
    back = world.rollback()
    assert (back.outcome, back.changed) == ("rolled_back", True)
    served(world, "B")
    again = world.rollback()
    assert (again.outcome, again.changed) == ("rolled_back", False)
    first = min(world.state.kept, key=lambda kept: kept.seq).release
    named = world.rollback(first[:10])
    assert (named.outcome, world.state.release) == ("rolled_back", first)
    served(world, "A")
    published(world, C)
    assert world.state.previous == first
    world.rollback()
    served(world, "A")


def test_a_rollback_that_was_killed_goes_on_to_where_it_was_going(world):
    published(world, A, B)
    assert world.killed_when("activating", world.rollback)
    assert world.rollback().outcome == "rolled_back"
    served(world, "A")


def test_a_publish_that_was_killed_can_be_rolled_back(world):
    published(world, A)
    assert world.killed_when("verifying", lambda: world.publish(B))
    assert world.rollback().outcome == "rolled_back"
    served(world, "A")
    assert world.state.previous == ""
    published(world, B)
    served(world, "B")


@pytest.mark.parametrize(
    ("release", "why"),
    [("0" * 12, "is not kept; kept are "), ("", "there is no release before ")],
)
def test_a_rollback_to_nowhere_is_refused(world, release, why):
    published(world, A)
    refused = world.rollback(release)
    assert (refused.outcome, refused.changed) == ("blocked", False)
    assert why in refused.message
    assert "; visitors are served release " in refused.message


def test_a_rollback_needs_all_that_the_release_has(world):
    published(world, A, B)
    code = "site/assets/index-A1b2c3d4.js"
    content = world.store.objects.pop(code)
    refused = world.rollback()
    assert (refused.outcome, "1 of its files are missing or damaged" in refused.message) == ("blocked", True)
    served(world, "B")
    world.store.objects[code] = content
    entry = next(key for key in world.store.objects if key.endswith("/entry/about.html"))
    world.store.objects[entry] = b"damaged"
    assert "its copy of about.html is missing or damaged" in world.rollback().message


def test_of_two_publishers_one_is_superseded(world):
    published(world, A)
    other = []

    def publish_another(_world=world):
        world.store.on_write = world.check
        other.append(world.publish(C))

    world.store.on_write = publish_another
    lost = world.publish(B)
    assert (other[0].outcome, lost.outcome) == ("promoted", "superseded")
    assert "somebody else has written state/current.json meanwhile. Nothing more was written" in lost.message
    served(world, "C")
    published(world, B)
    served(world, "B")


@pytest.mark.parametrize("kms", [False, True])
def test_verify_heals_what_was_deleted_changed_and_added(monkeypatch, kms):
    world = make(monkeypatch, kms=kms)
    published(world, A, B)
    calm = world.site()
    published(world, B, verify=True)
    assert world.state.seq == 2, "nothing to heal, nothing to switch"
    objects = world.store.objects
    world.edge.cache.clear()
    objects["site/assets/index-B1b2c3d4.js"] = b"run(X)"
    objects["site/locales/de.json"] = b"longer than before"
    objects["site/extra.html"] = b"<p>foreign</p>"
    objects["releases/" + "0" * 64 + "/manifest.json"] = b"left over"
    objects["maps/" + "0" * 64] = b"left over"
    world.store.on_write = lambda: None
    del objects["site/robots.txt"]
    world.edge.get("/assets/index-B1b2c3d4.js")
    healed = world.publish(B, verify=True)
    assert (healed.outcome, healed.changed, world.state.seq) == ("promoted", True, 3)
    assert world.site() == calm
    assert not [key for key in objects if "0" * 64 in key]
    assert set(world.state.paths) >= {"/assets/index-B1b2c3d4.js", "/extra.html", "/locales/de.json", "/robots.txt"}
    served(world, "B")
    assert world.state.action == "publish"
    assert not world.publish(B, verify=True).changed


def test_what_the_barrier_finds_missing_is_healed_before_the_switch(world):
    published(world, A)
    del world.store.objects["site/assets/style-0a1b2c3d.css"]
    world.store.on_write = lambda: None
    ending = world.publish(B)
    assert (ending.outcome, ending.message) == ("promoted", "")
    world.check()
    served(world, "B")


def test_an_index_that_somebody_else_wrote_stops_the_switch(world):
    published(world, A)
    world.store.objects["site/index.html"] = b"<p>foreign</p>"
    lost = world.publish(B)
    assert (lost.outcome, "site/index.html was replaced by somebody else" in lost.message) == ("superseded", True)
    assert world.publish(B).outcome == "superseded"
    assert world.publish(B, verify=True).outcome == "promoted"
    served(world, "B")


def test_a_foreign_index_is_no_damage_that_is_healed_unasked(world):
    published(world, A)
    world.store.objects["site/index.html"] = b"<p>foreign</p>"
    lost = world.publish(site("A", **{"robots.txt": "other"}))
    assert (lost.outcome, "site/index.html was replaced by somebody else" in lost.message) == ("superseded", True)


def test_an_index_that_was_deleted_is_written_again(world):
    published(world, A)
    del world.store.objects["site/index.html"]
    published(world, B)
    served(world, "B")


def test_without_a_lock_a_publisher_that_was_overtaken_writes_nothing_more(world):
    published(world, A)
    other = []

    def overtake():
        world.check()
        if world.state.state == "activating" and world.state.release != world.state.previous:
            world.store.on_write = world.check
            other.append(world.publish(C))

    world.store.on_write = overtake
    lost = world.publish(B)
    assert (other[0].outcome, lost.outcome) == ("promoted", "superseded")
    served(world, "C")
    assert world.store.objects["site/locales/de.json"] == C["locales/de.json"]


def test_a_bucket_with_a_foreign_site_is_taken_over_only_when_asked(world):
    world.store.objects["site/index.html"] = b"<p>foreign</p>"
    refused = world.publish(A)
    assert (refused.outcome, "somebody else publishes there" in refused.message) == ("blocked", True)
    published(world, A, verify=True)
    served(world, "A")


def test_other_bytes_under_a_hashed_name_are_refused(world):
    published(world, A)
    refused = world.publish(site("B", **{"assets/style-0a1b2c3d.css": "p{}"}))
    assert (refused.outcome, "assets/style-0a1b2c3d.css has other bytes" in refused.message) == ("blocked", True)
    served(world, "A")


def test_the_configuration_is_a_document_of_its_own(world):
    published(world, A, config="1")
    changed = published(world, A, config="2")
    assert (changed.changed, world.state.seq, world.state.paths) == (True, 2, ("/config.json",))
    assert (world.store.objects["site/config.json"], world.state.previous) == (b"2", "")
    published(world, B)
    assert world.store.objects["site/config.json"] == b"2", "what is live stays"
    assert world.killed(lambda: world.publish(B, config="3"), 8)
    published(world, B)
    assert world.store.objects["site/config.json"] == b"3", "what was announced is carried on with"


def test_source_maps_are_served_kept_or_left_out(world):
    code = "assets/index-A1b2c3d4.js.map"
    published(world, A, source_maps="upload")
    assert f"site/{code}" in world.store.objects
    published(world, A, source_maps="drop")
    assert f"site/{code}" not in world.store.objects
    assert f"/{code}" in world.state.paths, "the edge forgets it, too"
    published(world, B)
    assert maps_in(world) == {b"map of B"}


def maps_in(world):
    return {body for key, body in world.store.objects.items() if key.startswith("maps/")}


def test_a_private_map_is_sent_once_and_goes_with_the_last_release_that_has_it(world):
    shared, other = {"assets/style-0a1b2c3d.css.map": "map of all"}, {"assets/more-0a1b2c3d.css.map": "another"}
    puts = []
    for bundle in (site("A", **shared), site("B", **shared), site("C", **shared, **other)):
        published(world, bundle)
        puts.append(world.store.requests["put"])
    assert puts[2] == puts[1] + 1, "the map that is new, and not the one that is there"
    published(world, site("D", **shared), keeping=transaction.Keeping(2, 0))
    assert maps_in(world) == {b"map of C", b"map of D", b"map of all", b"another"}


def test_old_releases_go_when_neither_number_nor_age_keeps_them(world):
    keeping = transaction.Keeping(2, 2.5)
    published(world, A, B, C, keeping=keeping)
    assert len(world.state.kept) == 3, "young enough"
    published(world, site("D"), keeping=keeping)
    assert len(world.state.kept) == 4
    published(world, site("E"), keeping=keeping)
    names = [kept.seq for kept in world.state.kept]
    assert names == [5, 4, 3, 2]
    assert "site/assets/index-A1b2c3d4.js" not in world.store.objects
    assert "site/assets/style-0a1b2c3d.css" in world.store.objects, "what others have stays"
    assert len([key for key in world.store.objects if key.endswith("manifest.json")]) == 4
    served(world, "E")


def test_ten_thousand_changed_files_are_few_paths_and_spare_the_assets(world):
    def many(turn):
        return {f"media/{number // 500}/{number}.json": f"{turn} {number}" for number in range(10_000)}

    world.store.on_write = lambda: None
    published(world, site("A", **many(1)), site("B", **many(2)))
    assert world.state.paths == ("/", "/about.html", "/index.html", "/locales/de.json", "/media/*")
    assert world.site()["site/media/19/9999.json"] == b"2 9999"
    served(world, "B")


def test_time_alone_makes_a_publish_no_change(world):
    keeping = transaction.Keeping(2, 5)
    published(world, A, B, C, keeping=keeping)
    world.now += timedelta(days=30)
    assert (world.publish(C, keeping=keeping).changed, world.store.requests) == (False, {"get": 1})
    assert world.publish(C, keeping=keeping, verify=True).changed
    assert len(world.state.kept) == 2


def test_prune_removes_what_no_release_has(world):
    assert "nothing was ever published" in world.prune().message
    published(world, A, B, C)
    world.store.objects["site/extra.txt"] = b"x"
    assert world.killed(lambda: world.publish(site("D")), 8)
    pruned = world.prune(keeping=transaction.Keeping(2, 0.5))
    assert (pruned.outcome, pruned.changed) == ("pruned", True)
    assert "site/extra.txt" not in world.store.objects
    assert "site/assets/index-D1b2c3d4.js" not in world.store.objects
    assert "site/assets/index-A1b2c3d4.js" not in world.store.objects
    assert not world.prune(keeping=transaction.Keeping(2, 0.5)).changed
    served(world, "C")
    assert world.killed_when("activating", lambda: world.publish(B))
    assert "the switch to" in world.prune().message


def test_a_state_that_cannot_be_read_is_no_absent_one(world):
    published(world, A)
    world.store.objects["state/current.json"] = b'{"version": 2}'
    with pytest.raises(transaction.UnreadableError, match="not what Slipway writes"):
        world.publish(B)
    served(world, "A")


def test_one_refused_object_leaves_the_site_as_it_was(world):
    published(world, A)
    left = iter(range(3))

    def refuse():
        if next(left, None) is None:
            raise StoreError(Failure("PUT", "bucket", "site/x", 403, "AccessDenied", "", "", 1))

    world.store.on_write = refuse
    failed = world.publish(B)
    world.store.on_write = world.check
    assert (failed.outcome, world.state.seq) == ("failed", 1)
    assert "403 AccessDenied" in failed.message
    assert "visitors are served release " in failed.message
    served(world, "A")
    published(world, B)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strategies.lists(
        strategies.tuples(
            strategies.sampled_from(["A", "B", "C", "rollback"]), strategies.integers(0, 40), strategies.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_was_killed_before_the_next_publish_is_whole(monkeypatch, history):
    """After any history of killed runs: no document names a missing file, and the end is that of an undisturbed run."""
    world = make(monkeypatch)
    bundles = {"A": A, "B": B, "C": C}
    for name, at, after in history:
        world.killed(
            lambda name=name: world.publish(bundles[name]) if name in bundles else world.rollback(), at, after=after
        )
        if "site/index.html" in world.store.objects:
            assert None not in world.visit()[1]
    published(world, C)
    served(world, "C")
    assert not world.publish(C).changed
    for path, content in C.items():
        if not path.endswith(".map"):
            assert world.store.objects[f"site/{path}"] == content
            assert path == "sw.js" or world.edge.get(f"/{path}") == content
    seqs = [reference.split(":")[1] for reference in world.cloudfront.made]
    assert len(seqs) == len(set(seqs)), "one invalidation for each activation"
