#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_cluster
short_description: An ECS cluster for Fargate, with its Container Insights setting
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - C(community.aws.ecs_cluster) knows neither Container Insights, on which request scaling depends, nor tags.
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  container_insights:
    description: Level of Container Insights.
    type: str
    choices: [enabled, enhanced, disabled]
    default: enabled
  tags:
    description: Tags of the cluster. Others stay.
    type: dict
    default: {}
  state:
    description:
      - Whether the cluster shall exist. AWS refuses to delete one that has services or tasks.
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
- name: A cluster for all services of the environment
  slipway.ops.ecs_cluster:
    name: slipway-local
"""

RETURN = r"""
name:
  description: Name of the cluster.
  returned: success
  type: str
  sample: slipway-local
action:
  description: What was done, create, update or delete; empty when nothing differed.
  returned: success
  type: str
  sample: create
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Plan, plan_documents

PROVIDERS = ["FARGATE"]


@ApiErrors.common_error_handler("describe cluster {name}")
@retry
def describe(client: Any, name: str) -> dict[str, Any] | None:
    """The cluster; None if there is none or a deleted one, which AWS goes on describing as INACTIVE for a while."""
    found = client.describe_clusters(clusters=[name], include=["SETTINGS", "TAGS"])["clusters"]
    return next((cluster for cluster in found if cluster["status"] != "INACTIVE"), None)


@ApiErrors.common_error_handler("create cluster {name}")
@retry
def create(client: Any, name: str, insights: str, tags: dict[str, str]) -> None:
    """Create the cluster; a repeated call returns the one that exists."""
    client.create_cluster(
        clusterName=name,
        capacityProviders=PROVIDERS,
        settings=[{"name": "containerInsights", "value": insights}],
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )


@ApiErrors.common_error_handler("update cluster {name}")
@retry
def update_settings(client: Any, name: str, insights: str) -> None:
    """Set Container Insights."""
    client.update_cluster(cluster=name, settings=[{"name": "containerInsights", "value": insights}])


@ApiErrors.common_error_handler("tag cluster {arn}")
@retry
def tag(client: Any, arn: str, tags: dict[str, str]) -> None:
    """Set tags; others stay."""
    client.tag_resource(resourceArn=arn, tags=[{"key": key, "value": value} for key, value in tags.items()])


@ApiErrors.common_error_handler("delete cluster {name}")
@retry
def delete(client: Any, name: str) -> None:
    """Delete the cluster."""
    client.delete_cluster(cluster=name)


def document(cluster: dict[str, Any] | None, wanted_tags: dict[str, str]) -> dict[str, Any]:
    """What this module compares of a cluster."""
    if cluster is None:
        return {}
    settings = {item["name"]: item["value"] for item in cluster.get("settings", [])}
    tags = {item["key"]: item["value"] for item in cluster.get("tags", []) if item["key"] in wanted_tags}
    return {"container_insights": settings.get("containerInsights", "disabled"), "tags": tags}


def apply(client: Any, plan: Plan, arn: str) -> None:
    """Do the step, if there is one."""
    for step in plan.steps:
        if step.after is None:
            delete(client, step.name)
        elif step.before is None:
            create(client, step.name, step.after["container_insights"], step.after["tags"])
        else:
            if step.before["container_insights"] != step.after["container_insights"]:
                update_settings(client, step.name, step.after["container_insights"])
            if step.before["tags"] != step.after["tags"]:
                tag(client, arn, step.after["tags"])


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "container_insights": {
                "type": "str",
                "choices": ["enabled", "enhanced", "disabled"],
                "default": "enabled",
            },
            "tags": {"type": "dict", "default": {}},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    name, tags = module.params["name"], module.params["tags"]
    wanted = {"container_insights": module.params["container_insights"], "tags": tags}
    try:
        client = module.client("ecs")
        cluster = describe(client, name)
        current = {} if cluster is None else {name: document(cluster, tags)}
        plan = plan_documents(current, {name: wanted if module.params["state"] == "present" else None})
        if not module.check_mode:
            apply(client, plan, (cluster or {}).get("clusterArn", ""))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    actions = [step.action for step in plan.steps]
    module.exit_json(changed=plan.changed, name=name, action=(actions or [""])[0], diff=plan.diff())


if __name__ == "__main__":
    main()
