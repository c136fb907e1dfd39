# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots as environment_info answers with them: an environment in use, and what differs in another one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

OLD, NEW = f"sha256:{'1a' * 32}", f"sha256:{'2b' * 32}"
OLD_SHA, NEW_SHA = "3f786850e387550fdab836ed7e6dc881de23001b", "89e6c98d92887913cadf06b2adb97f26cde4849b"


def color(name: str, weight: int | None, tasks: int, digest: str | None, git_sha: str | None) -> dict[str, Any]:
    return {
        "color": name,
        "weight": weight,
        "preview_weight": None if weight is None else 100 - weight,
        "target_group": f"arn:aws:elasticloadbalancing:us-east-1:222222222222:targetgroup/api-{name}/1",
        "healthy": tasks,
        "targets": tasks,
        "desired": tasks,
        "running": tasks,
        "pending": 0,
        "digest": digest,
        "image": f"222222222222.dkr.ecr.us-east-1.amazonaws.com/api@{digest}" if digest else None,
        "git_sha": git_sha,
        "task_definition": f"arn:aws:ecs:us-east-1:222222222222:task-definition/api-{name}:3",
        "subnets": ["subnet-1", "subnet-2"],
    }


def release(digest: str, git_sha: str, at: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{at}#0c1d2e3f4a5b",
        "kind": "deploy",
        "outcome": "promoted",
        "at": at,
        "digest": digest,
        "git_sha": git_sha,
        "by": "alice",
        "url": "https://github.com/example/api/actions/runs/1",
        "reason": None,
        "break_glass": None,
        **changes,
    }


def service(digest: str, git_sha: str, at: str, old: str | None = None, **changes: Any) -> dict[str, Any]:
    done = release(digest, git_sha, at)
    return {
        "name": "api",
        "kind": "web",
        "engine": "two_service",
        "host": None,
        "path_patterns": ["/*"],
        "priority": 100,
        "live_color": "green",
        "awaiting_approval": None,
        "colors": [color("blue", 0, 2 if old else 0, old, None), color("green", 100, 2, digest, git_sha)],
        "workers": [{"name": "tally", "desired": 1, "running": 1, "pending": 0, "digest": digest}],
        "scaling": {"min": 2, "max": 6, "suspended": False},
        "warm": {"color": "blue", "until": "2026-11-24T20:10:00Z"} if old else None,
        "lock": None,
        "last_release": done,
        "proven": done,
        "scheduled": [{"name": "report", "schedule": "rate(5 minutes)", "state": "ENABLED", "digest": digest}],
        "alarms": [{"name": f"slipway-staging-api-{kind}", "state": "OK"} for kind in ("5xx", "unhealthy")],
        "providers": [{"name": "openai", "url": "https://api.openai.com/v1"}],
        **changes,
    }


def site(release_id: str, git_sha: str, at: str, **changes: Any) -> dict[str, Any]:
    done = release(f"sha256:{release_id}", git_sha, at)
    return {
        "bucket": "slipway-staging-site-222222222222",
        "distribution_id": "E2QWRUHAPOMQZL",
        "domain_name": "d111111abcdef8.cloudfront.net",
        "aliases": ["staging.example.com"],
        "status": "Deployed",
        "enabled": True,
        "release": {
            "id": release_id,
            "at": at,
            "git_sha": git_sha,
            "outcome": "promoted",
            "state": "active",
            "by": "alice",
            "previous": None,
        },
        "firewall": "slipway-staging-site",
        "invalidations_in_progress": 0,
        "lock": None,
        "last_release": done,
        "proven": done,
        **changes,
    }


def staging(**changes: Any) -> dict[str, Any]:
    """All is well, and a release newer than production's is proven."""
    made = {
        "schema": 1,
        "name": "staging",
        "account_id": "222222222222",
        "region": "us-east-1",
        "read_at": "2026-11-24T19:20:11Z",
        "network": {
            "vpc_id": "vpc-1",
            "cidr": "10.20.0.0/16",
            "zones": ["us-east-1a", "us-east-1b"],
            "subnets": [
                {"id": "subnet-1", "name": "a", "cidr": "10.20.0.0/20", "zone": "us-east-1a", "kind": "public"},
                {"id": "subnet-2", "name": "b", "cidr": "10.20.16.0/20", "zone": "us-east-1b", "kind": "public"},
            ],
            "nat": "none",
            "s3_endpoint": {"id": "vpce-1", "state": "available"},
            "flow_log": True,
            "peering": {"id": "pcx-1", "state": "active", "atlas_cidr": "192.168.240.0/21", "project_id": "1" * 24},
        },
        "load_balancer": {
            "arn": "arn:aws:elasticloadbalancing:us-east-1:222222222222:loadbalancer/app/slipway-staging/1",
            "name": "slipway-staging",
            "dns_name": "slipway-staging-1.us-east-1.elb.amazonaws.com",
            "listeners": [
                {"port": 443, "protocol": "HTTPS", "kind": "production"},
                {"port": 8443, "protocol": "HTTPS", "kind": "preview"},
            ],
            "firewall": "slipway-staging-alb",
        },
        "services": [service(NEW, NEW_SHA, "2026-11-24T19:10:00.000Z", OLD)],
        "site": site("2b" * 32, NEW_SHA, "2026-11-24T19:12:00.000Z"),
        "gpu": None,
        "atlas": {"project_id": "1" * 24, "peering_state": "AVAILABLE", "cluster": {"name": "main", "state": "IDLE"}},
        "ci": {
            "oidc_provider": True,
            "repositories": ["example/api"],
            "roles": ["slipway-staging-github-deploy-api"],
            "gate": None,
        },
        "alarms": [
            {"name": f"slipway-staging-api-{kind}", "state": "OK", "since": None, "reason": None}
            for kind in ("5xx", "unhealthy")
        ],
        "break_glass": [],
        "problems": [],
    }
    return {**deepcopy(made), **changes}


def production(**changes: Any) -> dict[str, Any]:
    """One release behind, with a GPU host, an alarm and a glass that was broken."""
    alarms = [
        {
            "name": "slipway-production-api-5xx",
            "state": "ALARM",
            "since": "2026-11-24T19:05:00Z",
            "reason": "Threshold Crossed: 3 datapoints were greater than the threshold (5.0).",
        }
    ]
    made = staging() | {
        "name": "production",
        "account_id": "333333333333",
        "services": [
            service(
                OLD,
                OLD_SHA,
                "2026-11-23T09:00:00.000Z",
                scaling={"min": 3, "max": 24, "suspended": False},
                alarms=[{"name": "slipway-production-api-5xx", "state": "ALARM"}],
            )
        ],
        "site": site("1a" * 32, OLD_SHA, "2026-11-23T09:02:00.000Z", firewall=None),
        "gpu": {
            "name": "slipway-production-llm",
            "hosts": [
                {
                    "id": "i-1",
                    "type": "g5.12xlarge",
                    "zone": "us-east-1a",
                    "state": "InService",
                    "lifecycle": "on-demand",
                }
            ],
            "desired": 1,
            "max": 1,
            "cost_per_hour_usd": 5.672,
            "model": "llama-3.3-70b",
        },
        "alarms": alarms,
        "break_glass": [
            {"at": "2026-11-20T03:00:00.000Z", "service": "api", "by": "bob", "reason": "outage, staging is down"}
        ],
    }
    made["ci"] = {**made["ci"], "gate": {"from": "staging", "image": "replicate"}}
    return {**made, **changes}
