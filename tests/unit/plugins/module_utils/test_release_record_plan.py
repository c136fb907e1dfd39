# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored of a run, and which runs left their digest serving."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import release_record_plan as plan

GIVEN = {"service": "api", "kind": "deploy", "outcome": "promoted", "digest": "sha256:1", "git_sha": "", "started": 0.5}


def test_the_id_is_the_time_and_the_content():
    first, same, other = plan.record_of(GIVEN), plan.record_of({**GIVEN}), plan.record_of({**GIVEN, "reason": "x"})
    assert first["id"] == same["id"]
    assert first["id"].startswith("1970-01-01T00:00:00.500Z#")
    assert other["id"] != first["id"]
    item = plan.put_request("store", first)["Item"]
    assert item["item"] == {"S": f"release#{first['id']}"}
    assert plan.record_from(item) == first


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({1: ("a", None)}, {"1": ["a", None]}),
        ([True, 1, 2.5], [True, 1, 2.5]),
        ("x" * 3000, "x" * 2000),
        (list(range(500)), list(range(200))),
        ({"when": object}, {"when": str(object)}),
    ],
)
def test_a_record_is_json_and_bounded(value, kept):
    assert plan.bounded(value) == kept


@pytest.mark.parametrize(
    ("kind", "outcome", "digest", "serving"),
    [
        ("deploy", "promoted", "sha256:1", True),
        ("continue", "promoted", "sha256:1", True),
        ("rollback", "rolled_back", "sha256:1", True),
        ("repair", "repaired", "sha256:1", True),
        ("repair", "repaired", "", False),
        ("deploy", "rolled_back", "sha256:1", False),
        ("deploy", "awaiting_approval", "sha256:1", False),
        ("rollback", "failed", "sha256:1", False),
    ],
)
def test_what_left_its_digest_serving(kind, outcome, digest, serving):
    assert plan.left_serving({"kind": kind, "outcome": outcome, "digest": digest}) is serving


def test_records_are_read_no_further_than_needed():
    records = [{**GIVEN, "outcome": outcome, "n": n} for n, outcome in enumerate(["failed", "promoted", "promoted"])]
    source = iter(records)
    assert plan.chosen(source, [], 1) == ([records[0]], records[1])
    assert next(source) == records[2]
    assert plan.chosen(records, ["promoted"], 5) == (records[1:], records[1])
    assert plan.chosen([], [], 5) == ([], None)


def test_only_records_are_asked_for_and_the_newest_first():
    request = plan.query_request("store", "api")
    assert request["ExpressionAttributeValues"] == {":service": {"S": "api"}, ":prefix": {"S": "release#"}}
    assert (request["ScanIndexForward"], request["ConsistentRead"]) == (False, True)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({**GIVEN, "id": "1"}, ""),
        ({**GIVEN, "id": "1", "schema": 2}, "its form is 2, and this version of Slipway knows 1"),
        ({"id": "1"}, "it is no release record"),
        ({**GIVEN, "id": "1", "digest": 5}, "it is no release record"),
        ({**GIVEN, "id": "1", "started": "now"}, "it is no release record"),
        (["list"], "it is no release record"),
    ],
    ids=["before-there-were-forms", "newer", "bare", "number", "time", "list"],
)
def test_what_is_read_is_understood_or_refused(record, told):
    item = {"record": {"S": json.dumps(record)}}
    if told:
        with pytest.raises(ValueError, match=told):
            plan.record_from(item)
    else:
        assert plan.record_from(item) == record


def test_what_is_no_json_is_refused():
    for item in ({}, {"record": {"S": "{"}}):
        with pytest.raises(ValueError, match=r"no release record|Expecting"):
            plan.record_from(item)
