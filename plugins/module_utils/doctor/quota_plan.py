# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an environment will ask of an account's quotas, and whether they give it. Pure.

Quotas are by account and region. What others in the account use counts where it can be told from what is this
environment's; what this environment uses already is part of what it needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .row_plan import FAILURE, OK, WARNING, Row, Unread, unread

# What is left above this share is too little for one more service.
_NEARLY = 0.8
COLORS = 2
_ELB = "elasticloadbalancing"


@dataclass(frozen=True)
class Quota:
    """One quota. service, code: as Service Quotas knows it; empty code where Elastic Load Balancing tells it itself.
    counted: the permission by which what others have is counted, where it is.
    """

    key: str
    label: str
    service: str
    code: str
    unit: str
    counted: str = ""


# Codes of the Service Quotas API; those of load balancers come from elasticloadbalancing:DescribeAccountLimits.
QUOTAS = (
    Quota("rules-per-application-load-balancer", "rules", "elasticloadbalancing", "", "rules"),
    Quota(
        "target-groups", "target groups", "elasticloadbalancing", "", "target groups", f"{_ELB}:DescribeTargetGroups"
    ),
    Quota("vpcs", "VPCs", "vpc", "L-F678F1CE", "VPCs", "ec2:DescribeVpcs"),
    Quota("addresses", "elastic IPs", "ec2", "L-0263D0A3", "addresses", "ec2:DescribeAddresses"),
    Quota("fargate_vcpus", "Fargate", "fargate", "L-3032A538", "vCPUs"),
    Quota("gpu_vcpus", "GPU hosts", "ec2", "L-DB2E81BA", "vCPUs"),
    Quota("gpu_spot_vcpus", "GPU spot hosts", "ec2", "L-3819A6DF", "vCPUs"),
)


@dataclass(frozen=True)
class Use:
    """need: of this environment at its busiest. others: what others in the account hold, where that can be told."""

    quota: Quota
    need: int
    limit: float | Unread | None
    others: int | Unread = 0


def needs(inventory: Mapping[str, Any]) -> dict[str, int]:
    """Key of each quota -> what the environment takes at its busiest.

    inventory: services (as services.yml has them), defaults {cpu, max_count} of a service, zones, nat (none, single,
    per_zone), gpu {count, vcpus, purchase} or None.
    """
    services, defaults = inventory["services"], inventory["defaults"]
    web = [service for service in services if service.get("kind", "web") == "web"]
    addresses = {"none": 0, "single": 1, "per_zone": len(inventory["zones"])}[inventory["nat"]]
    gpu = inventory["gpu"] or {"count": 0, "vcpus": 0, "purchase": "on_demand"}
    vcpus = gpu["count"] * gpu["vcpus"]
    spot = gpu["purchase"] == "spot"
    return {
        # One rule a listener, production and preview; a target group a color, and one more for the GPU hosts.
        "rules-per-application-load-balancer": 2 * len(web),
        "target-groups": COLORS * len(web) + (1 if vcpus else 0),
        "vpcs": 1,
        "addresses": addresses,
        "fargate_vcpus": math.ceil(sum(_units(service, defaults) for service in services) / 1024),
        "gpu_vcpus": 0 if spot else vcpus,
        "gpu_spot_vcpus": vcpus if spot else 0,
    }


def _units(service: Mapping[str, Any], defaults: Mapping[str, Any]) -> int:
    """CPU units while a release replaces another one at full size: both colors run, and workers twice."""
    cpu = int(service.get("cpu", defaults["cpu"]))
    own = cpu * int(service.get("max_count", defaults["max_count"]))
    workers = sum(int(each.get("cpu", cpu)) * int(each.get("desired_count", 1)) for each in service.get("workers", ()))
    once = sum(int(each.get("cpu", cpu)) for each in service.get("schedules", ()))
    return COLORS * (own + workers) + once


def quota_rows(uses: Iterable[Use], region: str) -> list[Row]:
    """One row a quota that the environment needs anything of."""
    return [_row(use, region) for use in uses if use.need]


def _row(use: Use, region: str) -> Row:
    check = f"quota: {use.quota.label}"
    limit, others = use.limit, use.others
    if isinstance(limit, Unread):
        return unread(check, limit, _permission(use.quota))
    if isinstance(others, Unread):
        return unread(check, others, use.quota.counted)
    if limit is None:
        found = f"needs {use.need} {use.quota.unit}; AWS tells no quota of that kind here"
        return Row(check, WARNING, found, "look at Service Quotas in the AWS console")
    total = use.need + others
    shared = f", others have {others}" if others else ""
    found = f"needs {use.need} {use.quota.unit}{shared}, the quota is {limit:g}"
    if total > limit:
        return Row(check, FAILURE, found, _increase(use.quota, total, region))
    if total > _NEARLY * limit:
        return Row(check, WARNING, f"{found}: nearly all of it", _increase(use.quota, 2 * total, region))
    return Row(check, OK, found)


def _permission(quota: Quota) -> str:
    return "servicequotas:GetServiceQuota" if quota.code else "elasticloadbalancing:DescribeAccountLimits"


def _increase(quota: Quota, wanted: int, region: str) -> str:
    if not quota.code:
        return f"ask for {wanted} {quota.unit} in Service Quotas, Elastic Load Balancing, {region}"
    return (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {wanted}"
    )
