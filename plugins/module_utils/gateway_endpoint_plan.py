# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an S3 gateway endpoint needs to become the one wanted. Pure: no I/O, no AWS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Its actions: create, delete, modify, tag and untag.
from .resource_plan import Plan, Step

BUCKET_ACTIONS = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
OBJECT_ACTIONS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)
"""What a program does with objects. Administration of buckets has no business inside the VPC."""


@dataclass(frozen=True)
class Endpoint:
    """A gateway endpoint as AWS describes it."""

    id: str
    vpc_id: str
    policy: Mapping[str, Any]
    route_table_ids: frozenset[str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """The endpoint as the inventory has it. Policy, tables and tags mean nothing when it is to be absent."""

    present: bool
    policy: Mapping[str, Any] = field(default_factory=dict)
    route_table_ids: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)


def endpoint_policy(buckets: Iterable[str], region: str, partition: str) -> dict[str, Any]:
    """The policy that lets through the stack's buckets and the region's image layers, and nothing else.

    Args:
        buckets: bucket ARNs.
        region: such as us-east-1; image layers of ECR are objects in a bucket of AWS, one a region:
            https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
        partition: aws, aws-us-gov or aws-cn.

    A bucket name that was given up can be taken by anybody. Own buckets are therefore reachable only while the bucket
    and the caller belong to one account; the layer bucket is AWS's, so that no such condition can hold for it.
    """
    own = sorted(set(buckets))
    same_account = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
    layers = f"arn:{partition}:s3:::prod-{region}-starport-layer-bucket/*"
    statements: list[dict[str, Any]] = []
    if own:
        statements = [
            _allow("Buckets", BUCKET_ACTIONS, own) | {"Condition": same_account},
            _allow("Objects", OBJECT_ACTIONS, [f"{arn}/*" for arn in own]) | {"Condition": same_account},
        ]
    return {"Version": "2012-10-17", "Statement": [*statements, _allow("ImageLayers", ["s3:GetObject"], [layers])]}


def plan_endpoint(existing: Sequence[Endpoint], wanted: Wanted) -> Plan:
    """The steps from what is to what shall be; total, one blocked reason instead of an exception.

    Args:
        existing: the S3 gateway endpoints found.
        wanted: the endpoint to have.
    """
    if len(existing) > 1:
        found = ", ".join(sorted(endpoint.id for endpoint in existing))
        before: dict[str, Any] = {"endpoints": found}
        return Plan(before, before, blocked=f"several S3 gateway endpoints exist ({found}): delete all but one")
    if not existing:
        return _plan_new(wanted)
    if not wanted.present:
        return Plan(_view(existing[0]), {}, (Step("delete", {"VpcEndpointIds": [existing[0].id]}),))
    return _plan_update(existing[0], wanted)


def _plan_new(wanted: Wanted) -> Plan:
    if not wanted.present:
        return Plan({}, {})
    arguments = {
        "VpcEndpointType": "Gateway",
        "PolicyDocument": json.dumps(wanted.policy, sort_keys=True),
        "RouteTableIds": sorted(wanted.route_table_ids),
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": _tag_list(wanted.tags)}],
    }
    return Plan({}, _view(wanted), (Step("create", arguments),))


def _plan_update(endpoint: Endpoint, wanted: Wanted) -> Plan:
    steps = []
    changes: dict[str, Any] = {}
    if canonical(endpoint.policy) != canonical(wanted.policy):
        changes["PolicyDocument"] = json.dumps(wanted.policy, sort_keys=True)
    if missing := wanted.route_table_ids - endpoint.route_table_ids:
        changes["AddRouteTableIds"] = sorted(missing)
    if surplus := endpoint.route_table_ids - wanted.route_table_ids:
        changes["RemoveRouteTableIds"] = sorted(surplus)
    if changes:
        steps.append(Step("modify", {"VpcEndpointId": endpoint.id, **changes}))
    if new := {key: value for key, value in wanted.tags.items() if endpoint.tags.get(key) != value}:
        steps.append(Step("tag", {"Resources": [endpoint.id], "Tags": _tag_list(new)}))
    if stale := sorted(key for key in endpoint.tags if key not in wanted.tags and not key.startswith("aws:")):
        steps.append(Step("untag", {"Resources": [endpoint.id], "Tags": [{"Key": key} for key in stale]}))
    return Plan(_view(endpoint), _view(wanted) if steps else _view(endpoint), tuple(steps))


def canonical(document: Any) -> Any:
    """A policy in the one form of its meaning: AWS takes a single value or a list of one alike, in any order."""
    if isinstance(document, Mapping):
        return {key: canonical(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        values = sorted((canonical(value) for value in document), key=lambda value: json.dumps(value, sort_keys=True))
        return values[0] if len(values) == 1 else values
    return document


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": list(actions), "Resource": list(resources)}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _view(endpoint: Endpoint | Wanted) -> dict[str, Any]:
    return {
        "policy": canonical(endpoint.policy),
        "route_table_ids": sorted(endpoint.route_table_ids),
        "tags": dict(sorted(endpoint.tags.items())),
    }
