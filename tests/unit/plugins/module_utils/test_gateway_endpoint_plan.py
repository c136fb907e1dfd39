# SPDX-License-Identifier: GPL-3.0-or-later
"""States of an S3 gateway endpoint and the steps out of them; and the policy it gets."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.gateway_endpoint_plan import (
    Endpoint,
    Wanted,
    canonical,
    endpoint_policy,
    plan_endpoint,
)

BUCKET = "arn:aws:s3:::data"
POLICY = endpoint_policy([BUCKET], "us-east-1", "aws")
OTHER = endpoint_policy([], "us-east-1", "aws")
WANTED = Wanted(True, POLICY, frozenset({"rtb-1", "rtb-2"}), {"Name": "s3"})
GONE = Wanted(False)


def endpoint(policy=POLICY, tables=("rtb-1", "rtb-2"), tags=(("Name", "s3"),), identity="vpce-1"):
    return Endpoint(identity, "vpc-1", policy, frozenset(tables), dict(tags))


@pytest.mark.parametrize(
    ("existing", "wanted", "actions"),
    [
        ([], WANTED, ["create"]),
        ([], GONE, []),
        ([endpoint()], GONE, ["delete"]),
        ([endpoint()], WANTED, []),
        ([endpoint(policy=OTHER)], WANTED, ["modify"]),
        ([endpoint(tables=["rtb-1"])], WANTED, ["modify"]),
        ([endpoint(tables=["rtb-1", "rtb-2", "rtb-3"])], WANTED, ["modify"]),
        ([endpoint(tags=[])], WANTED, ["tag"]),
        ([endpoint(tags=[("Name", "other")])], WANTED, ["tag"]),
        ([endpoint(tags=[("Name", "s3"), ("stale", "1"), ("aws:x", "1")])], WANTED, ["untag"]),
        ([endpoint(policy=OTHER, tables=["rtb-9"], tags=[("stale", "1")])], WANTED, ["modify", "tag", "untag"]),
    ],
)
def test_steps(existing, wanted, actions):
    plan = plan_endpoint(existing, wanted)
    assert [step.action for step in plan.steps] == actions
    assert plan.blocked == ""
    assert (plan.before == plan.after) == (not actions)


def test_create_has_all_of_it():
    (step,) = plan_endpoint([], WANTED).steps
    assert json.loads(step.arguments["PolicyDocument"]) == POLICY
    assert step.arguments["RouteTableIds"] == ["rtb-1", "rtb-2"]
    assert step.arguments["TagSpecifications"][0]["Tags"] == [{"Key": "Name", "Value": "s3"}]


def test_modify_has_the_differences_alone():
    (step,) = plan_endpoint([endpoint(policy=OTHER, tables=["rtb-2", "rtb-3"])], WANTED).steps
    assert dict(step.arguments) == {
        "VpcEndpointId": "vpce-1",
        "PolicyDocument": json.dumps(POLICY, sort_keys=True),
        "AddRouteTableIds": ["rtb-1"],
        "RemoveRouteTableIds": ["rtb-3"],
    }


@pytest.mark.parametrize("wanted", [WANTED, GONE])
def test_several_endpoints_are_not_guessed_at(wanted):
    plan = plan_endpoint([endpoint(identity="vpce-2"), endpoint()], wanted)
    assert plan.steps == ()
    assert plan.blocked == "several S3 gateway endpoints exist (vpce-1, vpce-2): delete all but one"


def test_a_plan_done_leaves_nothing_to_do():
    after = endpoint(WANTED.policy, WANTED.route_table_ids, WANTED.tags.items())
    assert plan_endpoint([after], WANTED).steps == ()


def test_one_value_and_a_list_of_one_mean_the_same():
    assert canonical({"Action": ["b", "a"], "Resource": ["x"]}) == canonical({"Action": ["a", "b"], "Resource": "x"})
    assert canonical({"Action": "a"}) != canonical({"Action": "b"})


def test_policy_names_the_buckets_for_their_own_account_and_the_image_layers():
    policy = endpoint_policy(["arn:aws:s3:::b", "arn:aws:s3:::a", "arn:aws:s3:::a"], "eu-west-1", "aws")
    buckets, objects, layers = policy["Statement"]
    assert buckets["Resource"] == ["arn:aws:s3:::a", "arn:aws:s3:::b"]
    assert objects["Resource"] == ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]
    own = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
    assert buckets["Condition"] == objects["Condition"] == own
    assert layers["Resource"] == ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"]
    assert layers["Action"] == ["s3:GetObject"]
    assert "Condition" not in layers
    assert not any("*" in action for statement in policy["Statement"] for action in statement["Action"])


def test_policy_without_buckets_lets_images_be_pulled_alone():
    (layers,) = endpoint_policy([], "cn-north-1", "aws-cn")["Statement"]
    assert layers["Resource"] == ["arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"]
