#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: route_tables
version_added: "0.5.0"
short_description: The route tables of a VPC, their subnets and default routes
description:
  - Converges all tables of a network in one run, which reads them once, and returns as soon as AWS shows them as they
    were written.
  - M(amazon.aws.ec2_vpc_route_table) sleeps five seconds after each change, whatever AWS says. It leaves a subnet that
    had another table without any until it is run again, which this module moves in one call. And it can only purge all
    routes of others or keep a default route whose gateway goes.
  - A table is known by its tag Name within the VPC. Of its routes this module touches the default one alone; those of
    peering connections, endpoints and people stay.
options:
  vpc_id:
    description: The VPC.
    type: str
    required: true
  tables:
    description: The tables to have. Other tables of the VPC are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Value of the tag Name.
        type: str
        required: true
      subnets:
        description:
          - Ids of the subnets that belong to the table.
          - A subnet that has it, and that none of O(tables) lists, falls back to the VPC's main table.
        type: list
        elements: str
        default: []
      default_route:
        description:
          - Id of the internet gateway or NAT gateway that everything else goes to.
          - Empty if the table needs none. One that it has then stays, unless its gateway is one of O(leaving).
        type: str
        default: ""
  leaving:
    description: Ids of gateways that are given up. A table that needs no default route loses one to any of them.
    type: list
    elements: str
    default: []
  tags:
    description: Tags of all tables besides Name. Tags not listed are removed.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds to wait until AWS shows what was written.
    type: int
    default: 60
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes
"""

EXAMPLES = r"""
- name: Public subnets lead to the internet, private ones nowhere
  slipway.ops.route_tables:
    vpc_id: vpc-0123456789abcdef0
    tables:
      - name: slipway-staging-public
        subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
        default_route: igw-0123456789abcdef0
      - name: slipway-staging-private-us-east-1a
        subnets: [subnet-0123456789abcdef2]
"""

RETURN = r"""
ids:
  description: Ids of the tables, in the order of O(tables); without those that check mode would create.
  returned: success
  type: list
  elements: str
  sample: [rtb-0123456789abcdef0]
steps:
  description: The API calls made, or those that check mode would make, with the table each concerns.
  returned: success
  type: list
  elements: str
  sample: [create slipway-staging-public, route slipway-staging-public]
"""

from contextlib import suppress
from typing import Any

# AnsibleAWSModule says so when it is missing.
with suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.slipway.ops.plugins.module_utils.route_tables_plan import (
    EVERYWHERE,
    Plan,
    Table,
    Wanted,
    plan_route_tables,
)
from ansible_collections.slipway.ops.plugins.module_utils.settling import settled

METHODS = {
    "create": "create_route_table",
    "associate": "associate_route_table",
    "move": "replace_route_table_association",
    "dissociate": "disassociate_route_table",
    "route": "create_route",
    "reroute": "replace_route",
    "unroute": "delete_route",
    "tag": "create_tags",
    "untag": "delete_tags",
}
"""A step's action to the client's method."""

ALIVE = ("associating", "associated")
"""States of an association that is there."""

# What was created a moment ago need not be known everywhere in EC2:
# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
FRESH = [
    "InvalidRouteTableID.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidInternetGatewayID.NotFound",
    "InvalidGatewayID.NotFound",
    "InvalidNatGatewayID.NotFound",
]


@AWSRetry.jittered_backoff()
def observe(client: Any, vpc_id: str) -> list[Table]:
    """All route tables of the VPC."""
    pages = client.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    return [table_of(described) for described in pages.build_full_result()["RouteTables"]]


def table_of(described: dict[str, Any]) -> Table:
    """One table out of its description."""
    tags = boto3_tag_list_to_ansible_dict(described.get("Tags", []))
    associations = {
        link["SubnetId"]: link["RouteTableAssociationId"]
        for link in described.get("Associations", [])
        if link.get("SubnetId") and link.get("AssociationState", {}).get("State", ALIVE[1]) in ALIVE
    }
    return Table(described["RouteTableId"], tags.get("Name", ""), gateway_of(described), associations, tags)


def gateway_of(described: dict[str, Any]) -> str:
    """What the default route leads to; empty if there is none, or one that a gateway propagates."""
    for route in described.get("Routes", []):
        if route.get("DestinationCidrBlock") == EVERYWHERE and route.get("Origin", "CreateRoute") == "CreateRoute":
            return next((value for key, value in sorted(route.items()) if key.endswith("Id")), "unknown")
    return ""


def apply(client: Any, plan: Plan, vpc_id: str, ids: dict[str, str]) -> None:
    """Make the plan's calls in order. ids: name to id of the tables that exist, to which the created ones are added."""
    for step in plan.steps:
        arguments = dict(step.arguments)
        if step.action == "create":
            arguments["VpcId"] = vpc_id
        elif step.action in ("tag", "untag"):
            arguments["Resources"] = [ids[step.table]]
        elif step.action != "dissociate":
            arguments["RouteTableId"] = ids[step.table]
        call = AWSRetry.jittered_backoff(catch_extra_error_codes=FRESH)(getattr(client, METHODS[step.action]))
        answer = call(**arguments)
        if step.action == "create":
            ids[step.table] = answer["RouteTable"]["RouteTableId"]


def main() -> None:
    """Observe, plan, apply, wait, report."""
    table = {
        "name": {"type": "str", "required": True},
        "subnets": {"type": "list", "elements": "str", "default": []},
        "default_route": {"type": "str", "default": ""},
    }
    module = AnsibleAWSModule(
        argument_spec={
            "vpc_id": {"type": "str", "required": True},
            "tables": {"type": "list", "elements": "dict", "required": True, "options": table},
            "leaving": {"type": "list", "elements": "str", "default": []},
            "tags": {"type": "dict", "default": {}},
            "wait_timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    client = module.client("ec2")
    try:
        converge(module, client)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"Route tables of {module.params['vpc_id']}")


def converge(module: AnsibleAWSModule, client: Any) -> None:
    """All of main() that may meet an error of AWS; ends the module."""
    params = module.params
    vpc = params["vpc_id"]
    wanted = [
        Wanted(each["name"], each["default_route"], tuple(each["subnets"]), {**params["tags"], "Name": each["name"]})
        for each in params["tables"]
    ]
    existing = observe(client, vpc)
    plan = plan_route_tables(existing, wanted, params["leaving"])
    if plan.blocked:
        module.fail_json(msg=f"route tables of {vpc}: {plan.blocked}")
    ids = {found.name: found.id for found in existing if found.name in plan.before}
    if plan.steps and not module.check_mode:
        apply(client, plan, vpc, ids)
        wait(module, client, wanted)
    module.exit_json(
        changed=bool(plan.steps),
        ids=[ids[each.name] for each in wanted if each.name in ids],
        steps=[f"{step.action} {step.table}" for step in plan.steps],
        diff={"before": plan.before, "after": plan.after},
    )


def wait(module: AnsibleAWSModule, client: Any, wanted: list[Wanted]) -> None:
    """Until what is read needs no step any more; a failure if that does not come."""
    vpc, seconds = module.params["vpc_id"], module.params["wait_timeout"]

    def missing() -> list[str]:
        plan = plan_route_tables(observe(client, vpc), wanted, module.params["leaving"])
        return [f"{step.action} {step.table}" for step in plan.steps]

    left, done = settled(missing, lambda steps: not steps, seconds)
    if not done:
        module.fail_json(
            msg=f"route tables of {vpc} were written, but AWS does not show it after {seconds} s (missing:"
            f" {', '.join(left)}); subnets without their route reach nothing outside: run site.yml again"
        )


if __name__ == "__main__":
    main()
