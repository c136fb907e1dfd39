# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate of a name serves, when one is requested, and which ones are not needed any more."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import certificate_plan as planning
from ansible_collections.slipway.ops.plugins.module_utils.certificate_plan import Certificate

DOMAINS = ("api.example.com", "*.api.example.com")
REQUEST = ("request", "api.example.com")
PROOF = (("_a.api.example.com.", "_b.acm-validations.aws."),)


def one(arn, status="ISSUED", domains=DOMAINS, used=False, requested=1.0):
    return Certificate(arn, tuple(domains), status, used, requested)


@pytest.mark.parametrize(
    ("found", "purge", "use", "steps"),
    [
        ([], False, None, (REQUEST,)),
        ([one("a")], True, "a", ()),
        ([one("a", "PENDING_VALIDATION")], False, "a", ()),
        ([one("a", domains=["api.example.com", "*.api.example.com", "x.example.com"])], False, None, (REQUEST,)),
        ([one("a", domains=reversed(DOMAINS))], False, None, (REQUEST,)),
        ([one("a", "FAILED")], False, None, (REQUEST,)),
        ([one("a", "EXPIRED", used=True)], True, None, (REQUEST,)),
        ([one("a", "VALIDATION_TIMED_OUT")], True, None, (REQUEST, ("delete", "a"))),
        ([one("a"), one("b", "PENDING_VALIDATION", requested=2.0)], True, "a", (("delete", "b"),)),
        ([one("a"), one("b", requested=2.0)], True, "b", (("delete", "a"),)),
        ([one("a", domains=["x.example.com"], used=True), one("b")], True, "b", ()),
        ([one("a", domains=["x.example.com"]), one("b")], False, "b", ()),
    ],
    ids=[
        "none",
        "issued",
        "pending",
        "other names",
        "another main name",
        "failed",
        "expired and in use",
        "timed out",
        "issued before pending",
        "the newest",
        "the one before in use",
        "no purge",
    ],
)
def test_present(found, purge, use, steps):
    plan = planning.plan_present(found, DOMAINS, purge)
    assert (plan.use.arn if plan.use else None, plan.steps, plan.changed) == (use, steps, bool(steps))


def test_what_is_not_needed_is_told_without_being_deleted():
    plan = planning.plan_present([one("a", domains=["x.example.com"]), one("b")], DOMAINS, purge=False)
    assert [each.arn for each in plan.superseded] == ["a"]


def test_names_and_records_that_only_they_had_are_told():
    old = Certificate("a", ("api.example.com", "x.example.com"), "ISSUED", False, 1.0, (*PROOF, ("_x.", "_y.")))
    new = Certificate("b", DOMAINS, "ISSUED", True, 2.0, PROOF)
    assert planning.dropped(planning.plan_present([old, new], DOMAINS, purge=True), DOMAINS) == (
        ["x.example.com"],
        [("_x.", "_y.")],
    )
    assert planning.dropped(planning.plan_present([old], DOMAINS, purge=True), DOMAINS)[1] == [*PROOF, ("_x.", "_y.")]


def test_absent_and_what_stands_in_its_way():
    plan = planning.plan_absent([one("b", used=True), one("a")])
    assert plan.steps == (("delete", "a"), ("delete", "b"))
    assert planning.blocked_by(plan) == ["b"]
    assert planning.plan_absent([]).changed is False


def test_names_are_compared_as_acm_does():
    assert planning.normalized([" API.Example.com. ", "b"]) == ("api.example.com", "b")


@pytest.mark.parametrize(
    ("certificate", "told"),
    [
        (Certificate("a", DOMAINS, "PENDING_VALIDATION", False, 1.0, PROOF), True),
        (Certificate("a", (*DOMAINS, "b.example.com"), "PENDING_VALIDATION", False, 1.0, PROOF), False),
        (Certificate("a", DOMAINS, "FAILED", False, 1.0), True),
    ],
    ids=["a wildcard is its domain", "one is missing", "none will come"],
)
def test_records_are_told(certificate, told):
    assert planning.with_records(certificate) is told


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ("FAILED", "CAA_ERROR", "CAA_ERROR: a CAA record of the domain forbids Amazon: add amazon.com to it"),
        ("FAILED", "OTHER", "OTHER: see the ACM user guide, Troubleshooting"),
        ("REVOKED", "", "its status is REVOKED"),
        (
            "VALIDATION_TIMED_OUT",
            "",
            "ACM found no validation record for 72 hours: has the zone's parent its name servers?",
        ),
    ],
    ids=["known", "unknown", "no reason", "timed out"],
)
def test_remedies(status, reason, said):
    assert planning.remedy(Certificate("a", DOMAINS, status, False, 1.0, reason=reason)) == said


def test_shown():
    assert (planning.shown(None), planning.shown(one("a"))) == ({}, {"domains": list(DOMAINS)})
