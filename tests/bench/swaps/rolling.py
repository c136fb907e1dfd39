# SPDX-License-Identifier: GPL-3.0-or-later
"""A rolling deployment as many scripts have it: `python -m tests.bench.swaps.rolling CLUSTER SERVICE [options]`.

Registers a revision with another image (--image), or takes one that is there (--revision), updates the service and
waits with boto3's own waiter, which looks each 15 s unless --poll says otherwise.
"""

from __future__ import annotations

import argparse
from typing import Any

import boto3

# What DescribeTaskDefinition adds to what RegisterTaskDefinition takes.
READ_ONLY = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
)


def with_image(ecs: Any, current: str, image: str) -> str:
    """ARN of a new revision of CURRENT whose only container runs IMAGE."""
    definition = ecs.describe_task_definition(taskDefinition=current)["taskDefinition"]
    request = {key: value for key, value in definition.items() if key not in READ_ONLY}
    request["containerDefinitions"][0]["image"] = image
    return str(ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"])


def main() -> None:
    """Deploy, and wait until the service is stable."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cluster")
    parser.add_argument("service")
    parser.add_argument("--image")
    parser.add_argument("--revision")
    parser.add_argument("--poll", type=int)
    given = parser.parse_args()
    ecs = boto3.client("ecs")
    revision = given.revision
    if revision is None:
        service = ecs.describe_services(cluster=given.cluster, services=[given.service])["services"][0]
        revision = with_image(ecs, service["taskDefinition"], given.image)
    ecs.update_service(cluster=given.cluster, service=given.service, taskDefinition=revision)
    config = {"WaiterConfig": {"Delay": given.poll, "MaxAttempts": 600}} if given.poll else {}
    ecs.get_waiter("services_stable").wait(cluster=given.cluster, services=[given.service], **config)


if __name__ == "__main__":
    main()
