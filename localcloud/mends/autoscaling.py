# SPDX-License-Identifier: GPL-3.0-or-later
"""Application Auto Scaling: policies and scheduled actions live and die with the target, alarms with the policy."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    wrap(ApplicationAutoscalingBackend, "deregister_scalable_target", _with_its_policies)
    wrap(ApplicationAutoscalingBackend, "put_scaling_policy", _without_old_alarms)


def _with_its_policies(
    original: Any, self: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str
) -> None:
    """Deregistering a scalable target deletes its scheduled actions and scaling policies, and with them their alarms.

    moto keeps all. See https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
    and, for the alarms, API_DeleteScalingPolicy.html beside it.
    """
    original(self, namespace, r_id, dimension)
    for policy in list(self.policies.values()):
        if (policy.resource_id, policy.scalable_dimension) == (r_id, dimension):
            self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
    for action in list(self.scheduled_actions):
        if (action.resource_id, action.scalable_dimension) == (r_id, dimension):
            self.scheduled_actions.remove(action)


def _without_old_alarms(original: Any, self: ApplicationAutoscalingBackend, *args: Any, **kwargs: Any) -> Any:
    """A policy that is put again has one pair of alarms.

    moto makes another pair each time. AWS manages a target tracking policy's alarms on the caller's behalf
    (https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html).
    """
    before = {policy.policy_arn: policy for policy in self.policies.values()}
    policy = original(self, *args, **kwargs)
    now = {each.policy_arn for each in self.policies.values()}
    for arn, old in before.items():
        if arn not in now:
            old.delete_alarms(self.account_id, self.region_name)
    return policy
