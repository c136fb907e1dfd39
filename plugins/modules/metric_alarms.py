#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: metric_alarms
short_description: CloudWatch alarms on metric math
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - M(amazon.aws.cloudwatch_metric_alarm) never compares C(Metrics), and so writes an alarm on metric math anew, and
    reports it as changed, with every run.
options:
  alarms:
    description:
      - The alarms, each a request of C(PutMetricAlarm) in snake_case with at least C(alarm_name).
      - Only the keys given are compared and set.
    type: list
    elements: dict
    required: true
  tags:
    description: Tags of an alarm that is created. CloudWatch ignores them for one that exists.
    type: dict
    default: {}
  state:
    description: Whether the alarms shall exist.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: No target of either color may stay unhealthy
  slipway.ops.metric_alarms:
    alarms:
      - alarm_name: api-unhealthy
        metrics:
          - id: blue
            return_data: false
            metric_stat:
              metric:
                namespace: AWS/ApplicationELB
                metric_name: UnHealthyHostCount
                dimensions:
                  - {name: TargetGroup, value: targetgroup/api-blue/0123456789abcdef}
                  - {name: LoadBalancer, value: app/slipway-local/0123456789abcdef}
              period: 60
              stat: Maximum
          - {id: total, expression: "FILL(blue, 0)", return_data: true}
        comparison_operator: GreaterThanThreshold
        threshold: 0
        evaluation_periods: 3
"""

RETURN = r"""
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "api-unhealthy", "action": "create"}]
"""

from typing import Any

from ansible.module_utils.common.dict_transformations import snake_dict_to_camel_dict
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Plan, Step, plan_documents


@ApiErrors.common_error_handler("describe alarms")
@retry
def describe(client: Any, names: list[str]) -> list[dict[str, Any]]:
    """The metric alarms of these names that exist; at most 100 names (CloudWatch API, DescribeAlarms)."""
    return client.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm"], MaxRecords=100)["MetricAlarms"]


@ApiErrors.common_error_handler("put alarm {name}")
@retry
def put(client: Any, name: str, document: dict[str, Any]) -> None:
    """Create an alarm or replace it."""
    client.put_metric_alarm(**document | {"AlarmName": name})


@ApiErrors.common_error_handler("delete alarm {name}")
@retry
def delete(client: Any, name: str) -> None:
    """Delete an alarm."""
    client.delete_alarms(AlarmNames=[name])


def wanted_document(alarm: dict[str, Any]) -> dict[str, Any]:
    """One alarm as the API has it; OKActions is the one key that camel case gets wrong."""
    document = snake_dict_to_camel_dict(alarm, capitalize_first=True)
    if "OkActions" in document:
        document["OKActions"] = document.pop("OkActions")
    return document


def one_step(client: Any, step: Step, tags: dict[str, str]) -> None:
    """Put or delete one alarm."""
    if step.after is None:
        delete(client, step.name)
        return
    created = {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags and step.before is None else {}
    put(client, step.name, dict(step.after) | created)


def apply(client: Any, plan: Plan, tags: dict[str, str]) -> None:
    """Do the steps in order."""
    for step in plan.steps:
        one_step(client, step, tags)


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "alarms": {"type": "list", "elements": "dict", "required": True},
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    present = module.params["state"] == "present"
    alarms = module.params["alarms"]
    names = [alarm.get("alarm_name") for alarm in alarms]
    if not all(names) or len(names) > 100:
        module.fail_json(msg="alarms takes up to 100 alarms, each with an alarm_name")
    wanted = {alarm["alarm_name"]: wanted_document(alarm) if present else None for alarm in alarms}
    try:
        client = module.client("cloudwatch")
        current = {found["AlarmName"]: found for found in describe(client, names)} if names else {}
        plan = plan_documents(current, wanted)
        if not module.check_mode:
            apply(client, plan, module.params["tags"])
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    steps = [{"name": step.name, "action": step.action} for step in plan.steps]
    module.exit_json(changed=plan.changed, steps=steps, diff=plan.diff())


if __name__ == "__main__":
    main()
