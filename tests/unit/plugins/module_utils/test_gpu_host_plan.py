# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of role gpu_host, each bad one with its line, and the documents made from them."""

from __future__ import annotations

from base64 import b64decode

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter import gpu_host_document
from ansible_collections.slipway.ops.plugins.module_utils import gpu_host_plan as plan

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "0" * 64
HOST = {
    "name": "slipway-local-llm",
    "account_id": "111111111111",
    "region": "us-east-1",
    "domain": "llm.slipway-local.internal",
    "bucket": "slipway-models",
    "image": IMAGE,
    "tags": {"team": "x"},
    "model": "llama-3.3-70b",
    "quantization": "awq",
    "instance_type": "g5.12xlarge",
    "tensor_parallel": 0,
    "context": 8192,
    "concurrency": 4,
    "utilization": 0.9,
    "overhead_gib": 1.8,
    "count": 1,
    "purchase": "on_demand",
    "capacity_reservation_id": "",
    "ami_id": "",
    "root_device": "/dev/sda1",
    "root_volume_gb": 200,
    "boot_timeout": 1800,
    "nat": True,
    "interface_endpoints": False,
    "port": 8000,
    "max_hours": 12,
    "budget_usd": 0,
    "budget_emails": [],
    "topic_arn": "",
    "log_retention_days": 30,
}
TOPIC = "arn:aws:sns:us-east-1:111111111111:ops"

document = gpu_host_document.FilterModule().filters()["gpu_host_document"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"count": "2", "port": "8000", "budget_usd": "500", "budget_emails": ["a@b.example"]},
        {"budget_usd": 10.5, "topic_arn": TOPIC},
        {"nat": False, "interface_endpoints": True, "ami_id": "ami-0123456789abcdef0"},
        {"purchase": "spot"},
        {"purchase": "reservation", "capacity_reservation_id": "cr-0123456789abcdef0"},
    ],
    ids=["defaults", "as text", "topic", "endpoints", "spot", "reservation"],
)
def test_nothing_wrong(changes):
    assert plan.problems(HOST | changes) == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "qwen2.5-72b"}, "qwen2.5-72b awq does not fit g5.12xlarge: intermediate_size 29568"),
        ({"model": "qwen2.5-72b"}, "no g5 takes it. playbooks/gpu_plan.yml shows what fits"),
        ({"quantization": "bf16"}, "the cheapest that takes it is g5.48xlarge"),
        ({"model": "gpt-5"}, "model: 'gpt-5' is not in the catalog"),
        ({"name": "LLM"}, "name: must be 2 to 32"),
        ({"name": "a" * 33}, "name: must be 2 to 32"),
        ({"account_id": "1"}, "account_id: must be 12 digits"),
        ({"bucket": "No"}, "bucket: 'No' is not a name"),
        ({"domain": "llm"}, "domain: must be a name such as"),
        ({"image": "vllm/vllm-openai:latest"}, "image: must be the engine's image in ECR by digest"),
        ({"region": "eu-west-1"}, "image: is in us-east-1, and pulling eu-west-1 from there"),
        ({"ami_id": "latest"}, "ami_id: must be ami-"),
        ({"count": 0}, "count: must be a whole number from 1 to 8"),
        ({"max_hours": 169}, "max_hours: must be a whole number from 1 to 168"),
        ({"root_volume_gb": "big"}, "root_volume_gb: must be a whole number"),
        ({"log_retention_days": 2}, "log_retention_days: must be one of"),
        ({"purchase": "free"}, "purchase: must be on_demand, spot or reservation"),
        ({"purchase": "reservation"}, "capacity_reservation_id: must be cr-"),
        (
            {"capacity_reservation_id": "cr-0123456789abcdef0"},
            "capacity_reservation_id: goes with purchase reservation",
        ),
        ({"nat": False}, "interface_endpoints: private subnets without NAT"),
        ({"nat": False, "interface_endpoints": True}, "ami_id: without NAT a host can install nothing"),
        ({"topic_arn": "ops"}, "topic_arn: must be the ARN"),
        ({"budget_emails": ["nobody"]}, "budget_emails: 'nobody' is not an address"),
        ({"budget_usd": "much"}, "budget_usd: must be dollars a month"),
        ({"budget_usd": 100}, "budget_usd: a budget that tells nobody is none"),
    ],
)
def test_each_problem_in_one_line(changes, says):
    problems = document(HOST | changes, "problems")
    assert any(says in problem for problem in problems), problems
    assert not any("\n" in problem for problem in problems)


def test_the_role_reads_weights_and_ends_itself_and_no_more():
    statements = {item["Sid"]: item for item in document(HOST, "instance_policy")["Statement"]}
    assert statements["FetchWeights"]["Resource"] == "arn:aws:s3:::slipway-models/*"
    assert statements["PullImage"]["Resource"] == "arn:aws:ecr:us-east-1:111111111111:repository/vllm"
    assert statements["EndItself"]["Resource"].endswith(":autoScalingGroupName/slipway-local-llm")
    assert statements["WriteMetrics"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Slipway/LLM"}}
    actions = [action for item in statements.values() for action in item["Action"]]
    assert not [action for action in actions if "*" in action or "Parameter" in action or "Put" in action[:6]]
    everywhere = {sid for sid, item in statements.items() if item["Resource"] == "*"}
    assert everywhere == {"RegistryToken", "WriteMetrics", "SessionManager"}
    # What is to be removed need not have an image any more.
    assert "arn:aws:ecr:*" in str(document(HOST | {"image": ""}, "instance_policy"))


@pytest.mark.parametrize(
    ("changes", "market"),
    [
        ({}, {"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}}),
        (
            {"purchase": "spot"},
            {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}},
        ),
        (
            {"purchase": "reservation", "capacity_reservation_id": "cr-1"},
            {"CapacityReservationSpecification": {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}},
        ),
    ],
    ids=["on demand", "spot", "reservation"],
)
def test_launch_template(changes, market):
    made = document(HOST | changes, "launch_template", security_group_id="sg-1", boot_key="gpu/b.tar", boot_sha256="ab")
    assert {key: made.get(key) for key in market} == market
    assert made["MetadataOptions"]["HttpTokens"] == "required"
    assert made["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]
    assert made["SecurityGroupIds"] == ["sg-1"]
    script = b64decode(made["UserData"]).decode()
    assert script.startswith("#!/bin/bash\nset -euo pipefail\n")
    assert "s3://slipway-models/gpu/b.tar boot.tar" in script
    assert script.index("sha256sum --check --strict") < script.index("tar --extract") < script.index("bash boot.sh")


def test_the_alarm_switches_off_and_tells():
    made = document(HOST | {"topic_arn": TOPIC, "max_hours": "6"}, "uptime_alarm", off_policy_arn="arn:off")
    assert made["alarm_actions"] == ["arn:off", TOPIC]
    assert made["period"] * made["evaluation_periods"] == 6 * 3600
    assert document(HOST, "uptime_alarm", off_policy_arn="arn:off")["alarm_actions"] == ["arn:off"]


def test_the_other_documents():
    assert document(HOST, "log_group") == "/gpu/slipway-local-llm"
    assert document(HOST, "role_name") == "slipway-local-llm-host"
    assert document(HOST, "fit")["tensor_parallel"] == 4
    assert document(HOST, "trust_policy")["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert "com.amazonaws.us-east-1.ecr.dkr" in document(HOST, "endpoints")
    with pytest.raises(AnsibleFilterError, match="no document 'x'"):
        document(HOST, "x")
