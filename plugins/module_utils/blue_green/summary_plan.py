# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A plan as people read it before the first change: a dictionary for the result, a few lines for the stream. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .definition_diff_plan import changes, shown_changes
from .estimate_plan import Cost, cost, estimate
from .fargate_plan import stop_timeout
from .plan_model import FULL_WEIGHT, ColorState, Snapshot, Wanted, other
from .shadow_plan import matched
from .shown_plan import shown_scaling
from .steps_plan import Plan, WaitHealthy
from .task_definition_plan import digest_in
from .traffic_plan import color_weights, sticky_seconds
from .worker_text_plan import SHOWN_DIGEST


def summary(snapshot: Snapshot, plan: Plan, wanted: Wanted, lock: str | None) -> dict[str, Any]:
    """The result's plan. lock: who holds the lease, None for nobody."""
    body = plan.after.get("task_definition") or {}
    waiting = estimate(snapshot, plan, wanted)
    made = {
        "from": plan.origin,
        "to": plan.target,
        "task_definition": changes(plan.before.get("task_definition") or {}, body),
        "rule": _rule(snapshot),
        "matches": matched(snapshot),
        "colors": {color: _color(state) for color, state in snapshot.colors.items()},
        "alarms": [{"name": item.name, "state": item.state, "reason": item.reason} for item in snapshot.alarms],
        "draining": _draining(snapshot, plan, wanted, body),
        "scaling": shown_scaling(wanted.scaling),
        "lock": lock,
        "waiting": {"seconds": waiting.seconds, "parts": dict(waiting.parts), "unknown": list(waiting.unknown)},
        "double": _double(cost(snapshot, plan, waiting, body)),
    }
    return {**made, "text": [*_lines(made, snapshot, plan, wanted), waiting.text, *_price(made)]}


def _rule(snapshot: Snapshot) -> dict[str, Any] | None:
    if snapshot.production is None:
        return None
    return {
        "arn": snapshot.production.arn,
        "weights": color_weights(snapshot, snapshot.production),
        "sticky_seconds": sticky_seconds(snapshot),
    }


def _color(state: ColorState) -> dict[str, Any]:
    return {
        "desired": state.desired,
        "running": state.running,
        "healthy": state.healthy,
        "task_definition": state.service.definition if state.service else None,
        "scaling": shown_scaling(state.scaling),
    }


def _draining(snapshot: Snapshot, plan: Plan, wanted: Wanted, body: Mapping[str, Any]) -> dict[str, Any]:
    old = snapshot.colors[other(plan.target)] if plan.target else None
    return {
        "bake": wanted.bake,
        "floor": wanted.drain_floor,
        "deregistration_delay": old.deregistration_delay if old else 0,
        "stop_timeout": stop_timeout(body),
        "keep_warm": wanted.keep_warm,
    }


def _double(found: Cost | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "tasks": found.tasks,
        "seconds": found.seconds,
        "usd": found.usd,
        "basis": found.basis,
        "text": found.text,
    }


def _lines(made: Mapping[str, Any], snapshot: Snapshot, plan: Plan, wanted: Wanted) -> list[str]:
    if not plan.steps:
        return [f"{snapshot.service}: nothing to do"]
    if plan.target is None:
        # A worker has no colors, and thus no traffic to tell of.
        return [f"{snapshot.service}: {', '.join(step.title for step in plan.steps)}"]
    where = f"onto {plan.target}" if plan.origin == plan.target else f"from {plan.origin} to {plan.target}"
    digest = digest_in(plan.after.get("task_definition") or {})
    image = f" with image {digest[:SHOWN_DIGEST]}" if digest else ""
    return [
        f"{snapshot.service} {where}{image}: {shown_changes(made['task_definition'])}",
        _traffic_line(made, snapshot),
        *_match_lines(made["matches"], snapshot),
        _tasks_line(plan, wanted, snapshot),
        _gates_line(snapshot, wanted),
        _draining_line(made["draining"]),
        *([f"lock: {made['lock']}"] if made["lock"] else []),
    ]


def _traffic_line(made: Mapping[str, Any], snapshot: Snapshot) -> str:
    rule = made["rule"]
    if rule is None:
        return "traffic: there is no production rule"
    shown = [
        f"{color} {weight} ({snapshot.colors[color].healthy}/{snapshot.colors[color].desired} healthy)"
        for color, weight in rule["weights"].items()
    ]
    sticky = f"sticky for {rule['sticky_seconds']} s" if rule["sticky_seconds"] else "not sticky"
    return f"traffic: {', '.join(shown)}, {sticky}, by rule {rule['arn'].rpartition('/')[2]}"


def _match_lines(matches: Mapping[str, list[str]], snapshot: Snapshot) -> list[str]:
    """A line for each request that an earlier rule takes or may take; one line when there is none."""
    own = snapshot.production.arn if snapshot.production else ""
    other_rules = {text: rules for text, rules in matches.items() if len(rules) != 1 or not rules[0].startswith(own)}
    if not other_rules:
        return [f"requests for {', '.join(matches)} match that rule first"] if matches else []
    return [f"requests for {text} match: {'; '.join(rules)}" for text, rules in other_rules.items()]


def _tasks_line(plan: Plan, wanted: Wanted, snapshot: Snapshot) -> str:
    need = next((step.need for step in plan.steps if isinstance(step, WaitHealthy)), None)
    target = snapshot.colors[str(plan.target)]
    bounds = f", bounds {shown_scaling(wanted.scaling)}" if wanted.scaling else ""
    return f"tasks: {target.color} has {target.running}, needs {need if need else target.desired}{bounds}"


def _gates_line(snapshot: Snapshot, wanted: Wanted) -> str:
    states = {alarm.name: alarm.state for alarm in snapshot.alarms}
    parts = [f"{len(wanted.gates.smoke)} smoke checks"] if wanted.gates.smoke else []
    parts += [f"alarm {name} {states.get(name, 'unknown')}" for name in wanted.gates.alarms]
    parts += [f"{metric.statistic} of {metric.name} at most {metric.at_most:g}" for metric in wanted.gates.metrics]
    shifts = [f"{shift.weight} % for {shift.pause:g} s" for shift in wanted.shifts if shift.weight < FULL_WEIGHT]
    pause = "a person's decision, then " if wanted.pause_before_shift else ""
    return f"gates: {', '.join(parts) or 'none'}; shift: {pause}{', '.join([*shifts, '100 %'])}"


def _draining_line(draining: Mapping[str, Any]) -> str:
    warm, floor = draining["keep_warm"], draining["floor"]
    return (
        f"old color: bake {draining['bake']:g} s, {f'kept warm for {warm:g} s' if warm else f'drain {floor:g} s'}, "
        f"deregistration up to {draining['deregistration_delay']} s, stop up to {draining['stop_timeout']} s"
    )


def _price(made: Mapping[str, Any]) -> list[str]:
    return [f"double: {made['double']['text']}"] if made["double"] else []
