# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lease says and the requests that change it."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import lease_plan
from ansible_collections.slipway.ops.plugins.module_utils.lease_plan import Claim, Held

HELD = Held("alice@host", "r1", "https://ci/7", 3, 1000, 1060)
ITEM = {
    "service": {"S": "api"},
    "item": {"S": "lock"},
    "owner": {"S": "alice@host"},
    "run_id": {"S": "r1"},
    "run_url": {"S": "https://ci/7"},
    "token": {"N": "3"},
    "acquired": {"N": "1000"},
    "expires": {"N": "1060"},
}
CLAIM = Claim("store", "api", "bob@host", "r2", "", 60.0)


@pytest.mark.parametrize(
    ("item", "held", "token"),
    [
        (None, None, 0),
        ({}, None, 0),
        ({"service": {"S": "api"}, "item": {"S": "lock"}, "token": {"N": "9"}}, None, 9),
        (ITEM, HELD, 3),
    ],
)
def test_what_an_item_says(item, held, token):
    assert (lease_plan.held_from(item), lease_plan.token_of(item)) == (held, token)


@pytest.mark.parametrize(("now", "expired"), [(1059.9, False), (1060.0, True), (1061.0, True)])
def test_when_it_has_run_out(now, expired):
    assert HELD.expired(now) is expired


def test_a_free_lease_is_taken_only_if_it_is_still_free():
    request = lease_plan.acquire_request(CLAIM, None, 2000.9)
    assert request["ConditionExpression"] == "attribute_not_exists(#run_id)"
    assert request["UpdateExpression"].endswith("ADD #token :one")
    values = request["ExpressionAttributeValues"]
    assert (values[":acquired"], values[":expires"]) == ({"N": "2000"}, {"N": "2061"})
    assert not [name for name in values if name.startswith(":seen")]


def test_an_expired_lease_is_taken_only_as_it_was_seen():
    request = lease_plan.acquire_request(CLAIM, HELD, 2000)
    assert request["ConditionExpression"] == "#run_id = :seen_run AND #token = :seen_token AND #expires = :seen_expires"
    values = request["ExpressionAttributeValues"]
    assert [values[f":seen_{name}"] for name in ("run", "token", "expires")] == [{"S": "r1"}, {"N": "3"}, {"N": "1060"}]


def test_only_the_holder_extends_and_releases_it():
    confirm = lease_plan.confirm_request(CLAIM, 4, 2060)
    release = lease_plan.release_request("store", "api", "r2", 4)
    for request in (confirm, release):
        assert request["ConditionExpression"] == "#run_id = :run_id AND #token = :token"
        assert request["ExpressionAttributeValues"][":token"] == {"N": "4"}
    assert "token" not in release["UpdateExpression"]


def test_texts_name_owner_run_and_time():
    assert lease_plan.held_text("api", HELD, 1019.5) == (
        "alice@host (https://ci/7) holds the lease of api until 1970-01-01 00:17:40 UTC"
        " (41 s from now, longer while that run goes on), token 3"
    )
    assert "ran out 40 s ago" in lease_plan.takeover_text("api", HELD, 1100)
    assert lease_plan.lost_text("api", HELD).endswith("alice@host (https://ci/7) has it now with token 3")
    assert lease_plan.lost_text("api", None).endswith("it was broken or released")
    assert lease_plan.who_text(Held("bob", "r9", "", 1, 0, 0)) == "bob (run r9)"
