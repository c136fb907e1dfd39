# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What makes a rule whole again that no deployment may touch, once a person has said so. Pure and total.

Broken are: weights on both colors, weight on a color that cannot answer while the other one can, a target group of
neither color, a missing color, an action that forwards nowhere, and rules too many. All of the traffic goes to the
color that has healthy targets, and to the release when both have. Weight never goes to a color without healthy ones.

A rule that is whole is left alone, whatever a deployment is doing with it: but for a scheduled action that would take
away the tasks of the color that serves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..rule_actions_plan import forwarding_again, only_weights, weights_of
from . import scaling_plan as scaling
from .choice_plan import Choice, Standing, choose
from .commands_plan import repair
from .plan_model import (
    COLORS,
    FULL_WEIGHT,
    IDLE_SCALING,
    ColorState,
    Rule,
    Scaling,
    Snapshot,
    Wanted,
    other,
)
from .shadow_plan import requests_of, shadows
from .shown_plan import shown_state
from .steps_plan import (
    CancelScaleDown,
    ConfirmCapacity,
    DeleteRule,
    Plan,
    PointRule,
    Prove,
    Step,
    TagService,
    UpdateService,
    WaitHealthy,
)
from .task_definition_plan import digest_in
from .traffic_plan import color_weights, missing_problem, serving_color, shown_traffic, sticky_seconds
from .worker_plan import back


def plan_repair(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """blocked: what a repair cannot decide or do; no steps: nothing is broken."""
    before = shown_state(snapshot)
    if snapshot.missing:
        return Plan(before=before, after=before, blocked=missing_problem(snapshot))
    live = serving_color(snapshot)
    if live is not None and not _production_broken(snapshot, live):
        return _kept_whole(snapshot, live)
    choice = _choice(snapshot)
    if choice.color is None:
        return Plan(before=before, after=before, blocked=_undecided(snapshot, choice.why))
    steps = _repair(snapshot, wanted, choice.color)
    before = {**before, **_definition(snapshot, live or choice.color)}
    after = {**before, **_definition(snapshot, choice.color), "because": choice.why}
    after["weights"] = {choice.color: FULL_WEIGHT, other(choice.color): 0}
    sticky = sticky_seconds(snapshot)
    if sticky:
        after["pinned"] = f"the rule keeps clients that have been on {other(choice.color)} there for up to {sticky} s"
    return Plan(before=before, after=after, steps=tuple(steps), origin=live, target=choice.color)


def _production_broken(snapshot: Snapshot, live: str) -> bool:
    """live is one color here, so the weights can only be wrong for what stands behind them."""
    beside = snapshot.colors[other(live)]
    down = beside.healthy and not snapshot.colors[live].healthy
    return bool(down or "production" in snapshot.surplus or _members_wrong(snapshot, snapshot.production))


def _members_wrong(snapshot: Snapshot, rule: Rule | None) -> bool:
    groups = {state.target_group for state in snapshot.colors.values()}
    return rule is not None and set(weights_of(rule.actions)) != groups


def _preview_broken(snapshot: Snapshot) -> bool:
    if snapshot.preview is None:
        return False
    weights = color_weights(snapshot, snapshot.preview)
    split = len([weight for weight in weights.values() if weight]) != 1
    return "preview" in snapshot.surplus or split or _members_wrong(snapshot, snapshot.preview)


def _kept_whole(snapshot: Snapshot, live: str) -> Plan:
    """The traffic is as it should be."""
    steps: list[Step] = [CancelScaleDown(live)] if snapshot.colors[live].warm_until else []
    if _preview_broken(snapshot):
        steps += _rules(snapshot, "preview", _shown_beside(snapshot, live))
    before = {**shown_state(snapshot), **_definition(snapshot, live)}
    return Plan(before=before, after=before, steps=tuple(steps), origin=live, target=live)


def _definition(snapshot: Snapshot, color: str) -> dict[str, Any]:
    """What the color runs, from which the result takes image and digest."""
    definition = snapshot.colors[color].definition
    return {"task_definition": dict(definition.body) if definition else {}}


def _choice(snapshot: Snapshot) -> Choice:
    weights = color_weights(snapshot, snapshot.production)
    standings = {
        color: Standing(
            healthy=state.healthy,
            proven=state.proven,
            candidate=state.candidate,
            leaving=bool(state.warm_until),
            weight=weights.get(color, 0),
        )
        for color, state in snapshot.colors.items()
    }
    return choose(standings)


def _undecided(snapshot: Snapshot, why: str) -> str:
    """What a person can do when nothing may be moved: tasks come first, or the choice is theirs."""
    again = repair(snapshot.service)
    if not any(state.healthy for state in snapshot.colors.values()):
        return f"{shown_traffic(snapshot)}: {why}, so nothing may be moved. Bring up {_tasks(snapshot)}, then {again}"
    down = f"aws ecs update-service --cluster {snapshot.cluster} --service {snapshot.service}-COLOR --desired-count 0"
    return (
        f"{shown_traffic(snapshot)}: {why}. Take away the tasks of the one that shall not serve, `{down}`, then {again}"
    )


def _tasks(snapshot: Snapshot) -> str:
    """The commands that start tasks; the bounds come first, or Application Auto Scaling would take them away again."""
    state = _best(snapshot)
    name, tasks = f"{snapshot.service}-{state.color}", max(1, state.desired)
    bounds = (
        "aws application-autoscaling register-scalable-target --service-namespace ecs --scalable-dimension "
        f"ecs:service:DesiredCount --resource-id service/{snapshot.cluster}/{name} --min-capacity {tasks} "
        f"--max-capacity {tasks}"
    )
    count = f"aws ecs update-service --cluster {snapshot.cluster} --service {name} --desired-count {tasks}"
    return f"tasks of {state.color}, `{bounds}` and `{count}`"


def _best(snapshot: Snapshot) -> ColorState:
    """The color to bring up: the one with a release, then the one with more weight, then the first."""
    weights = color_weights(snapshot, snapshot.production)
    return max(snapshot.colors.values(), key=lambda state: (state.proven, weights.get(state.color, 0)))


def _repair(snapshot: Snapshot, wanted: Wanted, color: str) -> list[Step]:
    state, beside = snapshot.colors[color], snapshot.colors[other(color)]
    carries = max(beside.desired, beside.running) if beside.healthy and _weighs(snapshot, beside.color) else 0
    raised = _raise(state, wanted, carries)
    # As before a deployment, or a run that follows would take what is suspended here for what a person wants.
    record = scaling.record(snapshot, state, wanted) if raised else []
    steps: list[Step] = [CancelScaleDown(color)] if state.warm_until else []
    steps += [*record, *raised]
    if carries:
        steps.append(ConfirmCapacity(beside.color, color, max(carries, 1)))
    steps += _rules(snapshot, "production", color)
    steps += _rules(snapshot, "preview", _shown_beside(snapshot, color))
    steps += [Prove(color, wanted.probe)] if wanted.probe else []
    steps += _workers(snapshot, wanted, state)
    return [*steps, *_tidied(snapshot, color), *_settled(snapshot, wanted, color, record, raised=bool(raised))]


def _workers(snapshot: Snapshot, wanted: Wanted, state: ColorState) -> list[Step]:
    """Workers and schedules to the release that has the traffic now; where that is not known they stay."""
    known = state.definition is not None and digest_in(state.definition.body)
    return back(snapshot, wanted, state.definition) if known else []


def _weighs(snapshot: Snapshot, color: str) -> bool:
    rules = (snapshot.production, *snapshot.surplus.get("production", ()))
    return any(color_weights(snapshot, rule).get(color, 0) > 0 for rule in rules)


def _raise(state: ColorState, wanted: Wanted, carries: int) -> list[Step]:
    """As many tasks as carry the traffic now, of what the color runs already."""
    if state.healthy >= carries:
        return []
    need = max(carries, state.desired)
    opened = replace(wanted.scaling, minimum=state.desired, scale_in_suspended=True) if wanted.scaling else None
    if opened:
        opened = replace(opened, maximum=max(need, opened.maximum))
    scale: list[Step] = [UpdateService(state.color, {"desiredCount": need})] if state.desired < need else []
    wait = WaitHealthy(state.color, need, wanted.healthy_timeout, wanted.poll_interval, state.stopped)
    return [*(scaling.set_scaling(state, opened) if scale else []), *scale, wait]


def _shown_beside(snapshot: Snapshot, color: str) -> str:
    """What the preview shows: the color that does not serve, unless there is nothing to be seen."""
    return other(color) if snapshot.colors[other(color)].healthy else color


def _rules(snapshot: Snapshot, name: str, color: str) -> list[Step]:
    """All of the rules of that name send everything to color; those that never match a request go."""
    first = snapshot.production if name == "production" else snapshot.preview
    rules = sorted(
        filter(None, (first, *snapshot.surplus.get(name, ()))), key=lambda rule: (rule.listener, rule.priority or 0)
    )
    kept: list[Rule] = []
    spare: list[Rule] = []
    for rule in rules:
        (spare if _never_matches(rule, kept) else kept).append(rule)
    steps: list[Step] = [step for rule in kept for step in _pointed(snapshot, name, rule, color)]
    return [*steps, *(DeleteRule(name, rule.arn, rule.actions) for rule in spare)]


def _never_matches(rule: Rule, before: Iterable[Rule]) -> bool:
    """Whatever it asks for is taken by our own rules before it on its listener."""
    ahead = [each for each in before if each.listener == rule.listener and rule.priority is not None]
    taken = [shadow.request for shadow in shadows(rule, ahead) if shadow.whole]
    return bool(taken) and len(taken) == len(requests_of(rule))


def _pointed(snapshot: Snapshot, name: str, rule: Rule, color: str) -> list[Step]:
    weights = {color: FULL_WEIGHT, other(color): 0}
    groups = {str(snapshot.colors[each].target_group): weights[each] for each in COLORS}
    base = rule.actions if weights_of(rule.actions) else forwarding_again(rule.actions)
    actions = only_weights(base, groups)
    now = {arn: weight for arn, weight in weights_of(rule.actions).items() if weight}
    if set(weights_of(rule.actions)) == set(groups) and list(now) == [str(snapshot.colors[color].target_group)]:
        return []
    return [PointRule(name, rule.arn, rule.actions, actions, weights)]


def _tidied(snapshot: Snapshot, color: str) -> list[Step]:
    """The color that serves is a release now, and no deployment is under way any more."""
    steps: list[Step] = [] if snapshot.colors[color].proven else [TagService(color, {}, released=True)]
    return [*steps, *(step for state in snapshot.colors.values() for step in scaling.untag(state))]


def _settled(snapshot: Snapshot, wanted: Wanted, color: str, record: list[Step], *, raised: bool) -> list[Step]:
    """Both colors as an ended deployment leaves them; what keeps a color warm goes on."""
    state, beside = snapshot.colors[color], snapshot.colors[other(color)]
    serving = replace(state, scaling=None) if raised else state
    steps = scaling.set_scaling(serving, scaling.settled(snapshot, state, wanted))
    if wanted.scaling and not beside.warm_until:
        steps += scaling.set_scaling(beside, IDLE_SCALING if beside.empty else _released(snapshot, beside))
    return [*steps, *scaling.forget(snapshot, state, record)]


def _released(snapshot: Snapshot, beside: ColorState) -> Scaling | None:
    """The bounds of a color whose tasks stay, with scale-in as it was before a deployment held it."""
    before = scaling.recorded(snapshot)
    held = before is not None and before.scale_in_suspended
    return replace(beside.scaling, scale_in_suspended=held) if beside.scaling else None
