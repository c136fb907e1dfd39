# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.atlas_inputs_plan import access_value, input_problems

GOOD = {"project_id": "6500aa11bb22cc33dd44ee55", "region": "us-east-1", "atlas_region": "US_EAST_1"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "atlas_cidr": "192.168.248.0/21",
            "route_cidr": "10.0.0.0/16",
            "vpc_cidr": "10.0.0.0/16",
            "account_id": "111111111111",
        },
        {"access_list": [{"cidr_block": "192.0.2.1"}, {"security_group": "sg-0123456789abcdef0", "comment": None}]},
        {"atlas_region": "ap-southeast-2"},
    ],
)
def test_good_input(more):
    assert input_problems(GOOD | more) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"project_id": "mine"}, "project_id: 24 hexadecimal digits are needed"),
        ({"atlas_region": "Virginia"}, "atlas_region Virginia: no AWS region"),
        ({"region": "us-EAST_1"}, "region us-EAST_1: no AWS region"),
        ({"account_id": "42"}, "account_id 42: an AWS account has 12 digits"),
        ({"atlas_cidr": "10.8.0.0/20"}, "between /21 and /24"),
        ({"atlas_cidr": "10.8.0.0/25"}, "between /21 and /24"),
        ({"atlas_cidr": "52.0.0.0/21"}, "within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
        ({"atlas_cidr": "10.8.1.0/21"}, "not in canonical form, which is 10.8.0.0/21"),
        ({"atlas_cidr": "ten"}, "no IPv4 block"),
        ({"route_cidr": "10.0.0.1/16"}, "route_cidr 10.0.0.1/16: not in canonical form, which is 10.0.0.0/16"),
        (
            {"atlas_cidr": "10.0.8.0/21", "vpc_cidr": "10.0.0.0/16"},
            "atlas_cidr 10.0.8.0/21 overlaps the VPC's 10.0.0.0/16",
        ),
        ({"vpc_cidr": "10.0.0.1/16"}, "vpc_cidr 10.0.0.1/16: not in canonical form"),
        ({"access_list": [{}]}, "either cidr_block or security_group"),
        ({"access_list": [{"cidr_block": "10.0.0.0/16", "security_group": "sg-1"}]}, "either cidr_block or"),
        ({"access_list": [{"security_group": "web"}]}, "web is no security group id"),
        ({"access_list": [{"cidr_block": "10.0.0.1/16"}]}, "not in canonical form"),
        ({"access_list": [{"cidr_block": "10.0.0.0/16", "comment": "x" * 81}]}, "at most 80 characters"),
        ({"access_list": [{"cidr_block": "192.0.2.1"}, {"cidr_block": "192.0.2.1/32"}]}, "names 192.0.2.1/32 twice"),
        ({"access_list": [{"cidr_block": f"10.0.{n}.0/24"} for n in range(201)]}, "has 201 entries; Atlas takes 200"),
    ],
)
def test_bad_input(more, words):
    (problem,) = input_problems(GOOD | more)
    assert words in problem
    assert "\n" not in problem


def test_an_address_is_a_block_of_one():
    assert access_value({"cidr_block": "192.0.2.1"}) == "192.0.2.1/32"
    assert access_value({"security_group": "sg-1", "cidr_block": None}) == "sg-1"
