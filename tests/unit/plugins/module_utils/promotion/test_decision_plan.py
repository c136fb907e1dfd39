# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gate says, which artifact it is asked about, and what its refusals tell."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.promotion import artifact_plan, decision_plan
from ansible_collections.slipway.ops.plugins.module_utils.promotion.decision_plan import Asked
from ansible_collections.slipway.ops.plugins.module_utils.promotion.proof_plan import Proof

A, B = (f"sha256:{letter * 64}" for letter in "ab")
LONG = "x" * 200
WHY = "production is down, and this is tried by hand"
ASKED = Asked("api", "staging", "production")
NOTHING = {"image": "", "digest": "", "repository": "", "take_serving": False}
REPOSITORY = "333333333333.dkr.ecr.us-east-1.amazonaws.com/api"
RECORD = {"id": "2026-11-24T10:00#1", "kind": "deploy", "outcome": "failed", "digest": A}


@pytest.mark.parametrize(
    ("reason", "typed", "outcome", "kept", "notes"),
    [
        ("", "", "proven", "", 0),
        ("", WHY, "proven", "", 1),
        ("never ran", "", "blocked", "", 0),
        ("never ran", "because", "blocked", "", 0),
        ("never ran", " " * 40, "blocked", "", 0),
        ("never ran", ["no text, however long"], "blocked", "", 0),
        ("never ran", WHY, "broken_glass", WHY, 0),
        ("never ran", f"\n{WHY}\x1b[0m", "broken_glass", f"{WHY} [0m", 0),
    ],
    ids=["proven", "needless", "not", "short", "blank", "list", "typed", "unprintable"],
)
def test_decision(reason, typed, outcome, kept, notes):
    found = decision_plan.decide(reason, typed)
    assert (found.outcome, found.break_glass, len(found.notes)) == (outcome, kept, notes)
    assert found.allowed is (outcome != "blocked")
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        (Proof(A, False), "staging has no record of api aaaaaaaaaaaa: it never ran there"),
        (
            Proof(A, False, {**RECORD, "reason": "x" * 300, "by": "alice"}),
            f"aaaaaaaaaaaa did not pass in staging: its deploy of 2026-11-24T10:00 by alice ended failed ({LONG}...)",
        ),
        (
            Proof(
                A, False, {**RECORD, "kind": "rollback", "digest": B, "previous_digest": A, "outcome": "rolled_back"}
            ),
            "staging went back from aaaaaaaaaaaa since: the rollback of 2026-11-24T10:00 ended rolled_back",
        ),
    ],
    ids=["never", "failed", "back"],
)
def test_why_not(proof, told):
    assert decision_plan.why_not(ASKED, proof) == told


def test_a_refusal_is_what_happened_what_is_served_and_what_to_run():
    command = decision_plan.prove_command(ASKED, A)
    assert command == (
        f"ansible-playbook -i inventories/staging playbooks/deploy_backend.yml -e service=api -e image=api@{A}"
    )
    told = decision_plan.refusal(ASKED, decision_plan.decide("it never ran"), command)
    assert told == (
        "api: it never ran. Nothing was changed in production: its users are served what they were served before. "
        f"Next: `{command}`"
    )
    site = Asked("site", "staging", "production", site=True)
    assert decision_plan.prove_command(site).endswith("/deploy_frontend.yml -e bundle=BUNDLE")
    assert "its visitors are served" in decision_plan.refusal(site, decision_plan.decide("no"), "x")
    assert decision_plan.prove_command(ASKED).endswith("-e image=api@DIGEST")
    assert decision_plan.reach_command(ASKED) == "ansible-playbook -i inventories/staging playbooks/site.yml"


@pytest.mark.parametrize(
    ("given", "release", "text", "problem"),
    [
        ({"image": f"api@{A}"}, "", A, ""),
        ({"image": f"api:1@{A}", "digest": A}, "", A, ""),
        ({"image": f"api@{A}", "digest": B}, "", "", f"the image is {A}, not {B}"),
        ({"image": "api:1"}, "", "", "is not named by its digest"),
        ({"image": "api@sha256:1"}, "", "", "is not named by its digest"),
        ({}, "a" * 64, A, ""),
        ({"digest": "aaaaaaaa"}, "a" * 64, A, ""),
        ({"digest": "bbbbbbbb"}, "a" * 64, "", f"the bundle makes release {A}, not sha256:bbbbbbbb"),
        ({"digest": "aaaaaaaa"}, "", "aaaaaaaa", ""),
        ({"digest": "1.0"}, "", "", "names no artifact"),
        ({"take_serving": True, "repository": REPOSITORY}, "", "", ""),
        ({"take_serving": True, "repository": "api"}, "", "", "is no Amazon ECR image"),
        ({}, "", "", "no artifact is named"),
    ],
)
def test_artifact(given, release, text, problem):
    found = artifact_plan.artifact_of({**NOTHING, **given}, release)
    assert found.text == text
    assert problem in found.problem
    assert bool(problem) is bool(found.problem)


def test_only_a_whole_digest_means_itself():
    assert [artifact_plan.Artifact(text).whole for text in (A, "a" * 64, "aaaaaaaa", "")] == [True, True, False, False]
