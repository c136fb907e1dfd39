# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The step that changes a target group's health check."""

from __future__ import annotations

from .. import elb
from .run import Run
from .steps_plan import SetHealthCheck


def set_health_check(run: Run, step: SetHealthCheck) -> None:
    """ModifyTargetGroup leaves what it is not given."""
    elb.modify_target_group(run.clients.elbv2, run.group(step.color), dict(step.changes))
