# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from copy import deepcopy

from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import (
    comparable,
    forwarding,
    forwarding_again,
    only_weights,
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


def test_of_the_order_of_actions_only_the_order_counts():
    renumbered = [{**action, "Order": action["Order"] * 10} for action in ACTIONS]
    assert comparable(ACTIONS) == comparable(renumbered) == comparable(renumbered[::-1])
    assert comparable(SINGLE) == comparable([{**SINGLE[0], "Order": 1}])
    swapped = [{**ACTIONS[0], "Order": 2}, {**ACTIONS[1], "Order": 1}]
    assert comparable(ACTIONS) != comparable(swapped)


def test_a_sign_in_that_somebody_changes_is_seen():
    other = deepcopy(ACTIONS)
    other[0]["AuthenticateOidcConfig"]["ClientId"] = "y"
    assert comparable(ACTIONS) != comparable(other)
    longer = deepcopy(ACTIONS)
    longer[1]["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 61}
    assert comparable(ACTIONS) != comparable(longer)


def test_other_sign_ins_are_sent_back_as_they_were():
    for kept in (
        {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": {"UserPoolArn": "arn"}},
        {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": {"Issuer": "https://id"}},
    ):
        assert with_weights([kept, ACTIONS[1]], {"a": 1})[0] == kept
        assert only_weights([kept, ACTIONS[1]], {"a": 1})[0] == kept


def test_a_foreign_group_is_taken_out_and_all_else_stays():
    made = only_weights(with_weights(ACTIONS, {"other": 7}), {"a": 0, "b": 100})
    assert comparable(made) == comparable(with_weights(ACTIONS, {"a": 0, "b": 100}))
    assert made[0]["AuthenticateOidcConfig"]["UseExistingClientSecret"] is True
    assert made[1]["ForwardConfig"]["TargetGroupStickinessConfig"] == STICKY


def test_a_page_in_the_place_of_the_forward_gives_way():
    page = {"Type": "fixed-response", "Order": 2, "FixedResponseConfig": {"StatusCode": "503"}}
    made = forwarding_again([LOGIN, page])
    assert made == [LOGIN, {"Type": "forward", "Order": 2, "ForwardConfig": {}}]
    assert weights_of(only_weights(made, {"a": 1})) == {"a": 1}
    assert forwarding_again(ACTIONS) == ACTIONS
