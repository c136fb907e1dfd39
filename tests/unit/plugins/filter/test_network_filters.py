# SPDX-License-Identifier: GPL-3.0-or-later
"""The network filters as templates use them: plain lists and mappings."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.filter import network_drift, network_problems, subnet_plan

ZONES = ["us-east-1a", "us-east-1b"]


def named(plugin, name):
    return plugin.FilterModule().filters()[name]


def test_subnet_plan():
    planned = named(subnet_plan, "subnet_plan")("10.20.0.0/24", ZONES)
    assert planned[0] == {"tier": "public", "zone": "us-east-1a", "cidr": "10.20.0.0/27"}
    assert planned[-1] == {"tier": "private", "zone": "us-east-1b", "cidr": "10.20.0.160/27"}


def test_network_problems():
    problems = named(network_problems, "network_problems")
    assert problems("10.20.0.0/24", ZONES) == []
    assert len(problems("10.20.0.0/24", ZONES, ["10.20.0.0/16"])) == 1


def test_network_drift():
    drift = named(network_drift, "network_drift")
    assert drift("10.20.0.0/24", ZONES, []) == []
    assert len(drift("10.20.0.0/24", ZONES[::-1], [{"cidr_block": "10.20.0.0/27", "availability_zone": ZONES[0]}])) == 1
