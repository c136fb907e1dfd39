#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: s3_gateway_endpoint
version_added: "0.1.0"
short_description: An S3 gateway endpoint whose policy names its buckets
description:
  - M(amazon.aws.ec2_vpc_endpoint) sets the policy only when it creates the endpoint and never compares it again, and
    finds an existing endpoint by an exact match of its route tables, so that one more route table makes it try a second
    endpoint (RouteAlreadyExists). This module converges policy, route tables and tags.
  - The policy lets through the buckets given, for principals of the account that owns them, and the bucket that holds
    the image layers of Amazon ECR in the region. Nothing else in S3 can be reached through the endpoint.
options:
  name:
    description: Value of the tag Name, by which the endpoint is found when O(vpc_id) is not given.
    type: str
    required: true
  vpc_id:
    description: The VPC. Required when O(state=present).
    type: str
  route_table_ids:
    description: Every route table that shall route S3 through the endpoint. Required when O(state=present).
    type: list
    elements: str
  buckets:
    description: ARNs of the buckets that may be reached.
    type: list
    elements: str
    default: []
  tags:
    description: Tags of the endpoint besides Name. Tags not listed are removed.
    type: dict
    default: {}
  state:
    description: Whether the endpoint shall exist.
    type: str
    choices: [present, absent]
    default: present
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes
"""

EXAMPLES = r"""
- name: Route S3 through the VPC's own endpoint
  slipway.ops.s3_gateway_endpoint:
    name: slipway-staging-s3
    vpc_id: vpc-0123456789abcdef0
    route_table_ids:
      - rtb-0123456789abcdef0
    buckets:
      - arn:aws:s3:::slipway-staging-data

- name: Remove it
  slipway.ops.s3_gateway_endpoint:
    name: slipway-staging-s3
    state: absent
"""

RETURN = r"""
endpoint_id:
  description: The endpoint's id; empty when there is none, also when check mode would create it.
  returned: always
  type: str
steps:
  description: The API calls made, or those that check mode would make.
  returned: always
  type: list
  elements: str
"""

import json
from contextlib import suppress
from typing import Any

# AnsibleAWSModule says so when it is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.slipway.ops.plugins.module_utils.api import refuse_partial_failure
from ansible_collections.slipway.ops.plugins.module_utils.gateway_endpoint_plan import (
    Endpoint,
    Plan,
    Wanted,
    endpoint_policy,
    plan_endpoint,
)

ALIVE = ("pending", "available", "pendingAcceptance")
"""States of an endpoint that is there; the others are on their way out or never came to be."""

METHODS = {
    "create": "create_vpc_endpoint",
    "delete": "delete_vpc_endpoints",
    "modify": "modify_vpc_endpoint",
    "tag": "create_tags",
    "untag": "delete_tags",
}
"""A step's action to the client's method."""


@AWSRetry.jittered_backoff()
def observe(client: Any, params: dict[str, Any], service: str) -> list[Endpoint]:
    """The gateway endpoints to S3 of the VPC, or of that name when no VPC is given."""
    where = {"vpc-id": params["vpc_id"]} if params["vpc_id"] else {"tag:Name": params["name"]}
    filters = {**where, "service-name": service, "vpc-endpoint-type": "Gateway"}
    pages = client.get_paginator("describe_vpc_endpoints").paginate(
        Filters=[{"Name": name, "Values": [value]} for name, value in filters.items()]
    )
    found = pages.build_full_result()["VpcEndpoints"]
    return [
        Endpoint(
            id=endpoint["VpcEndpointId"],
            vpc_id=endpoint["VpcId"],
            policy=json.loads(endpoint["PolicyDocument"]),
            route_table_ids=frozenset(endpoint["RouteTableIds"]),
            tags=boto3_tag_list_to_ansible_dict(endpoint.get("Tags", [])),
        )
        for endpoint in found
        if endpoint["State"] in ALIVE
    ]


def apply(client: Any, plan: Plan, vpc_id: str, service: str) -> str:
    """Make the plan's calls in order; return the id of an endpoint created, else the empty string."""
    created = ""
    for step in plan.steps:
        arguments = dict(step.arguments)
        if step.action == "create":
            arguments |= {"VpcId": vpc_id, "ServiceName": service}
        answer = AWSRetry.jittered_backoff()(getattr(client, METHODS[step.action]))(**arguments)
        refuse_partial_failure(METHODS[step.action], answer)
        created = answer["VpcEndpoint"]["VpcEndpointId"] if step.action == "create" else created
    return created


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "vpc_id": {"type": "str"},
            "route_table_ids": {"type": "list", "elements": "str"},
            "buckets": {"type": "list", "elements": "str", "default": []},
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["vpc_id", "route_table_ids"])],
        supports_check_mode=True,
    )
    params = module.params
    client = module.client("ec2")
    region = client.meta.region_name
    service = f"com.amazonaws.{region}.s3"
    wanted = Wanted(
        present=params["state"] == "present",
        policy=endpoint_policy(params["buckets"], region, client.meta.partition),
        route_table_ids=frozenset(params["route_table_ids"] or ()),
        tags={**params["tags"], "Name": params["name"]},
    )
    try:
        existing = observe(client, params, service)
        plan = plan_endpoint(existing, wanted)
        if plan.blocked:
            module.fail_json(msg=plan.blocked)
        created = "" if module.check_mode else apply(client, plan, params["vpc_id"], service)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"S3 gateway endpoint {params['name']}")
    kept = existing[0].id if existing and wanted.present else ""
    module.exit_json(
        changed=bool(plan.steps),
        endpoint_id=created or kept,
        steps=[step.action for step in plan.steps],
        diff={"before": plan.before, "after": plan.after},
    )


if __name__ == "__main__":
    main()
