# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls at the same time, and the target groups that are asked for together."""

from __future__ import annotations

import threading

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils import ecs, elb
from ansible_collections.slipway.ops.plugins.module_utils.together import together
from moto import mock_aws

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}


def test_they_run_at_the_same_time():
    meeting = threading.Barrier(2, timeout=10)
    assert together({"a": meeting.wait, "b": meeting.wait}).keys() == {"a", "b"}


def test_one_call_needs_no_thread():
    assert together({"only": threading.current_thread}) == {"only": threading.current_thread()}
    assert together({}) == {}


def test_what_fails_is_raised_once_all_have_ended():
    ended = []

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        together({"bad": fail, "good": lambda: ended.append("good")})
    assert ended == ["good"]


@mock_aws
def test_an_absent_target_group_hides_no_other():
    client = boto3.client("elbv2", **KEYS)
    assert elb.describe_target_groups(client, ["api-blue", "api-green"]) == {}
    vpc = boto3.client("ec2", **KEYS).describe_vpcs()["Vpcs"][0]["VpcId"]
    for name in ("api-green", "api-blue"):
        client.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
        known = elb.describe_target_groups(client, ["api-blue", "api-green"])
        assert known[name]["TargetGroupName"] == name
    assert known.keys() == {"api-blue", "api-green"}


@mock_aws
def test_a_cluster_that_does_not_exist_has_no_services():
    assert ecs.describe_services(boto3.client("ecs", **KEYS), "none", ["api-blue"]) == {}
