# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.reach_plan import admits


def rule(protocol="tcp", ports=(8080, 8080), **sources):
    bounds = {} if ports is None else {"FromPort": ports[0], "ToPort": ports[1]}
    return {"IpProtocol": protocol, **bounds, **sources}


LB = {"UserIdGroupPairs": [{"GroupId": "sg-lb"}]}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (rule(**LB), True),
        (rule("6", (0, 65535), **LB), True),
        (rule("-1", None, **LB), True),
        (rule(IpRanges=[{"CidrIp": "10.0.0.0/8"}]), True),
        (rule(Ipv6Ranges=[{"CidrIpv6": "::/0"}]), True),
        (rule(PrefixListIds=[{"PrefixListId": "pl-1"}]), True),
        (rule(UserIdGroupPairs=[{"GroupId": "sg-other"}]), False),
        (rule(), False),
        (rule(ports=(80, 8079), **LB), False),
        (rule(ports=(8081, 9000), **LB), False),
        (rule("udp", **LB), False),
    ],
)
def test_what_a_rule_lets_in(found, expected):
    assert admits([{}, {"IpPermissions": [found]}], ("sg-lb",), 8080) is expected


def test_no_rule_lets_nothing_in():
    assert not admits([{"IpPermissions": []}], ("sg-lb",), 8080)
