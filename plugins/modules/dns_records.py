#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dns_records
version_added: 0.1.0
short_description: Records of a public hosted zone, all of them or none
description:
  - M(amazon.aws.route53) reads the whole zone for each record, writes them one by one, and cannot tell a record of
    one's own from somebody else's, neither when it overwrites one nor when it deletes one.
  - Here all changes are one batch, which Route 53 makes as a whole. A record that leads elsewhere is left alone unless
    what it leads to matches its C(replaces), or O(overwrite) says otherwise.
  - Needs C(route53:) ListHostedZonesByName, ListResourceRecordSets, ChangeResourceRecordSets and GetChange.
author:
  - Contributors to the Slipway project (@slipway)
options:
  zone:
    description: Name of the public hosted zone, which has to exist.
    type: str
    required: true
  zone_id:
    description: Which one, where the account has several of that name. Empty to find it.
    type: str
    default: ""
  records:
    description: The records.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name, in full.
        type: str
        required: true
      type:
        description: Its type.
        type: str
        choices: [A, AAAA, CNAME]
        required: true
      values:
        description: What it says. Not for an alias.
        type: list
        elements: str
      ttl:
        description: Seconds for which it may be kept. Not for an alias.
        type: int
        default: 300
      alias:
        description: What it is an alias of, C(dns_name), and the hosted zone of that, C(zone_id).
        type: dict
      replaces:
        description:
          - Patterns with C(*) of targets that are one's own. A record that leads there may be changed and deleted.
        type: list
        elements: str
        default: []
  overwrite:
    description: Change a record that leads elsewhere, too. One with a routing policy is never changed.
    type: bool
    default: false
  state:
    description: Whether the records exist.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description: Seconds to wait until all name servers of Route 53 have the changes. 0 not to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: The load balancer under a name of one's own
  slipway.ops.dns_records:
    zone: example.com
    records:
      - name: api.example.com
        type: A
        alias:
          dns_name: slipway-staging-1234567890.us-east-1.elb.amazonaws.com
          zone_id: Z35SXDOTRQ7X7K
        replaces: ["slipway-staging-*.us-east-1.elb.amazonaws.com"]
"""

RETURN = r"""
zone_id:
  description: The hosted zone's id.
  returned: success
  type: str
steps:
  description: The changes.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "create", "name": "api.example.com A"}]
kept:
  description: With O(state=absent), records that stay because they lead elsewhere, one line each.
  returned: success
  type: list
  elements: str
"""

from collections.abc import Sequence
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.slipway.ops.plugins.module_utils import dns_records_plan as planning
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.dns_records_plan import Plan, Record
from ansible_collections.slipway.ops.plugins.module_utils.settling import settled

RECORD_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "choices": ["A", "AAAA", "CNAME"], "required": True},
    "values": {"type": "list", "elements": "str"},
    "ttl": {"type": "int", "default": 300},
    "alias": {"type": "dict"},
    "replaces": {"type": "list", "elements": "str", "default": []},
}

# Route 53 makes a zone's changes one after the other (Route 53 API reference, ChangeResourceRecordSets).
_patiently = AWSRetry.jittered_backoff(
    retries=8, delay=1, max_delay=15, catch_extra_error_codes=["PriorRequestNotComplete", "ThrottlingException"]
)


@ApiErrors.common_error_handler("find hosted zone {name}")
@retry
def zone_ids(client: Any, name: str) -> list[str]:
    """Public zones of exactly this name. They are listed in the order of names, from this one on."""
    found = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    public = [zone for zone in found if zone["Name"] == name and not zone["Config"]["PrivateZone"]]
    return [zone["Id"].removeprefix("/hostedzone/") for zone in public]


@ApiErrors.common_error_handler("read record {name} of hosted zone {zone_id}")
@retry
def read(client: Any, zone_id: str, name: str, kind: str) -> Record | None:
    """The first record set of this name and type; they are listed in order, from there on."""
    found = client.list_resource_record_sets(
        HostedZoneId=zone_id, StartRecordName=name, StartRecordType=kind, MaxItems="1"
    )["ResourceRecordSets"]
    records = [planning.found_record(item) for item in found]
    return next((record for record in records if record.key == (name, kind)), None)


@ApiErrors.common_error_handler("change the records of hosted zone {zone_id}")
@_patiently
def submit(client: Any, zone_id: str, changes: list[dict[str, Any]]) -> str:
    """Id of the change; empty when the records are not as they were, as after a lost response."""
    try:
        answer = client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    except is_boto3_error_code("InvalidChangeBatch"):
        return ""
    return answer["ChangeInfo"]["Id"]


@ApiErrors.common_error_handler("look whether change {change_id} has arrived")
@retry
def arrived(client: Any, change_id: str) -> bool:
    """Whether all name servers have it."""
    return client.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC"


def zone_of(module: AnsibleAWSModule, client: Any) -> str:
    """Id of the one zone; fails when there is none, or no telling which."""
    if module.params["zone_id"]:
        return module.params["zone_id"]
    name = planning.absolute(module.params["zone"])
    found, plain = zone_ids(client, name), name.rstrip(".")
    if not found:
        module.fail_json(
            msg=f"the account has no public hosted zone {plain}: no record was changed; make it with aws route53 "
            f"create-hosted-zone --name {plain} --caller-reference {plain}, and give its name servers to the registrar "
            "or to the zone above it"
        )
    if len(found) > 1:
        module.fail_json(
            msg=f"{plain} is the name of {len(found)} public hosted zones, {', '.join(found)}: nothing was changed; "
            "say which one counts, with its id"
        )
    return found[0]


def plan_of(module: AnsibleAWSModule, client: Any, zone_id: str, records: Sequence[Record]) -> Plan:
    """What is to do, from the records as they are now."""
    asked = [read(client, zone_id, *record.key) for record in records]
    found = [record for record in asked if record is not None]
    if module.params["state"] == "absent":
        return planning.plan_absent(found, records)
    return planning.plan_present(found, records, module.params["overwrite"])


def apply(module: AnsibleAWSModule, client: Any, zone_id: str, records: Sequence[Record], plan: Plan) -> None:
    """Submit the plan as one batch and wait for it; fails when others have changed the records meanwhile."""
    change_id = submit(client, zone_id, [planning.change(step) for step in plan.steps])
    if not change_id:
        if plan_of(module, client, zone_id, records).changed:
            module.fail_json(
                msg=f"records of hosted zone {zone_id} were changed by somebody else at the same time, and none by "
                "this run: names lead where they led; run again: ansible-playbook -i INVENTORY playbooks/site.yml"
            )
        return
    seconds = module.params["wait_timeout"]
    if seconds and not settled(lambda: arrived(client, change_id), bool, seconds)[1]:
        module.fail_json(
            msg=f"change {change_id} of hosted zone {zone_id} was made, and is not on all of its name servers after "
            f"{seconds} s: names may lead where they led; look again with aws route53 get-change --id {change_id}"
        )


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "zone": {"type": "str", "required": True},
            "zone_id": {"type": "str", "default": ""},
            "records": {"type": "list", "elements": "dict", "default": [], "options": RECORD_OPTIONS},
            "overwrite": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    records = [planning.wanted_record(given) for given in module.params["records"]]
    try:
        client = module.client("route53")
        zone_id = zone_of(module, client)
        plan = plan_of(module, client, zone_id, records)
        if plan.foreign and module.params["state"] == "present":
            module.fail_json(
                msg=f"{'; '.join(plan.foreign)}, which this environment did not make: nothing was changed; delete the "
                "record, or allow to overwrite it"
            )
        if plan.changed and not module.check_mode:
            apply(module, client, zone_id, records, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(
        changed=plan.changed,
        zone_id=zone_id,
        steps=[step.shown for step in plan.steps],
        kept=list(plan.foreign),
        diff=plan.diff(),
    )


if __name__ == "__main__":
    main()
