# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Where the traffic is, read from weights and never from names, and what makes a swap impossible. Pure."""

from __future__ import annotations

from ..rule_actions_plan import sticky_seconds_of, weights_of, with_weights
from .plan_model import COLORS, FULL_WEIGHT, MAX_STICKY_SECONDS, Rule, Snapshot, other
from .steps_plan import PointRule


def color_weights(snapshot: Snapshot, rule: Rule | None) -> dict[str, int]:
    """Color -> weight, for the pair's groups that the rule names."""
    named = {snapshot.color_of(arn): weight for arn, weight in weights_of(rule.actions).items()} if rule else {}
    return {color: named[color] for color in COLORS if color in named}


def shown_traffic(snapshot: Snapshot) -> str:
    """One phrase for messages: the weights and what stands behind them."""
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


def _surplus_problem(snapshot: Snapshot, name: str, rules: tuple[Rule | None, ...]) -> str:
    """Even rules that weigh alike are one too many: a shift would move one of them only."""
    shown = []
    for rule in filter(None, rules):
        weights = [f"{color} {weight}" for color, weight in color_weights(snapshot, rule).items()]
        shown.append(f"{rule.arn} ({', '.join(weights)})")
    return f"there are {len(shown)} {name} rules, {' and '.join(shown)}: run site.yml, which leaves one"


def _rule_problems(snapshot: Snapshot, name: str, rule: Rule) -> list[str]:
    weights = weights_of(rule.actions)
    foreign = sorted(arn for arn, weight in weights.items() if weight > 0 and snapshot.color_of(arn) is None)
    lacking = sorted(set(snapshot.colors) - set(color_weights(snapshot, rule)))
    found = []
    if foreign:
        found.append(f"the {name} rule {rule.arn} sends traffic to {', '.join(foreign)}, which is neither color")
    if lacking:
        found.append(f"the {name} rule {rule.arn} lacks {' and '.join(lacking)}: run site.yml, which adds it")
    return found


def _weight_problem(snapshot: Snapshot) -> str | None:
    live = serving_color(snapshot)
    if live is None:
        return f"{shown_traffic(snapshot)}: exactly one color must have weight. Set the rule by hand, then run again"
    state, beside = snapshot.colors[live], snapshot.colors[other(live)]
    if beside.healthy and not state.healthy and not state.running:
        return (
            f"{shown_traffic(snapshot)}: {live} has the traffic but no tasks, {beside.color} has tasks. "
            "Set the rule by hand, then run again"
        )
    return None


def problems(snapshot: Snapshot) -> list[str]:
    """All that forbids to touch the traffic, each on one line."""
    if snapshot.missing:
        return [f"{', '.join(snapshot.missing)} missing: run site.yml first"]
    found = []
    for name, rule in (("production", snapshot.production), ("preview", snapshot.preview)):
        if name in snapshot.surplus:
            found.append(_surplus_problem(snapshot, name, (rule, *snapshot.surplus[name])))
        elif rule is not None:
            found += _rule_problems(snapshot, name, rule)
    weight_problem = None if found else _weight_problem(snapshot)
    if weight_problem:
        found.append(weight_problem)
    sticky = sticky_seconds(snapshot)
    if sticky > MAX_STICKY_SECONDS:
        found.append(
            f"the production rule pins clients to a color for {sticky} s, more than {MAX_STICKY_SECONDS} s: "
            "shorten its stickiness first"
        )
    return found


def sticky_seconds(snapshot: Snapshot) -> int:
    return sticky_seconds_of(snapshot.production.actions) if snapshot.production else 0


def point(snapshot: Snapshot, name: str, rule: Rule | None, color: str) -> list[PointRule]:
    """The step that sends all of a rule's traffic to a color; none when it does so already."""
    if rule is None:
        return []
    weights = {color: FULL_WEIGHT, other(color): 0}
    now = color_weights(snapshot, rule)
    if now.get(color, 0) > 0 and now.get(other(color), 0) == 0:
        return []
    by_group = {str(snapshot.colors[name].target_group): weight for name, weight in weights.items()}
    return [PointRule(name, rule.arn, rule.actions, with_weights(rule.actions, by_group), weights)]
