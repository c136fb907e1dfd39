#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: elb_listener_rule
version_added: 0.1.0
short_description: Own one ALB listener rule without ever touching its live weights
description:
  - Creates, updates and deletes one rule of an Application Load Balancer listener that forwards to a pair of
    target groups.
  - The rule is identified by its tags V(slipway:service) and V(slipway:rule), so its priority and conditions may
    change.
  - Weights are written once, when the rule is created. Afterwards they belong to M(slipway.ops.ecs_blue_green), and
    this module preserves them together with every other action, its order and the stickiness, whatever
    O(target_groups) says.
  - A rule that is created while target groups have targets already (somebody has deleted it) gets all its weight on the
    group that has healthy ones. When more than one has, the release among them is looked up in O(cluster), and the
    module fails rather than guess it. A preview rule is then created with the weights of O(target_groups).
  - A target group of O(target_groups) that the rule lacks is added with weight 0. Without a rule that names it, a
    target group's targets stay C(unused) and never become healthy.
  - A rule with the same tags on another listener of the load balancer is moved. The new rule is created with the live
    actions (weights, stickiness) and all tags of the other, which is deleted O(wait) seconds afterwards, if it still is
    as it was read.
    Rules with the same tags that weigh differently are left alone, and the module fails. Transforms of a rule are not
    carried over.
author:
  - Contributors to the Slipway project (@slipway)
options:
  load_balancer:
    description: Name of the load balancer, on any listener of which the rule may be now.
    type: str
    required: true
  listener_arn:
    description:
      - ARN of the listener that shall have the rule.
      - May be empty in check mode, when the listener is not there yet.
      - Required when O(state=present).
    type: str
  service:
    description: Name of the service that the rule serves, the value of its tag V(slipway:service).
    type: str
    required: true
  rule:
    description: Which of the service's rules this is, the value of its tag V(slipway:rule).
    type: str
    choices: [production, preview]
    default: production
  priority:
    description:
      - Priority of the rule, 1 to 50000. The lowest number is evaluated first.
      - Required when O(state=present).
    type: int
  conditions:
    description:
      - What a request must match, all of it.
      - Required when O(state=present).
    type: dict
    suboptions:
      host:
        description: Host names, V(*) and V(?) are wildcards. One of them must match.
        type: list
        elements: str
        default: []
      path:
        description: Path patterns, V(*) and V(?) are wildcards. One of them must match.
        type: list
        elements: str
        default: []
      headers:
        description: Headers that must match, each of them.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the header.
            type: str
            required: true
          values:
            description: Patterns. One of them must match.
            type: list
            elements: str
            required: true
  target_groups:
    description:
      - The target groups of the rule.
      - Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      arn:
        description: ARN of the target group.
        type: str
        required: true
      weight:
        description: Weight that the group gets when the rule is created before anything runs, 0 to 999.
        type: int
        default: 0
  cluster:
    description:
      - Name of the ECS cluster of the services V(NAME-blue) and V(NAME-green), where V(NAME) is O(service).
      - Their tags tell which color is the release, when a rule is created while both have healthy targets.
    type: str
  wait:
    description:
      - Seconds between the creation of a moved rule and the deletion of the one that it replaces. The data plane takes
        over a rule a little after the API has answered, and AWS names no figure.
    type: float
    default: 10
  tags:
    description: Tags to add to the rule. Other tags of the rule stay.
    type: dict
    default: {}
  state:
    description: Whether the rule exists. V(absent) deletes it from every listener of the load balancer.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Says what would change without changing it. Accepts a listener that is not there yet.
  diff_mode:
    support: full
    description: Shows listeners, priority, conditions, weights and tags before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send requests for api.example.com to the blue target group at first
  slipway.ops.elb_listener_rule:
    load_balancer: slipway-staging
    listener_arn: "{{ alb_output.listener_arn }}"
    service: api
    rule: production
    priority: 10
    conditions:
      host: [api.example.com]
    target_groups:
      - arn: "{{ blue.target_group_arn }}"
        weight: 100
      - arn: "{{ green.target_group_arn }}"
        weight: 0

- name: Delete it
  slipway.ops.elb_listener_rule:
    load_balancer: slipway-staging
    service: api
    rule: production
    state: absent
"""

RETURN = r"""
rule_arn:
  description: ARN of the rule, empty when there is none (yet).
  returned: always
  type: str
  sample: arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/slipway-local/50dc6c495c0c9188/1a/2b
weights:
  description: Weight of each target group that the rule forwards to, by ARN.
  returned: always
  type: dict
  sample: {"arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/api-blue/6d0ecf831eec9f09": 100}
steps:
  description: What was done, or would be done in check mode, one line each.
  returned: always
  type: list
  elements: str
  sample: ["create a rule with priority 10"]
"""

import time
from dataclasses import replace as replace_in
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import elb
from ansible_collections.slipway.ops.plugins.module_utils.listener_rule_plan import (
    TAG_RULE,
    TAG_SERVICE,
    Plan,
    Rule,
    Snapshot,
    Step,
    Wanted,
    from_nothing,
    owned,
    plan,
    priority_problem,
)
from ansible_collections.slipway.ops.plugins.module_utils.rule_actions_plan import comparable
from ansible_collections.slipway.ops.plugins.module_utils.standing import observe_groups

HEADER = {"name": {"type": "str", "required": True}, "values": {"type": "list", "elements": "str", "required": True}}
CONDITIONS = {
    "host": {"type": "list", "elements": "str", "default": []},
    "path": {"type": "list", "elements": "str", "default": []},
    "headers": {"type": "list", "elements": "dict", "default": [], "options": HEADER},
}
TARGET_GROUP = {"arn": {"type": "str", "required": True}, "weight": {"type": "int", "default": 0}}
ARGUMENTS = {
    "load_balancer": {"type": "str", "required": True},
    "listener_arn": {"type": "str"},
    "service": {"type": "str", "required": True},
    "rule": {"type": "str", "choices": ["production", "preview"], "default": "production"},
    "priority": {"type": "int"},
    "conditions": {"type": "dict", "options": CONDITIONS},
    "target_groups": {"type": "list", "elements": "dict", "options": TARGET_GROUP},
    "cluster": {"type": "str"},
    "wait": {"type": "float", "default": 10},
    "tags": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
REQUIRED_IF = [("state", "present", ("listener_arn", "priority", "conditions", "target_groups"))]


def conditions_from(given: dict) -> tuple[dict, ...]:
    """The API's shape of the conditions option."""
    made = []
    if given.get("host"):
        made.append({"Field": "host-header", "HostHeaderConfig": {"Values": given["host"]}})
    if given.get("path"):
        made.append({"Field": "path-pattern", "PathPatternConfig": {"Values": given["path"]}})
    for header in given.get("headers") or []:
        config = {"HttpHeaderName": header["name"], "Values": header["values"]}
        made.append({"Field": "http-header", "HttpHeaderConfig": config})
    return tuple(made)


def wanted_from(params: dict) -> Wanted:
    identity = {TAG_SERVICE: params["service"], TAG_RULE: params["rule"]}
    if params["state"] == "absent":
        return Wanted(params["load_balancer"], params["listener_arn"] or "", identity, present=False)
    return Wanted(
        load_balancer=params["load_balancer"],
        listener_arn=params["listener_arn"] or "",
        identity=identity,
        present=True,
        priority=params["priority"] or 0,
        conditions=conditions_from(params["conditions"] or {}),
        weights={group["arn"]: group["weight"] for group in params["target_groups"] or []},
        tags={key: str(value) for key, value in (params["tags"] or {}).items()},
    )


def observe(client: Any, wanted: Wanted) -> Snapshot:
    label = None
    rules: list[Rule] = []
    elsewhere: list[Rule] = []
    balancer = elb.describe_load_balancer(client, wanted.load_balancer)
    for listener, found in elb.describe_listeners_with_rules(client, balancer):
        name = f"{listener['Protocol']}:{listener['Port']}"
        here = listener["ListenerArn"] == wanted.listener_arn
        label = name if here else label
        (rules if here else elsewhere).extend(rule_from(rule, name) for rule in found)
    return Snapshot(label, tuple(rules), tuple(elsewhere))


def rule_from(described: dict, listener: str) -> Rule:
    return Rule(
        arn=described["RuleArn"],
        priority=None if described["IsDefault"] else int(described["Priority"]),
        conditions=described["Conditions"],
        actions=described["Actions"],
        tags=described["Tags"],
        listener=listener,
    )


def create(client: Any, step: Step, wanted: Wanted) -> str:
    """Creates the rule. When the priority turns out to be taken, either our own lost creation holds it, or it fails."""
    arn = elb.create_rule(client, **step.arguments)
    if arn is None:
        rules = observe(client, wanted).rules
        mine = owned(rules, wanted.identity)
        if not mine:
            raise AnsibleAWSError(
                message=priority_problem(rules, wanted, None) or "the priority was taken for a moment"
            )
        arn = mine[0].arn
    return arn


def replace(client: Any, rule_arn: str, expected: list[dict], created: str) -> None:
    """Deletes a rule that has a successor, unless its weights have moved since they were copied to that.

    Then the successor goes, if this run created it, and the rule stays with what has been written to it.
    """
    rule = elb.describe_rule(client, rule_arn)
    if rule and comparable(rule["Actions"]) != comparable(expected):
        if created:
            elb.delete_rule(client, created)
        raise AnsibleAWSError(message=f"rule {rule_arn} was changed while it was moved, and stays: run again")
    elb.delete_rule(client, rule_arn)


def apply(client: Any, made: Plan, wanted: Wanted, wait: float) -> str:
    """Runs the steps; answers with the rule's ARN, empty after a deletion.

    wait: seconds that the data plane has to take over the new rule before the first one that it replaces goes.
    """
    arn, created = made.rule_arn or "", ""
    for step in made.steps:
        if step.action == "replace_rule":
            time.sleep(wait)
            wait = 0
        if step.action == "create_rule":
            arn = created = create(client, step, wanted)
        elif step.action == "replace_rule":
            replace(client, **step.arguments, created=created)
        else:
            getattr(elb, step.action)(client, **step.arguments)
    return arn if wanted.present else ""


def run(module: AnsibleAWSModule) -> dict:
    """One plan for check mode, diff mode and the real run; answers with what exit_json gets."""
    params = module.params
    wanted = wanted_from(params)
    client = module.client("elbv2")
    snapshot = observe(client, wanted)
    if from_nothing(snapshot, wanted):
        arns = [arn for arn in wanted.weights if arn]
        snapshot = replace_in(
            snapshot, groups=observe_groups(module.client, arns, params["service"], params["cluster"])
        )
    made = plan(snapshot, wanted)
    if made.blocked:
        raise AnsibleAWSError(message=f"Nothing was changed: {made.blocked}")
    if made.needs and not module.check_mode:
        raise AnsibleAWSError(message=f"Nothing was changed: {made.needs}")
    arn = made.rule_arn or ""
    if made.steps and not module.check_mode:
        arn = apply(client, made, wanted, params["wait"])
    return {
        "changed": made.changed,
        "rule_arn": arn,
        "weights": made.after.get("weights", {}),
        "steps": [step.detail for step in made.steps],
        "diff": {"before": made.before, "after": made.after},
    }


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, required_if=REQUIRED_IF, supports_check_mode=True)
    try:
        result = run(module)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
