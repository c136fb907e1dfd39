# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions about a release, as tables; what they lead to as a whole is in test_transaction."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.invalidation.paths_plan import InProgress
from ansible_collections.slipway.ops.plugins.module_utils.site.diff_plan import Snapshot
from ansible_collections.slipway.ops.plugins.module_utils.site.ending_plan import (
    advice,
    again,
    found_text,
    next_command,
    served,
    with_advice,
)
from ansible_collections.slipway.ops.plugins.module_utils.site.inputs_plan import (
    config_text,
    edge_of,
    keeping_of,
    problems,
)
from ansible_collections.slipway.ops.plugins.module_utils.site.manifest_plan import manifest_of
from ansible_collections.slipway.ops.plugins.module_utils.site.model_plan import (
    Edge,
    Keeping,
    Manifest,
    Seen,
    UnreadableError,
    Wanted,
    map_key,
)
from ansible_collections.slipway.ops.plugins.module_utils.site.names_plan import name_problem
from ansible_collections.slipway.ops.plugins.module_utils.site.prune_plan import droppable, prune_keys
from ansible_collections.slipway.ops.plugins.module_utils.site.release_plan import after_of, plan_prune, plan_release
from ansible_collections.slipway.ops.plugins.module_utils.site.state_plan import (
    Current,
    Kept,
    activated,
    bases,
    current_from,
    history_text,
)
from ansible_collections.slipway.ops.plugins.module_utils.site.steps_plan import Invalidate, Upload, WriteFiles

from tests.unit.plugins.module_utils.site.memory import Source, site

NOW = "2026-11-24T12:00:00+00:00"


def manifest(name, **more):
    return manifest_of({path: Source(content) for path, content in site(name, **more).items()})


A, B, C = manifest("A"), manifest("B"), manifest("C")


def wanted(target=B, **more):
    return Wanted("publish", target, "E1", "run", NOW, **more)


def live(target=A, **more):
    kept = (Kept(target.release, 1, NOW),)
    values = {"state": "active", "seq": 1, "release": target.release, "previous": "", "action": "publish"}
    return Current(**values | {"distribution_id": "E1", "activated": NOW, "run_id": "x", "kept": kept} | more)


def plan(current, want, manifests=(A, B, C), seen=None, **more):
    known = {one.release: one for one in manifests}
    return plan_release(Snapshot(current, "etag", known, seen, **more), want, {}, {})


def titles(found):
    return [step.title for step in found.steps]


def test_a_delta_as_a_table():
    found = plan(live(), wanted(), [A])
    assert titles(found) == [
        "upload 1 new of 7 files",
        "prove that everything is there",
        "announce the switch",
        "write 1 file",
        "write 1 document",
        "switch index.html",
        "invalidate 4 paths",
        "wait for the invalidation",
        "write sw.js",
        "prove the release at the edge",
        "record the release as live",
    ]
    assert found.after.caller_reference.startswith(f"slipway:2:{B.release[:12]}:")
    assert found.counts.added == ("assets/index-B1b2c3d4.js",)
    assert found.counts.changed[0] == "index.html"
    assert found.diff["before"]["seq"] == 1
    assert (found.price, found.items) == (0.02, ("/", "/about.html", "/index.html", "/locales/de.json"))


def test_the_same_release_is_no_change():
    assert not plan(live(), wanted(A), [A]).changed


@pytest.mark.parametrize(
    ("current", "change"),
    [
        (live(), {"config": "1"}),
        (live(), {"maps": True}),
        (live(distribution_id="E0"), {}),
        (live(state="verifying", over=(A.release,)), {}),
    ],
)
def test_the_same_release_otherwise_is_one(current, change):
    assert plan(current, wanted(A, **change), [A]).changed


def test_the_edge_of_another_distribution_is_not_told_what_it_never_had():
    found = plan(live(distribution_id="E0"), wanted(A), [A])
    assert (found.items, [type(step) for step in found.steps if isinstance(step, Invalidate)]) == ((), [])


def test_one_cache_tag_stands_for_all_documents_but_not_for_assets():
    edge = Edge("tag", 10)
    assert plan(live(), wanted(edge=edge), [A]).items == ("#slipway-site",)
    code = "assets/index-A1b2c3d4.js"
    seen = Seen({path: "etag" for path in A.public(maps=False) if path != code})
    healed = plan(live(), wanted(A, edge=edge, verify=True), [A], seen)
    assert healed.items == (f"/{code}",)
    assert healed.counts.changed == (code,)


def test_what_others_invalidate_leaves_less_room():
    files = {f"locales/{number}.json": f"{number}" for number in range(20)}
    more = manifest("B", **files)
    found = plan(live(), wanted(more, edge=Edge(budget=100)), [A], busy=InProgress(2999, 0))
    assert any(item.endswith("*") for item in found.items)


def test_a_wrong_header_is_mended_and_told():
    style = "assets/style-0a1b2c3d.css"
    files = dict(A.files)
    files[style] = dataclasses.replace(files[style], headers={**files[style].headers, "Content-Type": "text/plain"})
    old = Manifest(files)
    found = plan(live(old), wanted(A), [old])
    written = next(step for step in found.steps if isinstance(step, WriteFiles))
    assert (written.copies, found.items) == ((style,), (f"/{style}",))


def test_many_clashes_are_told_in_a_few_words():
    files = {f"assets/x{number}-0a1b2c3d.js": "a" for number in range(9)}
    blocked = plan(
        live(manifest("A", **files)), wanted(manifest("A", **dict.fromkeys(files, "b"))), [manifest("A", **files)]
    )
    assert (len(blocked.blocked), blocked.blocked[-1]) == (6, "and 4 more like this")


def test_new_files_that_a_killed_run_has_sent_are_not_sent_again():
    seen = Seen({path: "etag" for path in B.public(maps=False) if path.startswith("assets/")})
    found = plan(None, wanted(B), [], seen)
    assert next(step for step in found.steps if isinstance(step, Upload)).assets == ()


@pytest.mark.parametrize(
    ("current", "names"),
    [
        (None, ()),
        (live(), (A.release,)),
        (live(B, state="activating", over=(A.release,)), (A.release, B.release)),
        (live(B, state="verifying", over=(A.release, B.release)), (A.release, B.release)),
    ],
)
def test_what_may_be_live(current, names):
    assert bases(current) == names


def test_a_switch_that_was_killed_and_is_not_wanted_any_more_is_written_over():
    current = live(
        B,
        state="activating",
        seq=2,
        previous=A.release,
        over=(A.release,),
        kept=(Kept(B.release, 2, NOW), Kept(A.release, 1, NOW, NOW)),
    )
    found = plan(current, wanted(C))
    assert (found.after.seq, found.after.previous, found.after.over) == (3, A.release, (A.release, B.release))
    back = plan(current, wanted(A))
    assert (back.after.seq, back.after.previous) == (3, "")
    assert back.items == ("/", "/about.html", "/index.html", "/locales/de.json")
    older = dataclasses.replace(current, kept=(*current.kept, Kept(C.release, 0, NOW, NOW)))
    assert plan(older, wanted(A)).after.previous == C.release


def test_damage_that_a_resumed_switch_has_not_announced_takes_a_switch_of_its_own():
    style = "assets/style-0a1b2c3d.css"
    kept = (Kept(B.release, 2, NOW), Kept(A.release, 1, NOW, NOW))
    current = live(B, state="activating", seq=2, previous=A.release, over=(A.release,), kept=kept, paths=("/",))
    seen = Seen(dict.fromkeys(B.public(maps=False), "etag"))
    assert plan(current, wanted(), seen=seen).after is current
    damaged = dataclasses.replace(seen, wrong=frozenset({style}))
    found = plan(current, wanted(), seen=damaged)
    assert (found.after.seq, f"/{style}" in found.items) == (3, True)


def test_a_kept_release_whose_maps_were_never_served_gets_them_uploaded():
    found = plan(live(), wanted(A, maps=True), [A])
    upload = next(step for step in found.steps if isinstance(step, Upload))
    assert upload.assets == ("assets/index-A1b2c3d4.js.map",)


def test_a_release_that_was_being_removed_is_no_longer_when_it_is_published():
    assert activated(live(pruning=(B.release, C.release)), wanted(), (), "").pruning == (C.release,)


def test_a_state_is_read_as_it_was_written():
    current = live(over=("x",), paths=("/",), pruning=("y",), config="{}")
    assert current_from(current.text.encode()) == current
    assert '"seq": 1' in history_text(current)
    for text in (b"", b"[]", b'{"version": 2}', current.text.replace('"active"', '"odd"').encode(), b'{"version": 1}'):
        with pytest.raises(UnreadableError, match="is not what Slipway writes"):
            current_from(text)


DAYS = [f"2026-11-{day:02}T12:00:00+00:00" for day in range(1, 25)]


def history(*names, now=NOW):
    """Releases of which each was live for a day, the last one still is."""
    kept = [
        Kept(name, number, DAYS[-len(names) + number - 1], DAYS[-len(names) + number] if number < len(names) else "")
        for number, name in enumerate(names, 1)
    ]
    return (
        live(release=None)
        if not kept
        else dataclasses.replace(
            live(),
            release=names[-1],
            previous=names[-2] if names[1:] else "",
            seq=len(names),
            kept=tuple(reversed(kept)),
        )
    )


@pytest.mark.parametrize(
    ("keeping", "gone"),
    [
        (Keeping(2, 0), ("c", "b", "a")),
        (Keeping(4, 0), ("a",)),
        (Keeping(9, 0), ()),
        (Keeping(2, 30), ()),
        (Keeping(2, 2.5), ("a",)),
    ],
)
def test_which_releases_go(keeping, gone):
    assert droppable(history("a", "b", "c", "d", "e"), keeping, NOW) == gone


def test_what_may_be_live_never_goes_and_a_removal_is_carried_on_with():
    current = dataclasses.replace(history("a", "b", "c", "d", "e"), over=("a",), previous="b", pruning=("z",))
    assert droppable(current, Keeping(2, 0), NOW) == ("z", "c")


def test_only_what_no_kept_release_has_goes_and_the_manifest_last():
    keys = prune_keys({A.release: A}, [B], maps=False)
    assert "site/assets/index-A1b2c3d4.js" in keys
    assert "site/assets/index-A1b2c3d4.js.map" in keys
    assert "site/assets/style-0a1b2c3d.css" not in keys
    assert f"releases/{A.release}/entry/index.html" in keys
    assert map_key(A.files["assets/index-A1b2c3d4.js.map"]) in keys
    assert keys[-1] == f"releases/{A.release}/manifest.json"


def test_a_prune_with_nothing_to_do_does_nothing():
    assert not plan_prune(Snapshot(live()), {}, {}).changed
    assert plan_prune(Snapshot(None), {}, {}).blocked
    seen = Seen({}, extra=("x.html",), strays=("releases/0/manifest.json",))
    found = plan_prune(Snapshot(live(), seen=seen), {A.release: A}, {B.release: B})
    assert found.counts.removed[-1] == "x.html"


def test_what_is_kept_is_judged_by_the_state_that_is_to_be():
    assert after_of(Snapshot(live()), wanted(A)).seq == 1
    assert after_of(Snapshot(live()), wanted(B)).seq == 2
    assert after_of(Snapshot(None), wanted(B)).seq == 1


@pytest.mark.parametrize(
    ("current", "text"),
    [
        (None, "visitors are served nothing: no release was ever live"),
        (live(), f"visitors are served release {A.release[:12]} (activation 1)"),
        (live(state="activating", previous=B.release), f"the switch from release {B.release[:12]} to release "),
        (live(state="activating"), "the switch from nothing to release "),
        (live(state="invalidating", previous=B.release), f"edges that are not told yet serve release {B.release[:12]}"),
    ],
)
def test_what_visitors_are_served(current, text):
    assert text in served(current)


def test_what_was_found():
    assert found_text(None) == "nothing is published yet"
    assert found_text(live()).endswith("is live (activation 1)")
    assert "the removal of 1 releases was interrupted" in found_text(live(pruning=("x",)))
    assert found_text(live(state="verifying")).endswith("was interrupted: verifying")


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("publish", "playbooks/deploy_frontend.yml -e 'bundle=a b'"),
        ("rollback", "playbooks/rollback_frontend.yml -e release=abc"),
        ("prune", "playbooks/deploy_frontend.yml -e 'bundle=a b' -e verify=true"),
    ],
)
def test_the_command_that_does_the_same_again(action, command):
    assert again(action, "a b", "abc") == f"`ansible-playbook -i INVENTORY {command}`"


def test_every_message_ends_with_a_command():
    assert with_advice("", "failed", "publish", "", "") == ""
    assert with_advice("x `ansible-playbook y`", "failed", "publish", "", "") == "x `ansible-playbook y`"
    assert with_advice("x.", "pruned", "prune", "", "") == "x."
    assert "goes on from there, " in with_advice("x.", "failed", "publish", "dist", "")
    assert with_advice("x", "failed", "rollback", "", "").endswith(
        "playbooks/rollback_frontend.yml` goes on from there"
    )
    assert (
        next_command("", "promoted", "publish", "", "")
        == "ansible-playbook -i INVENTORY playbooks/rollback_frontend.yml"
    )
    assert next_command("", "pruned", "prune", "", "") == ""
    assert advice("superseded", "publish", "dist", "").startswith("find out who else publishes")


GIVEN = {
    "action": "publish",
    "release": None,
    "config": None,
    "keep_releases": 5,
    "keep_days": 30.0,
    "max_bytes": 1,
    "max_files": 1,
    "threads": 32,
    "invalidation": {"mode": "paths", "budget_paths": 10, "routes": ["/a*"]},
}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"action": "rollback", "release": "xyz"}, "release 'xyz': 8 to 64 hexadecimal digits"),
        ({"action": "prune", "release": "0" * 8}, "release: pruning has none"),
        ({"keep_releases": 1}, "at least 2"),
        ({"keep_days": -1}, "not negative"),
        ({"max_files": 0}, "at least 1"),
        ({"threads": 0}, "threads 0: 1 to 256"),
        ({"invalidation": {"budget_paths": 0, "routes": []}}, "1 to 3000"),
        ({"invalidation": {"budget_paths": 1, "routes": ["a"]}}, "a path starts with a slash"),
        ({"invalidation": {"budget_paths": 1, "routes": ["/a*b"]}}, "* can only be the last character"),
        ({"config": {"a": "x" * 70_000}}, "more than 65536 bytes"),
    ],
)
def test_what_cannot_be_asked_for(change, text):
    assert text in problems(GIVEN | change)[0]


def test_what_can_be_asked_for():
    assert not problems(GIVEN)
    assert edge_of(GIVEN) == Edge("paths", 10, ("/a*",))
    assert keeping_of(GIVEN) == Keeping(5, 30.0)
    assert config_text({"b": 1, "a": 2}) == '{\n "a": 2,\n "b": 1\n}\n'
    assert name_problem("a b+c.txt") is None
