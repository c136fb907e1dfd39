# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What site.yml makes of a service of engine native, and what a repair makes of its rule. Pure and total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .converge_plan import Wishes, differences
from .found_plan import found_text
from .native_plan import native_of
from .native_retire_plan import advanced
from .native_steps_plan import DONE, WaitRollout
from .plan_model import COLORS, IDLE_SCALING, Snapshot, Wanted
from .repair_plan import plan_repair
from .scaling_plan import set_scaling
from .shown_plan import shown_state
from .steps_plan import (
    CreateService,
    DeleteRule,
    Plan,
    PointRule,
    Prove,
    RegisterDefinition,
    Step,
    TagService,
    UpdateService,
)
from .task_definition_plan import normalized
from .worker_plan import converge as converge_workers

# The group that a service of its own gets as its alternate one, where ECS puts its first revision.
FIRST = COLORS[1]
SETTLED = 300.0
POLL = 2.0


def plan_native_converge(snapshot: Snapshot, wishes: Wishes) -> Plan:
    """Create the service with no tasks, and adapt one that has none; a deployment of ECS is one as soon as it has.

    Where engine two_service still has tasks nothing is created: ECS would move the weights to a group without any. The
    next deployment takes over from it.
    """
    native = native_of(snapshot)
    before = shown_state(snapshot)
    steps: list[Step] = []
    if not native.exists and not any(each.desired or each.running for each in native.foreign.values()):
        steps = _create(snapshot, wishes)
    elif native.exists:
        steps = _adapt(snapshot, wishes)
    steps += converge_workers(snapshot, wishes.beside)
    after = {
        **before,
        **({"service": snapshot.service} if any(isinstance(step, CreateService) for step in steps) else {}),
    }
    return Plan(before=before, after=after, steps=tuple(steps), needs=snapshot.missing)


def _create(snapshot: Snapshot, wishes: Wishes) -> list[Step]:
    body, state = wishes.bodies[FIRST], snapshot.colors[FIRST]
    exists = state.latest is not None and state.latest.body == normalized(body)
    register: list[Step] = [] if exists else [RegisterDefinition(FIRST, body)]
    arn = state.latest.arn if exists and state.latest else None
    steps: list[Step] = [*register, CreateService(FIRST, arn, _settings(snapshot, wishes), wishes.tags)]
    bounds = set_scaling(state, IDLE_SCALING) if wishes.scaling else []
    return [*steps, *bounds, WaitRollout(FIRST, DONE, SETTLED, POLL)]


def _settings(snapshot: Snapshot, wishes: Wishes) -> dict[str, Any]:
    """The wish has the balancer's container and role; rules and groups are what there is."""
    settings = dict(wishes.settings[FIRST])
    role = settings.pop("infrastructureRole", "")
    balancing = advanced(snapshot, role, COLORS[0])
    settings["loadBalancers"] = [{**item, **balancing} for item in settings["loadBalancers"]]
    return settings


def _adapt(snapshot: Snapshot, wishes: Wishes) -> list[Step]:
    """Bounds and tags of a service with tasks; settings only of one without, as they are a deployment to ECS."""
    native, state = native_of(snapshot), snapshot.colors[FIRST]
    steps: list[Step] = []
    if not native.desired and native.rollout is None:
        steps += _idle(snapshot, wishes, native.settings)
    if wishes.scaling and native.desired:
        now = state.scaling or wishes.scaling
        steps += set_scaling(state, replace(now, minimum=wishes.scaling.minimum, maximum=wishes.scaling.maximum))
    elif wishes.scaling:
        steps += set_scaling(state, IDLE_SCALING)
    tags = {key: value for key, value in wishes.tags.items() if native.tags.get(key) != value}
    return [*steps, TagService(FIRST, tags)] if tags else steps


def _idle(snapshot: Snapshot, wishes: Wishes, now: Mapping[str, Any]) -> list[Step]:
    aim = {key: value for key, value in _settings(snapshot, wishes).items() if key != "deploymentConfiguration"}
    changes = differences(now, aim)
    return [UpdateService(FIRST, changes), WaitRollout(FIRST, DONE, SETTLED, POLL)] if changes else []


def plan_native_repair(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """The rule alone: tasks and their count are ECS's, which must not be moving the traffic itself."""
    native = native_of(snapshot)
    made = plan_repair(snapshot, replace(wanted, scaling=None, workers=(), schedules=()))
    if native.rollout and (made.steps or made.blocked):
        return replace(made, steps=(), blocked=f"ECS is moving the traffic itself; {found_text(snapshot)}")
    kept = tuple(step for step in made.steps if isinstance(step, PointRule | DeleteRule | Prove))
    return replace(made, steps=kept)
