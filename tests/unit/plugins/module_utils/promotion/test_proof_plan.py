# SPDX-License-Identifier: GPL-3.0-or-later
"""Which records prove an artifact."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.promotion import proof_plan as plan

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def record(kind, outcome, digest, previous="", **more):
    return {"kind": kind, "outcome": outcome, "digest": digest, "previous_digest": previous, **more}


def history(*runs):
    """Records, given oldest first, as the table gives them."""
    made = [{"started": float(n), "id": f"{n:02}#x", "token": n + 1, **run} for n, run in enumerate(runs)]
    return made[::-1]


PASSED = record("deploy", "promoted", A)

TABLE = {
    "promoted": ([PASSED], True),
    "never seen": ([record("deploy", "promoted", B)], False),
    "nothing at all": ([], False),
    "failed": ([record("deploy", "failed", A)], False),
    "rolled back by its own checks": ([record("deploy", "rolled_back", A, B)], False),
    "waits for a person": ([record("deploy", "awaiting_approval", A)], False),
    "continued by a person": ([record("deploy", "awaiting_approval", A), record("continue", "promoted", A)], True),
    "failed, then passed": ([record("deploy", "failed", A), PASSED], True),
    "passed, then failed": ([PASSED, record("deploy", "failed", A)], False),
    "passed, then superseded": ([PASSED, record("deploy", "superseded", A)], False),
    "another passed since": ([PASSED, record("deploy", "promoted", B, A)], True),
    "another failed since": ([PASSED, record("deploy", "rolled_back", B, A)], True),
    "rolled back since": ([PASSED, record("rollback", "rolled_back", B, A)], False),
    "a rollback from it failed": ([PASSED, record("rollback", "failed", "", A)], False),
    "a rollback from it was refused": ([PASSED, record("rollback", "blocked", B, A)], True),
    "repaired away from it": ([PASSED, record("repair", "repaired", B, A)], False),
    "repaired to it": ([PASSED, record("repair", "repaired", A, B)], True),
    "rolled back to it": ([PASSED, record("deploy", "promoted", B, A), record("rollback", "rolled_back", A, B)], True),
    "rolled back from another": (
        [PASSED, record("deploy", "promoted", B, A), record("rollback", "rolled_back", C, B)],
        True,
    ),
    "refused when it was to go out again": ([PASSED, record("deploy", "blocked", A)], True),
    "only ever refused": ([record("deploy", "blocked", A)], False),
    "passed again after a rollback": ([PASSED, record("rollback", "rolled_back", B, A), PASSED], True),
    "from before there were previous digests": ([{"kind": "deploy", "outcome": "promoted", "digest": A}], True),
}


@pytest.mark.parametrize("name", TABLE)
def test_proof(name):
    runs, proven = TABLE[name]
    found = plan.judge(plan.ordered(history(*runs)), A)
    assert found.proven is proven
    assert found.digest == A
    assert (found.record is None) is (name in ("never seen", "nothing at all", "only ever refused"))


def test_the_lease_orders_runs_when_clocks_are_wrong():
    """The controller that rolled back believed to be an hour earlier."""
    passed = {**PASSED, "id": "2026-11-24T10:00#a", "started": 3600.0, "token": 7}
    back = {**record("rollback", "rolled_back", B, A), "id": "2026-11-24T09:00#b", "started": 0.0, "token": 8}
    without = {**record("deploy", "promoted", C), "id": "2026-11-24T09:30#c", "started": 1800.0, "token": 0}
    for records in itertools.permutations([passed, back, without]):
        assert [each["digest"] for each in plan.ordered(records)] == [C, B, A]
        assert plan.judge(plan.ordered(records), A).proven is False


def test_what_serves():
    runs = history(PASSED, record("deploy", "promoted", B), record("deploy", "rolled_back", C))
    assert plan.serving(plan.ordered(runs)) == B
    assert plan.serving([]) == ""


@pytest.mark.parametrize(("digest", "read"), [(A, 4), (B, 2), (C, 5), ("", 2)])
def test_as_many_records_are_read_as_the_answer_may_depend_on(digest, read):
    """A day is the most by which clocks may differ, so that what is older than that cannot change an answer."""
    day = plan.CLOCKS_DIFFER_SECONDS
    times = [10 * day, 9.5 * day, 8.4 * day, 8.3 * day, 1 * day]
    runs = [record("deploy", "promoted", each) for each in (B, C, A, A, B)]
    runs[1] = record("deploy", "blocked", C)
    source = iter([{**run, "started": at} for run, at in zip(runs, times, strict=True)])
    assert len(plan.needed(source, digest)) == read


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (A, True),
        ("a" * 64, True),
        ("abcdef01", True),
        ("", True),
        ("abc", False),
        ("sha256:abc", False),
        ("X" * 64, False),
    ],
    ids=["digest", "release", "beginning", "nothing", "short", "short-digest", "no-hex"],
)
def test_the_name_of_an_artifact(text, good):
    assert (plan.digest_problem(text) == "") is good


def test_a_beginning_means_what_the_records_know():
    records = history(record("deploy", "promoted", "sha256:aaaa" + "0" * 60), PASSED, record("deploy", "promoted", ""))
    assert plan.named(records, "aaaaaaaa") == [A]
    assert plan.named(records, "aaaa") == ["sha256:aaaa" + "0" * 60, A]
    assert plan.named(records, "b" * 64) == [B]
    assert plan.named([], C) == [C]
