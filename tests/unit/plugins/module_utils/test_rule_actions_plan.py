# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from copy import deepcopy

from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import (
    comparable,
    forwarding,
    sticky_seconds_of,
    weights_of,
    with_weights,
)

LOGIN = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {"Issuer": "https://id", "ClientId": "x", "Scope": "openid"},
}
STICKY = {"Enabled": True, "DurationSeconds": 60}
ACTIONS = [
    LOGIN,
    {
        "Type": "forward",
        "Order": 2,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": "a", "Weight": 100}, {"TargetGroupArn": "b", "Weight": 0}],
            "TargetGroupStickinessConfig": STICKY,
        },
    },
]
SINGLE = [{"Type": "forward", "TargetGroupArn": "a", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}]}}]


def test_weights_are_read_whichever_way_aws_spells_them():
    assert weights_of(ACTIONS) == {"a": 100, "b": 0}
    assert weights_of(SINGLE) == {"a": 1}
    assert weights_of([{"Type": "forward", "TargetGroupArn": "a"}]) == {"a": 1}
    assert weights_of([{"Type": "forward"}]) == {}
    assert weights_of([{"Type": "fixed-response"}]) == {}


def test_stickiness():
    assert sticky_seconds_of(ACTIONS) == 60
    assert sticky_seconds_of(SINGLE) == 0
    assert sticky_seconds_of([]) == 0


def test_writing_weights_keeps_everything_else():
    before = deepcopy(ACTIONS)
    made = with_weights(ACTIONS, {"a": 0, "b": 100})
    assert before == ACTIONS
    assert [action["Order"] for action in made] == [1, 2]
    assert made[0]["AuthenticateOidcConfig"] == {**LOGIN["AuthenticateOidcConfig"], "UseExistingClientSecret": True}
    assert made[1]["ForwardConfig"]["TargetGroupStickinessConfig"] == STICKY
    assert weights_of(made) == {"a": 0, "b": 100}


def test_a_missing_group_is_appended_and_the_scalar_goes():
    made = with_weights(SINGLE, {"b": 0})
    assert weights_of(made) == {"a": 1, "b": 0}
    assert "TargetGroupArn" not in made[0]
    assert with_weights([{"Type": "fixed-response"}], {"b": 0}) == [{"Type": "fixed-response"}]


def test_actions_compare_by_meaning():
    assert comparable(ACTIONS) == comparable(with_weights(ACTIONS[::-1], {}))
    assert comparable(SINGLE) == comparable(forwarding({"a": 1}))
    off = deepcopy(SINGLE)
    off[0]["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": False}
    assert comparable(SINGLE) == comparable(off)
    assert comparable(ACTIONS) != comparable(with_weights(ACTIONS, {"a": 99}))
    assert comparable(ACTIONS) != comparable(ACTIONS[1:])
