#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: atlas_peering
version_added: "0.1.0"
short_description: Peer a VPC with MongoDB Atlas, both sides in one task
description:
  - No collection can peer a VPC with MongoDB Atlas, and the Terraform provider stops at PENDING_ACCEPTANCE. This module
    owns both sides.
  - It finds or makes the region's network container, requests the peering, accepts it in AWS, sets the DNS options of
    peering and VPC, routes Atlas's block in every route table given, waits until Atlas says AVAILABLE and AWS says
    active, and fills the access list and waits until its entries are ACTIVE.
  - Whatever can be known to stand in the way is checked before the first change, such as a block of Atlas that overlaps
    the VPC, another peering of it or a route.
  - All state is in Atlas and AWS. A run that was interrupted is continued by the next one.
  - A read that fails is a failure. It is never taken for absence.
  - Make the container before any cluster. A cluster that finds none makes one with a block of Atlas's choice.
options:
  vpc_id:
    description: The VPC, in the region and account of the AWS credentials.
    type: str
    required: true
  account_id:
    description: The AWS account that must own the VPC. Without it the VPC's owner is taken as it is.
    type: str
  atlas_region:
    description: The region of the clusters, as V(us-east-1) or V(US_EAST_1). By default the VPC's.
    type: str
  atlas_cidr:
    description:
      - The block of the region's container, V(/21) to V(/24) in a private range, apart from the VPC and all that it
        reaches.
      - Needed when the project has no container in the region. Without it the one that exists is adopted as it is.
    type: str
  route_cidr:
    description: The block that Atlas routes to the VPC. By default the VPC's primary one.
    type: str
  route_table_ids:
    description: Every route table whose subnets shall reach Atlas.
    type: list
    elements: str
    default: []
  dns:
    description: Whether to switch on DNS support and DNS hostnames of the VPC, and DNS resolution over the peering.
      Without them the names of clusters lead to public addresses.
    type: bool
    default: true
  access_list:
    description: Who may reach the project's clusters. Entries that are not named here are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      cidr_block:
        description: An IPv4 block, or an address.
        type: str
      security_group:
        description: A security group of the peered VPC, when VPC and clusters are in one region.
        type: str
      comment:
        description: The comment. Without it an existing one stays.
        type: str
  keep_container:
    description: For O(state=absent), whether the container stays, as it must while a cluster is in it.
    type: bool
    default: false
  state:
    description: Whether the peering shall exist. With V(absent) the access list entries named, the routes, the peering
      and the container are removed, in this order.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description: Seconds that each wait may take.
    type: float
    default: 1800
  poll_interval:
    description: Seconds between two looks while waiting.
    type: float
    default: 10
  progress_file:
    description: File to which progress is appended, one JSON object a line. Set by the action plugin of the same name.
    type: path
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - slipway.ops.atlas
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes
notes:
  - The Atlas credentials need the roles Project Owner, for the container, and Project Network Access Manager.
  - A run that only waits for what an earlier one began reports no change.
"""

EXAMPLES = r"""
- name: Peer the VPC with the project
  slipway.ops.atlas_peering:
    project_id: 6500aa11bb22cc33dd44ee55
    vpc_id: vpc-0123456789abcdef0
    atlas_cidr: 192.168.248.0/21
    route_table_ids:
      - rtb-0123456789abcdef0
    access_list:
      - security_group: sg-0123456789abcdef0
        comment: the api's tasks

- name: Remove the peering, keep the clusters and their network
  slipway.ops.atlas_peering:
    project_id: 6500aa11bb22cc33dd44ee55
    vpc_id: vpc-0123456789abcdef0
    keep_container: true
    state: absent
"""

RETURN = r"""
container:
  description: The region's container, null when there is none.
  returned: always
  type: dict
  sample: {"id": "6500aa11bb22cc33dd44ee56", "region": "us-east-1", "cidr": "192.168.248.0/21"}
peering:
  description: The peering, null when there is none.
  returned: always
  type: dict
  sample: {"id": "6500aa11bb22cc33dd44ee57", "status": "AVAILABLE", "connection_id": "pcx-0123456789abcdef0"}
steps:
  description: The steps taken, or those that check mode would take.
  returned: always
  type: list
  elements: dict
  sample: [{"name": "create_container: 192.168.248.0/21 in us-east-1", "status": "done", "seconds": 0.8}]
error_code:
  description: Atlas's error code, empty if it is not Atlas who refused.
  returned: failure
  type: str
  sample: OVERLAPPING_CIDR_BLOCK
"""

from typing import Any, NoReturn

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.atlas_connection import (
    REQUIRED_IF,
    connect,
    connection_arguments,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_errors import AtlasError
from ansible_collections.slipway.ops.plugins.module_utils.atlas_inputs_plan import access_value, input_problems
from ansible_collections.slipway.ops.plugins.module_utils.atlas_peering_model_plan import (
    Plan,
    Snapshot,
    Wanted,
    aws_region,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_peering_plan import (
    find_container,
    find_peers,
    plan_absent,
    plan_present,
    view,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_peering_steps import (
    Run,
    StepFailedError,
    apply,
    observe,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress


def arguments() -> dict[str, Any]:
    """The argument spec."""
    return {
        **connection_arguments(),
        "vpc_id": {"type": "str", "required": True},
        "account_id": {"type": "str"},
        "atlas_region": {"type": "str"},
        "atlas_cidr": {"type": "str"},
        "route_cidr": {"type": "str"},
        "route_table_ids": {"type": "list", "elements": "str", "default": []},
        "dns": {"type": "bool", "default": True},
        "access_list": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "cidr_block": {"type": "str"},
                "security_group": {"type": "str"},
                "comment": {"type": "str"},
            },
        },
        "keep_container": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "wait_timeout": {"type": "float", "default": 1800},
        "poll_interval": {"type": "float", "default": 10},
        "progress_file": {"type": "path"},
    }


def wanted_of(params: dict[str, Any], region: str) -> Wanted:
    """The parameters in the planner's terms."""
    return Wanted(
        vpc_id=params["vpc_id"],
        region=aws_region(region),
        atlas_region=aws_region(params["atlas_region"] or region),
        cidr=params["atlas_cidr"],
        account=params["account_id"],
        route_cidr=params["route_cidr"],
        dns=params["dns"],
        access={access_value(entry): entry["comment"] for entry in params["access_list"]},
        keep_container=params["keep_container"],
    )


def found(snapshot: Snapshot, wanted: Wanted) -> dict[str, Any]:
    """Container and peering for the result."""
    container = find_container(snapshot, wanted)
    peers = find_peers(snapshot, wanted, container)
    shown: dict[str, Any] = {"container": None, "peering": None}
    if container:
        shown["container"] = {"id": container.id, "region": container.region, "cidr": container.cidr}
    if peers:
        peer = peers[0]
        shown["peering"] = {"id": peer.id, "status": peer.status, "connection_id": peer.connection_id}
    return shown


def check_inputs(module: AnsibleAWSModule, region: str) -> None:
    """Fail in one line for input that is wrong in itself, before any call."""
    given = {**module.params, "region": region, "atlas_region": module.params["atlas_region"] or region}
    problems = input_problems(given)
    if problems:
        module.fail_json(msg="; ".join(problems), error_code="")


class Session:
    """One run of the module, with what its failures need to tell."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        ec2 = module.client("ec2")
        region = ec2.meta.region_name
        check_inputs(module, region)
        self.wanted = wanted_of(module.params, region)
        self.run = Run(
            client=connect(module, validate_certs=module.params["validate_certs"]),
            ec2=ec2,
            vpc_id=module.params["vpc_id"],
            progress=Progress(module.params["progress_file"]),
            timeout=module.params["wait_timeout"],
            poll_interval=module.params["poll_interval"],
        )

    def look(self) -> tuple[Snapshot, Plan]:
        """Observe and plan."""
        snapshot = observe(self.run.client, self.run.ec2, self.wanted, self.module.params["route_table_ids"])
        planner = plan_present if self.module.params["state"] == "present" else plan_absent
        return snapshot, planner(snapshot, self.wanted)

    def steps(self) -> list[dict[str, Any]]:
        """The steps begun so far."""
        return [record.shown() for record in self.run.progress.records]

    def fail(self, message: str, code: str = "", **more: Any) -> NoReturn:
        """Fail; say what was done before, since it stays and the next run goes on from there."""
        done = ", ".join(step.action for step in self.run.done)
        told = f"{message.rstrip('.')}. Done before: {done}; run again to go on from there." if done else message
        self.module.fail_json(msg=told, error_code=code, changed=bool(done), steps=self.steps(), **more)


def converge(session: Session) -> None:
    """Observe, plan, apply, observe again: the second plan must have nothing left to do."""
    snapshot, plan = session.look()
    if plan.blocked:
        session.fail(f"Nothing was changed: {plan.blocked}", diff={"before": plan.before, "after": plan.before})
    if session.module.check_mode:
        steps = [{"name": f"{step.action}: {step.about}", "status": "planned", "seconds": 0.0} for step in plan.steps]
        diff = {"before": plan.before, "after": plan.after}
        session.module.exit_json(changed=plan.changed, steps=steps, diff=diff, **found(snapshot, session.wanted))
    if plan.steps:
        session.run.know(snapshot, session.wanted)
        apply(session.run, plan)
        snapshot, rest = session.look()
        if rest.steps or rest.blocked:
            left = rest.blocked or ", ".join(step.action for step in rest.steps)
            session.fail(f"Something else changed the peering while this ran; left to do: {left}")
    diff = {"before": plan.before, "after": view(snapshot, session.wanted)}
    session.module.exit_json(changed=plan.changed, steps=session.steps(), diff=diff, **found(snapshot, session.wanted))


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec=arguments(),
        required_if=REQUIRED_IF,
        supports_check_mode=True,
    )
    session = Session(module)
    try:
        converge(session)
    except AtlasError as error:
        session.fail(str(error), error.code)
    except StepFailedError as error:
        session.fail(str(error))
    except AnsibleAWSError as error:
        session.fail(f"AWS: {error}")


if __name__ == "__main__":
    main()
