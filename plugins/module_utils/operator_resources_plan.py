# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of an environment as whoever builds it may touch them: by name, or else by its tags. Pure.

A scope is that of deploy_resources_plan, with tags, those that site.yml puts on everything (slipway_tags).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .github_oidc_plan import provider_arn

Scope = Mapping[str, Any]
Document = dict[str, Any]

#: EC2's kinds that site.yml makes, which have ids that AWS makes up.
NETWORK = (
    "elastic-ip",
    "internet-gateway",
    "natgateway",
    "route-table",
    "security-group",
    "subnet",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
    "vpc-peering-connection",
)


def actions_of(service: str, names: str) -> tuple[str, ...]:
    """Actions of one service, in their order."""
    return tuple(sorted(f"{service}:{name}" for name in names.split()))


def named(service: str, *shapes: str, region: bool = True) -> Callable[[Scope], list[str]]:
    """ARNs of this account, NAME in a shape being the environment's name."""

    def resources(scope: Scope) -> list[str]:
        place = f"{scope['region'] if region else ''}:{scope['account_id']}"
        return [f"arn:aws:{service}:{place}:{shape.replace('NAME', scope['name'])}" for shape in shapes]

    return resources


def network(scope: Scope) -> list[str]:
    """All of the kinds; which ones, tags tell."""
    return named("ec2", *(f"{kind}/*" for kind in NETWORK))(scope)


def new(scope: Scope) -> Document:
    """Made with the environment's tags."""
    return {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in scope["tags"].items()}}


def own(scope: Scope) -> Document:
    """It bears the environment's tags."""
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in scope["tags"].items()}}


def at_creation(scope: Scope) -> Document:  # noqa: ARG001
    """Tags that come with what is made, and none later."""
    return {"Null": {"ec2:CreateAction": "false"}}


def buckets(scope: Scope) -> list[str]:
    """Those of the environment, by their names: S3 has no account in its ARNs."""
    return [f"arn:aws:s3:::{scope['name']}-*"]


def bucket_objects(scope: Scope) -> list[str]:
    return [f"arn:aws:s3:::{scope['name']}-*/*"]


def flow_log_role(scope: Scope) -> list[str]:
    return [f"arn:aws:iam::{scope['account_id']}:role/{scope['name']}-flow-log"]


def provider(scope: Scope) -> list[str]:
    return [provider_arn(str(scope["account_id"]))]


def linked_roles(scope: Scope) -> list[str]:
    return [f"arn:aws:iam::{scope['account_id']}:role/aws-service-role/*"]


def linked(*services: str) -> Callable[[Scope], Document]:
    """For these services only."""

    def condition(scope: Scope) -> Document:  # noqa: ARG001
        return {"StringEquals": {"iam:AWSServiceName": list(services)}}

    return condition
