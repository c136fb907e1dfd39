# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ARN names, what of it stays, and what is said of it."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.leftovers import leftovers_plan as plan

A = "111111111111"
KEY = f"arn:aws:kms:us-east-1:{A}:key/5"
SECRET = f"arn:aws:secretsmanager:us-east-1:{A}:secret:slipway-local/api-AbCdEf"
BACKUP = f"arn:aws:dynamodb:us-east-1:{A}:table/slipway-local-releases/backup/0123"
VPC = f"arn:aws:ec2:us-east-1:{A}:vpc/vpc-1"
CERTIFICATE = f"arn:aws:acm:us-east-1:{A}:certificate/1"


@pytest.mark.parametrize(
    ("arn", "kind", "name", "stays"),
    [
        (f"arn:aws:elasticloadbalancing:us-east-1:{A}:loadbalancer/app/a/1", "load balancer", "app/a/1", False),
        (VPC, "network part", "vpc/vpc-1", False),
        (f"arn:aws:ec2:us-east-1:{A}:natgateway/nat-1", "NAT gateway", "nat-1", False),
        (f"arn:aws:ec2:us-east-1:{A}:snapshot/snap-1", "snapshot", "snap-1", True),
        (f"arn:aws:dynamodb:us-east-1:{A}:table/slipway-local-releases", "table", "slipway-local-releases", False),
        (BACKUP, "table backup", "slipway-local-releases/backup/0123", True),
        ("arn:aws:s3:::bucket", "bucket", "bucket", False),
        (KEY, "key", "5", True),
        (SECRET, "secret", "slipway-local/api-AbCdEf", True),
        (f"arn:aws:ssm:us-east-1:{A}:parameter/slipway-local/key", "parameter", "slipway-local/key", True),
        (f"arn:aws:logs:us-east-1:{A}:log-group:/ecs/api:*", "log group", "/ecs/api", False),
        (f"arn:aws:logs:us-east-1:{A}:log-group:/aws/ecs/containerinsights/c/performance:*",
         "log group of Container Insights", "/aws/ecs/containerinsights/c/performance", True),
        (f"arn:aws:ecs:us-east-1:{A}:cluster/c", "cluster", "cluster/c", False),
        (f"arn:aws:quantum:us-east-1:{A}:thing/1", "resource", "thing/1", True),
    ],
)  # fmt: skip
def test_kinds(arn, kind, name, stays):
    found = plan.resource(arn)
    assert (found.kind, found.id, found.arn, found.stays) == (kind, name, arn, stays)
    assert bool(found.remove) is stays


def test_a_key_that_a_role_has_made_goes():
    [theirs, ours] = plan.resources([KEY, f"{KEY}6"], own=[f"{KEY}6"])
    assert (theirs.stays, ours.stays, ours.remove) == (True, False, "")


def test_each_once_and_in_order():
    found = plan.resources([VPC, KEY, VPC])
    assert [each.arn for each in found] == [KEY, VPC]


def test_what_would_go_and_stay():
    found = plan.as_dicts(plan.resources([VPC, KEY, CERTIFICATE]))
    assert plan.going(found) == [
        "would go:",
        "  certificate: 1",
        "  network part: vpc/vpc-1",
        "would stay, as no role made it:",
        "  key 5: costs by the month, until it is deleted",
        "    aws kms schedule-key-deletion --key-id 5 (what it encrypted is lost with it)",
    ]
    assert plan.going([]) == ["would go:", "  nothing that is tagged as this environment's"]


def test_what_ecs_shows_of_clusters_that_are_gone_does_not_stand():
    kinds = ("cluster/a", "service/a/api", "task/a/1", "cluster/b", "task-definition/api:1")
    arns = [f"arn:aws:ecs:us-east-1:{A}:{kind}" for kind in kinds]
    assert plan.standing([VPC, *arns], [arns[3]]) == [VPC, *arns[3:]]


def test_what_is_left():
    definition = plan.as_dicts(plan.resources([f"arn:aws:ecs:us-east-1:{A}:task-definition/api:1"]))
    assert plan.left(definition) == plan.left([])
    assert plan.left([]) == ["nothing of the environment is left that AWS lists by its tags and names"]
    secret, vpc = plan.as_dicts(plan.resources([SECRET])), plan.as_dicts(plan.resources([VPC]))
    assert plan.left(secret) == [
        "left, as no role made it:",
        "  secret slipway-local/api-AbCdEf: costs by the month",
        f"    aws secretsmanager delete-secret --secret-id {SECRET}",
    ]
    [first, second] = plan.left(vpc)
    assert first == "still listed by AWS: network part vpc/vpc-1"
    assert "run it again" in second


def test_what_has_content():
    held = plan.holding({"b": True, "a": False}, {"web": 1, "api": 3, "none": 0})
    assert held == ["bucket b", "image repository api (3 images)", "image repository web (1 image)"]
