# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of environments as slipway.ops.environment_info returns them, in every size that a drawing has to bear."""

from __future__ import annotations

import hashlib
from typing import Any

ACCOUNTS = {"staging": "222222222222", "production": "333333333333"}
READ_AT = "2026-11-24T19:30:00Z"


def digest(seed: str) -> str:
    return "sha256:" + hashlib.sha256(seed.encode()).hexdigest()


def network(zones: int, **more: Any) -> dict[str, Any]:
    names = [f"us-east-1{letter}" for letter in "abcdef"[:zones]]
    kinds = [("public", 0), ("private", 128)]
    return {
        "vpc_id": "vpc-0a1b2c3d4e5f60718",
        "cidr": "10.30.0.0/16",
        "zones": names,
        "subnets": [
            {
                "id": f"subnet-{kind}-{at}",
                "name": f"{kind}-{at}",
                "cidr": f"10.30.{first + 32 * at}.0/19",
                "zone": zone,
                "kind": kind,
            }
            for kind, first in kinds
            for at, zone in enumerate(names)
        ],
        "nat": "none",
        "s3_endpoint": {"id": "vpce-0123456789abcdef0", "state": "available"},
        "flow_log": True,
        "peering": {
            "id": "pcx-0123456789abcdef0",
            "state": "active",
            "atlas_cidr": "192.168.240.0/21",
            "project_id": "64b7f1c2d3e4f5a6b7c8d9e0",
        },
        **more,
    }


def color(name: str, weight: int | None, tasks: int, seed: str = "api", **more: Any) -> dict[str, Any]:
    return {
        "color": name,
        "weight": weight,
        "preview_weight": 0,
        "target_group": f"arn:aws:elasticloadbalancing:us-east-1:333333333333:targetgroup/{seed}-{name}/1234",
        "healthy": tasks if weight is not None else 0,
        "targets": tasks if weight is not None else 0,
        "desired": tasks,
        "running": tasks,
        "pending": 0,
        "digest": digest(seed + name),
        "image": f"333333333333.dkr.ecr.us-east-1.amazonaws.com/{seed}@{digest(seed + name)}",
        "git_sha": digest("git" + seed + name)[7:47],
        "task_definition": f"arn:aws:ecs:us-east-1:333333333333:task-definition/{seed}-{name}:12",
        "subnets": ["subnet-public-0", "subnet-public-1"],
        **more,
    }


def service(name: str = "api", at: int = 0, weights: tuple[int, int] = (100, 0), **more: Any) -> dict[str, Any]:
    idle = {"git_sha": None, "digest": None, "image": None} if weights[1] == 0 and at else {}
    return {
        "name": name,
        "kind": "web",
        "engine": "two_service",
        "host": None,
        "path_patterns": [f"/{name}/*"] if at else ["/*"],
        "priority": 100 + at,
        "live_color": "blue",
        "awaiting_approval": None,
        "colors": [
            color("blue", weights[0], 3, name),
            color("green", weights[1], 3 if weights[1] else 0, name, **idle),
        ],
        "workers": [],
        "scaling": {"min": 2, "max": 6, "suspended": False},
        "warm": None,
        "lock": None,
        "last_release": {
            "id": "2026-11-24T18:02:11Z#1",
            "outcome": "promoted",
            "at": "2026-11-24T18:02:11Z",
            "digest": digest(name + "blue"),
            "git_sha": None,
            "by": "ada",
            "url": None,
        },
        "scheduled": [],
        "alarms": [{"name": f"slipway-{name}-errors", "state": "OK"}],
        "providers": [{"name": "openai", "url": "https://api.openai.com/v1"}],
        **more,
    }


def worker(name: str = "mailer", **more: Any) -> dict[str, Any]:
    made = service(name, 9)
    row = color("-", None, 1, name, target_group=None, preview_weight=None)
    return made | {"kind": "worker", "engine": "rolling", "path_patterns": [], "priority": None, "colors": [row]} | more


def site(**more: Any) -> dict[str, Any]:
    return {
        "bucket": "slipway-production-site-333333333333",
        "distribution_id": "E2QWRUHAPOMQZL",
        "domain_name": "d111111abcdef8.cloudfront.net",
        "aliases": ["app.example.com"],
        "status": "Deployed",
        "enabled": True,
        "release": {
            "id": digest("site")[7:],
            "at": "2026-11-24T18:30:00Z",
            "git_sha": digest("git site")[7:47],
            "outcome": "promoted",
        },
        "firewall": "slipway-production-site",
        "invalidations_in_progress": 0,
        **more,
    }


def gpu(*zones: str, **more: Any) -> dict[str, Any]:
    hosts = [
        {"id": f"i-0abc{at}", "type": "g5.12xlarge", "zone": zone, "state": "InService", "lifecycle": "on-demand"}
        for at, zone in enumerate(zones)
    ]
    made = {"name": "slipway-production-llm", "hosts": hosts, "desired": len(hosts), "max": 2}
    return made | {"cost_per_hour_usd": 5.672 * len(hosts), "model": "llama-3.3-70b"} | more


def ci(name: str = "production", **more: Any) -> dict[str, Any]:
    gate = (
        {"from": "staging", "account_id": ACCOUNTS["staging"], "image": "replicate"} if name == "production" else None
    )
    roles = [f"slipway-{name}-github-deploy-api"]
    return {"oidc_provider": True, "repositories": ["acme/shop"], "roles": roles, "gate": gate, **more}


def environment(name: str = "production", zones: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": name,
        "account_id": ACCOUNTS.get(name, "111111111111"),
        "region": "us-east-1",
        "read_at": READ_AT,
        "network": network(zones),
        "load_balancer": {
            "arn": f"arn:aws:elasticloadbalancing:us-east-1:333333333333:loadbalancer/app/slipway-{name}/1",
            "name": f"slipway-{name}",
            "dns_name": f"slipway-{name}-1.us-east-1.elb.amazonaws.com",
            "listeners": [
                {"port": 443, "protocol": "HTTPS", "kind": "production"},
                {"port": 8443, "protocol": "HTTPS", "kind": "preview"},
            ],
            "firewall": None,
        },
        "services": [service()],
        "site": site(),
        "gpu": None,
        "atlas": {"project_id": "64b7f1c2d3e4f5a6b7c8d9e0", "peering_state": "AVAILABLE", "cluster": "shop"},
        "ci": ci(name),
        "alarms": [],
        "break_glass": [],
        "problems": [],
        **more,
    }
