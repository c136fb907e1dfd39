# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where the traffic is, read from weights and never from names, and what makes a swap impossible. Pure."""

from __future__ import annotations

from ..rule_actions_plan import sticky_seconds_of, weights_of, with_weights
from .commands_plan import playbook, repair
from .plan_model import COLORS, FULL_WEIGHT, MAX_STICKY_SECONDS, ColorState, Rule, Snapshot, other
from .shadow_plan import shadow_problems
from .steps_plan import PointRule
from .worker_text_plan import worker_text


def color_weights(snapshot: Snapshot, rule: Rule | None) -> dict[str, int]:
    """Color -> weight, for the pair's groups that the rule names."""
    named = {snapshot.color_of(arn): weight for arn, weight in weights_of(rule.actions).items()} if rule else {}
    return {color: named[color] for color in COLORS if color in named}


def shown_traffic(snapshot: Snapshot) -> str:
    """One phrase for messages: the weights and what stands behind them; of a worker, what it runs."""
    if not snapshot.colors:
        return worker_text(snapshot)
    weights = color_weights(snapshot, snapshot.production)
    if not weights:
        return "no production rule sends traffic to either color"
    shown = [f"{color} {weight} ({snapshot.colors[color].healthy} healthy)" for color, weight in weights.items()]
    return f"production weights are {', '.join(shown)}"


def serving_color(snapshot: Snapshot) -> str | None:
    """The one color of the pair with a weight above 0 in every production rule; None when there is not exactly one."""
    rules = (snapshot.production, *snapshot.surplus.get("production", ()))
    serving = {color for rule in rules for color, weight in color_weights(snapshot, rule).items() if weight > 0}
    return serving.pop() if len(serving) == 1 else None


def shares(snapshot: Snapshot) -> dict[str, int]:
    """Color -> its part of the traffic in whole percent; empty when no color has weight."""
    weights = color_weights(snapshot, snapshot.production)
    total = sum(weights.values())
    return {color: round(FULL_WEIGHT * weight / total) for color, weight in weights.items()} if total else {}


def interrupted_color(snapshot: Snapshot) -> str | None:
    """The color to which a deployment of ours was shifting when it was interrupted; None when the weights are whole.

    The tag on its service tells it from weights that somebody has split: one color is a candidate, the other is not.
    """
    weights = color_weights(snapshot, snapshot.production)
    if len(weights) < len(COLORS) or not all(weights.values()) or "production" in snapshot.surplus:
        return None
    candidates = [color for color in COLORS if snapshot.colors[color].candidate]
    return candidates[0] if len(candidates) == 1 else None


def live_color(snapshot: Snapshot) -> str | None:
    """Where the traffic belongs: the color that serves, during an interrupted shift the one that it comes from."""
    half = interrupted_color(snapshot)
    return other(half) if half else serving_color(snapshot)


def carries(state: ColorState) -> bool:
    """All tasks that the color shall have are healthy targets, and it has some."""
    return state.healthy >= max(1, state.desired)


def _surplus_problem(snapshot: Snapshot, name: str, rules: tuple[Rule | None, ...]) -> str:
    """Even rules that weigh alike are one too many: a shift would move one of them only."""
    shown = []
    for rule in filter(None, rules):
        weights = [f"{color} {weight}" for color, weight in color_weights(snapshot, rule).items()]
        shown.append(f"{rule.arn} ({', '.join(weights)})")
    said = f"there are {len(shown)} {name} rules, {' and '.join(shown)}"
    site, anyway = playbook("site", snapshot.service), repair(snapshot.service)
    return f"{said}: {site} leaves one; where it refuses to, {anyway} makes them weigh alike first"


def broken_rule(snapshot: Snapshot, name: str, rule: Rule) -> list[str]:
    """What a rule sends elsewhere or nowhere."""
    weights = weights_of(rule.actions)
    if not weights:
        return [f"the {name} rule {rule.arn} forwards to no target group: {repair(snapshot.service)} sets it right"]
    foreign = sorted(arn for arn, weight in weights.items() if weight > 0 and snapshot.color_of(arn) is None)
    lacking = sorted(set(snapshot.colors) - set(color_weights(snapshot, rule)))
    found = []
    if foreign:
        found.append(
            f"the {name} rule {rule.arn} sends traffic to {', '.join(foreign)}, which is neither color; "
            f"{shown_traffic(snapshot)}: {repair(snapshot.service)} takes it out"
        )
    if lacking:
        found.append(
            f"the {name} rule {rule.arn} lacks {' and '.join(lacking)}: {playbook('site', snapshot.service)} adds it"
        )
    return found


def weight_problem(snapshot: Snapshot) -> str | None:
    """Weights that no run of ours leaves behind; a candidate may be healthy before a live color that has no tasks."""
    if interrupted_color(snapshot):
        return None
    live = serving_color(snapshot)
    command = repair(snapshot.service)
    if live is None:
        return f"{shown_traffic(snapshot)}: exactly one color must have weight. {command} moves all to a healthy one"
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    if beside.healthy and state.empty and not beside.candidate:
        return (
            f"{shown_traffic(snapshot)}: {live} has the traffic but no tasks, {beside.color} has tasks that are "
            f"healthy. {command} moves the traffic there"
        )
    return None


def unhealthy_problem(snapshot: Snapshot) -> str | None:
    """The release that serves is down and the other color could serve: to deploy onto that would take it away.

    A candidate of a deployment under way is that deployment's to judge.
    """
    live = serving_color(snapshot)
    if live is None:
        return None
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    if state.healthy or state.empty or not beside.healthy or state.candidate or not state.proven:
        return None
    return (
        f"{shown_traffic(snapshot)}: none of the {state.desired} tasks of {live} is healthy, and {beside.color}, onto "
        f"which this would deploy, could serve. {playbook('rollback_backend', snapshot.service)} or "
        f"{repair(snapshot.service)} moves the traffic there; then deploy"
    )


def missing_problem(snapshot: Snapshot) -> str:
    """What is not there; who gets the requests meanwhile, when that is the rule and there are tasks."""
    command = playbook("site", snapshot.service)
    standing = [
        f"{color} has {state.desired} tasks ({state.healthy} healthy)"
        for color, state in snapshot.colors.items()
        if not state.empty
    ]
    if snapshot.production is None and standing:
        return (
            f"{', '.join(snapshot.missing)} missing while {' and '.join(standing)}: requests get what the listener "
            f"answers by default. {command} makes the rule again, with the weight on the color that is healthy"
        )
    return f"{', '.join(snapshot.missing)} missing: run site.yml first: {command}"


def standing_problem(snapshot: Snapshot) -> str | None:
    """Engine native runs the service: tasks of two_service beside its own would get traffic that ECS moves."""
    if not snapshot.standing:
        return None
    return (
        f"ECS moves the traffic of {snapshot.service}, whose {snapshot.standing} tasks engine native has deployed; "
        f"{shown_traffic(snapshot)}. Engine two_service cannot take over from it (docs/blue-green.md, changing the "
        f"engine): set ecs_service_engine to native again, then {playbook('site', snapshot.service)}"
    )


def problems(snapshot: Snapshot) -> list[str]:
    """All that forbids to touch the traffic, each on one line."""
    standing = standing_problem(snapshot)
    if standing:
        return [standing]
    if snapshot.missing:
        return [missing_problem(snapshot)]
    found = []
    for name, rule in (("production", snapshot.production), ("preview", snapshot.preview)):
        if name in snapshot.surplus:
            found.append(_surplus_problem(snapshot, name, (rule, *snapshot.surplus[name])))
        elif rule is not None:
            found += broken_rule(snapshot, name, rule)
    weighs_wrong = None if found else weight_problem(snapshot)
    if weighs_wrong:
        found.append(weighs_wrong)
    found += shadow_problems(snapshot)
    sticky = sticky_seconds(snapshot)
    if sticky > MAX_STICKY_SECONDS:
        found.append(
            f"the production rule pins clients to a color for {sticky} s, more than {MAX_STICKY_SECONDS} s: "
            "shorten its stickiness first"
        )
    return found


def sticky_seconds(snapshot: Snapshot) -> int:
    return sticky_seconds_of(snapshot.production.actions) if snapshot.production else 0


def point(snapshot: Snapshot, name: str, rule: Rule | None, color: str, share: int = FULL_WEIGHT) -> list[PointRule]:
    """The step that sends share percent of a rule's traffic to a color, the rest to the other; none when it is so."""
    if rule is None:
        return []
    weights = {color: share, other(color): FULL_WEIGHT - share}
    now = color_weights(snapshot, rule)
    if share == FULL_WEIGHT and now.get(color, 0) > 0 and now.get(other(color), 0) == 0:
        return []
    by_group = {str(snapshot.colors[name].target_group): weight for name, weight in weights.items()}
    return [PointRule(name, rule.arn, rule.actions, with_weights(rule.actions, by_group), weights)]
