# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The options of what runs beside a service: a one-off task, workers and schedules."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment slipway.ops.blue_green_beside."""

    DOCUMENTATION = r"""
options:
  one_off_task:
    description:
      - A command, such as a migration, that O(action=deploy) runs once for each digest, with the new task definition
        and before any of its other tasks starts, on the network of the service.
      - It has ended well when the app container exits with 0. The service's tag V(slipway:migrated) then names the
        digest, and the command never runs for it again. A task that a killed run has left is adopted.
      - When it fails, nothing has shifted. What it did stays done, also after a rollback, so that the release before
        must be able to run with it (expand first, contract in a later release).
    type: dict
    suboptions:
      command:
        description: Program and arguments.
        type: list
        elements: str
        required: true
      timeout:
        description: Seconds that it has. Then it is stopped, which fails the deployment.
        type: float
        default: 600
  exclusive:
    description: For O(kind=worker), what O(workers[].exclusive) is for others.
    type: bool
    default: false
  workers:
    description:
      - ECS services V(SERVICE-NAME) without a load balancer that run the same image as the service, at most 10.
      - O(action=converge) creates them with no tasks. A deployment has ECS roll them to the new release when the
        traffic has moved and was watched; a roll that fails takes the whole release back. O(action=rollback) rolls
        them back.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name, unique among the service's workers and schedules.
        type: str
        required: true
      task_definition:
        description: As O(task_definition). The container that is to get the image names none.
        type: dict
        required: true
      desired_count:
        description: Tasks, from the next deployment on.
        type: int
        default: 1
      exclusive:
        description:
          - No two tasks may run at the same time. ECS stops the old one before it starts the new one.
          - It never starts before the traffic has moved, as no worker does.
        type: bool
        default: false
  schedules:
    description:
      - Tasks that Amazon EventBridge Scheduler runs, each with the family V(SERVICE-NAME) and the image of the service.
      - The first deployment creates them, in a group V(CLUSTER-SERVICE) that O(action=converge) makes. Later ones and
        O(action=rollback) point them to the release. O(action=converge) changes when they run, and removes those that
        are no longer named.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name, unique among the service's workers and schedules.
        type: str
        required: true
      task_definition:
        description: As O(task_definition). The container that is to get the image names none.
        type: dict
        required: true
      expression:
        description: When to run, V(rate(5 minutes\)), V(cron(0 3 * * ? *\)) or V(at(2026-11-24T10:00:00\)).
        type: str
        required: true
      timezone:
        description: IANA name of the time zone of the expression.
        type: str
        default: UTC
      enabled:
        description: Whether it runs at all.
        type: bool
        default: true
      role_arn:
        description: IAM role with which EventBridge Scheduler runs the task.
        type: str
        required: true
"""
