# SPDX-License-Identifier: GPL-3.0-or-later
"""A valid environment to be watched, for the tables of the tests."""

from __future__ import annotations

from typing import Any

ALB = "arn:aws:elasticloadbalancing:us-east-1:111111111111"
GROUPS = {f"api-{color}": f"{ALB}:targetgroup/api-{color}/{color}1" for color in ("blue", "green")}


def example(**changed: Any) -> dict[str, Any]:
    """The inputs of role observability without their prefix, with CHANGED ones."""
    return {
        "name": "slipway-test",
        "account_id": "111111111111",
        "region": "us-east-1",
        "cluster": "slipway-test",
        "services": [
            {"name": "api", "kind": "web", "workers": [{"name": "tally"}]},
            {"name": "mail", "kind": "worker"},
        ],
        "load_balancer_arn": f"{ALB}:loadbalancer/app/slipway-test/0a1b",
        "distribution_id": "E1",
        "firewall_name": "slipway-test-site",
        "flow_log_group": "/slipway-test/vpc-flow-log",
        "firewall_log_groups": ["aws-waf-logs-slipway-test-site"],
        "gpu_name": "",
        "subscriptions": [],
        "alarm_load_balancer_5xx": 10,
        "alarm_site_5xx_percent": 5,
        **changed,
    }
