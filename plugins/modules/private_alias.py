#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: private_alias
version_added: "0.1.0"
short_description: A name that means a load balancer inside one VPC
description:
  - A private hosted zone of Route 53 for exactly one name, with one alias record at its top.
  - With M(amazon.aws.route53) an alias can only be deleted by who still knows its target, and with
    M(amazon.aws.route53_zone) a zone only by who names its VPC. Once load balancer or VPC are gone, both would stay,
    and the zone would be paid for.
options:
  name:
    description: The name, such as llm.slipway-staging.internal.
    type: str
    required: true
  vpc_id:
    description: The VPC in which it resolves. Required when O(state=present), but may be empty in check mode.
    type: str
    default: ""
  target:
    description: DNS name of the load balancer. May be empty in check mode, while there is none.
    type: str
    default: ""
  target_zone_id:
    description: Hosted zone of the load balancer, C(CanonicalHostedZoneId).
    type: str
    default: ""
  state:
    description: Whether the name exists.
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
- name: The model answers as llm.slipway-staging.internal
  slipway.ops.private_alias:
    name: llm.slipway-staging.internal
    vpc_id: vpc-0123456789abcdef0
    target: "{{ balancer.dns_name }}"
    target_zone_id: "{{ balancer.canonical_hosted_zone_id }}"
"""

RETURN = r"""
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "zone", "action": "create"}]
"""

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, Plan, Step, plan_documents

COMMENT = "Slipway: one name"
"""By which a zone is known to be ours, also when the VPC is not known any more."""
# In this order they are made; removed the other way around.
ZONE = "zone"
ALIAS = "zone alias"


@ApiErrors.common_error_handler("list the hosted zones of {name}")
@retry
def list_zones(client: Any, name: str) -> list[dict[str, Any]]:
    """Private zones of exactly this name that this module has made."""
    found = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return [
        zone
        for zone in found
        if zone["Name"] == f"{name}." and zone["Config"]["PrivateZone"] and zone["Config"].get("Comment") == COMMENT
    ]


@ApiErrors.common_error_handler("read hosted zone {zone_id}")
@retry
def zone_vpcs(client: Any, zone_id: str) -> list[str]:
    """The VPCs in which the zone counts."""
    return [vpc["VPCId"] for vpc in client.get_hosted_zone(Id=zone_id)["VPCs"]]


@ApiErrors.common_error_handler("list the records of hosted zone {zone_id}")
@retry
def alias_record(client: Any, zone_id: str, name: str) -> dict[str, Any] | None:
    """The A record at the zone's top."""
    records = client.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return next((item for item in records if item["Type"] == "A" and item["Name"] == f"{name}."), None)


@ApiErrors.common_error_handler("create the hosted zone of {name}")
@retry
def create_zone(client: Any, name: str, vpc_id: str, region: str) -> str:
    """Its id."""
    made = client.create_hosted_zone(
        Name=name,
        VPC={"VPCRegion": region, "VPCId": vpc_id},
        CallerReference=str(uuid.uuid4()),
        HostedZoneConfig={"Comment": COMMENT, "PrivateZone": True},
    )
    return made["HostedZone"]["Id"]


@ApiErrors.common_error_handler("change the record {name}")
@retry
def change_record(client: Any, zone_id: str, name: str, action: str, target: dict[str, Any]) -> None:
    """action: UPSERT or DELETE."""
    record = {"Name": name, "Type": "A", "AliasTarget": target}
    client.change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    )


@ApiErrors.common_error_handler("delete hosted zone {zone_id}")
@retry
def delete_zone(client: Any, zone_id: str) -> None:
    """Without records of its own by now."""
    client.delete_hosted_zone(Id=zone_id)


def observe(client: Any, name: str, vpc_id: str) -> tuple[str, dict[str, Document]]:
    """The zone's id and the documents; empty when there is none. Without a VPC any zone of ours will do."""
    for zone in list_zones(client, name):
        vpcs = zone_vpcs(client, zone["Id"])
        if vpc_id and vpc_id not in vpcs:
            continue
        record = alias_record(client, zone["Id"], name)
        alias = {ALIAS: alias_document(record["AliasTarget"])} if record else {}
        return zone["Id"], {ZONE: {"vpc_id": vpc_id or vpcs[0]}, **alias}
    return "", {}


def alias_document(target: dict[str, Any]) -> dict[str, Any]:
    """As it is compared: AWS answers with a dot at the end, and in lower case."""
    return {"target": target["DNSName"].rstrip(".").lower(), "zone_id": target["HostedZoneId"]}


def alias_target(document: Document) -> dict[str, Any]:
    """As the API takes it. The health of the load balancer is not asked for: there is no other answer to give."""
    return {"DNSName": document["target"], "HostedZoneId": document["zone_id"], "EvaluateTargetHealth": False}


def apply(client: Any, name: str, zone_id: str, steps: list[Step], region: str) -> None:
    """Make the steps."""
    for step in steps:
        if step.name == ALIAS:
            document = step.after or step.before or {}
            change_record(client, zone_id, name, "UPSERT" if step.after else "DELETE", alias_target(document))
        elif step.after is None:
            delete_zone(client, zone_id)
        else:
            zone_id = create_zone(client, name, step.after["vpc_id"], region)


def ordered(plan: Plan) -> list[Step]:
    """A zone before its record, and after it when both go."""
    return list(reversed(plan.steps)) if any(step.after is None for step in plan.steps) else list(plan.steps)


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "vpc_id": {"type": "str", "default": ""},
            "target": {"type": "str", "default": ""},
            "target_zone_id": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = module.params
    name, present = params["name"].rstrip(".").lower(), params["state"] == "present"
    if present and not module.check_mode and not (params["vpc_id"] and params["target"] and params["target_zone_id"]):
        module.fail_json(msg=f"{name}: vpc_id, target and target_zone_id are needed; nothing was changed")
    alias = {"target": params["target"].lower(), "zone_id": params["target_zone_id"]}
    wanted = {ZONE: {"vpc_id": params["vpc_id"]} if present else None, ALIAS: alias if present else None}
    try:
        client = module.client("route53")
        zone_id, current = observe(client, name, params["vpc_id"])
        plan = plan_documents(current, wanted)
        steps = ordered(plan)
        if not module.check_mode:
            apply(client, name, zone_id, steps, module.region)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(
        changed=plan.changed, steps=[{"name": step.name, "action": step.action} for step in steps], diff=plan.diff()
    )


if __name__ == "__main__":
    main()
