# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What elb_listener_rule does, decided without a cloud: snapshot and wishes in, plan out.

The module owns a rule's existence, conditions, priority, tags and which target groups belong to it. It writes weights
once, when it creates the rule; live weights belong to ecs_blue_green and no plan made here changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .rule_actions_plan import MAX_WEIGHT, forwarding, weights_of, with_weights

MAX_PRIORITY = 50000
TAG_SERVICE = "slipway:service"
TAG_RULE = "slipway:rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is. priority None: the default rule."""

    arn: str
    priority: int | None
    conditions: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every rule of the listener. listener_exists False: not there yet, which only check mode accepts."""

    listener_exists: bool
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the task asks for. weights are initial: target group ARN -> weight at creation."""

    listener_arn: str
    identity: Mapping[str, str]
    present: bool
    priority: int = 0
    conditions: tuple[dict[str, Any], ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One API call. action names it, arguments are the API function's."""

    action: str
    detail: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """before and after as a user reads them; blocked: why nothing may be done; needs: what must exist by then."""

    before: dict[str, Any]
    after: dict[str, Any]
    steps: tuple[Step, ...] = ()
    blocked: str | None = None
    needs: str | None = None
    rule_arn: str | None = None

    @property
    def changed(self) -> bool:
        return bool(self.steps)


def condition_key(condition: Mapping[str, Any]) -> tuple[str, str, frozenset[str]]:
    """What a condition means. AWS repeats the values of host and path conditions in the older Values member."""
    name = ""
    values: Iterable[str] = condition.get("Values", [])
    for member in ("HostHeaderConfig", "PathPatternConfig", "HttpHeaderConfig"):
        config = condition.get(member)
        if config:
            name = config.get("HttpHeaderName", "").lower()
            values = config["Values"]
    return condition["Field"], name, frozenset(values)


def _same_conditions(one: Iterable[Mapping[str, Any]], other: Iterable[Mapping[str, Any]]) -> bool:
    return {condition_key(item) for item in one} == {condition_key(item) for item in other}


def _shown_conditions(conditions: Iterable[Mapping[str, Any]]) -> list[str]:
    keys = sorted((name or kind, sorted(values)) for kind, name, values in map(condition_key, conditions))
    return [f"{name} = {', '.join(values)}" for name, values in keys]


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "priority": rule.priority,
        "conditions": _shown_conditions(rule.conditions),
        "weights": weights_of(rule.actions),
        "tags": dict(sorted(rule.tags.items())),
    }


def problems(wanted: Wanted) -> list[str]:
    """What is wrong with the wishes themselves, whatever exists."""
    found = []
    if wanted.present and not 1 <= wanted.priority <= MAX_PRIORITY:
        found.append(f"priority {wanted.priority} is outside 1 to {MAX_PRIORITY}")
    if wanted.present and not wanted.conditions:
        found.append("conditions: a rule needs at least one host, path or header")
    if wanted.present and not wanted.weights:
        found.append("target_groups: a rule needs at least one")
    for arn, weight in wanted.weights.items():
        if not 0 <= weight <= MAX_WEIGHT:
            found.append(f"weight {weight} of target group {arn} is outside 0 to {MAX_WEIGHT}")
    return found


def _describe_holder(rule: Rule) -> str:
    name = "/".join(rule.tags[tag] for tag in (TAG_SERVICE, TAG_RULE) if tag in rule.tags)
    conditions = "; ".join(_shown_conditions(rule.conditions))
    return f"rule {name or rule.arn} ({conditions})"


def priority_problem(rules: Iterable[Rule], wanted: Wanted, own_arn: str | None) -> str | None:
    """Names the rule that holds the wanted priority, if another one does."""
    for rule in rules:
        if rule.priority == wanted.priority and rule.arn != own_arn:
            return f"priority {wanted.priority} of listener {wanted.listener_arn} is taken by {_describe_holder(rule)}"
    return None


def owned(rules: Iterable[Rule], identity: Mapping[str, str]) -> list[Rule]:
    return [rule for rule in rules if all(rule.tags.get(key) == value for key, value in identity.items())]


def plan(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """Total: every snapshot has a plan, and the plan of what it leaves behind has no steps."""
    mine = owned(snapshot.rules, wanted.identity)
    found = "; ".join(problems(wanted))
    if not found and len(mine) > 1:
        found = f"{len(mine)} rules of {wanted.listener_arn} carry the tags {dict(wanted.identity)}: delete all but one"
    if found:
        return Plan({}, {}, blocked=found)
    rule = mine[0] if mine else None
    if not wanted.present:
        return _plan_absent(rule)
    return _plan_update(snapshot, wanted, rule) if rule else _plan_create(snapshot, wanted)


def _plan_absent(rule: Rule | None) -> Plan:
    if rule is None:
        return Plan({}, {})
    step = Step("delete_rule", f"delete rule {rule.arn}", {"rule_arn": rule.arn})
    return Plan(_shown(rule), {}, (step,), rule_arn=rule.arn)


def _plan_create(snapshot: Snapshot, wanted: Wanted) -> Plan:
    taken = priority_problem(snapshot.rules, wanted, None)
    if taken:
        return Plan({}, {}, blocked=taken)
    tags = {**wanted.tags, **wanted.identity}
    conditions, actions = list(wanted.conditions), forwarding(wanted.weights)
    arguments = {
        "listener_arn": wanted.listener_arn,
        "priority": wanted.priority,
        "conditions": conditions,
        "actions": actions,
        "tags": tags,
    }
    step = Step("create_rule", f"create a rule with priority {wanted.priority}", arguments)
    after = _shown(Rule("", wanted.priority, conditions, actions, tags))
    needs = None if snapshot.listener_exists else f"listener {wanted.listener_arn or '(no ARN given)'} does not exist"
    return Plan({}, after, (step,), needs=needs)


def _groups_problem(rule: Rule, wanted: Wanted) -> str | None:
    live = weights_of(rule.actions)
    foreign = sorted(set(live) - set(wanted.weights))
    if not live:
        return f"rule {rule.arn} forwards to no target group: delete it and run again, or restore its forward action"
    if foreign:
        return f"rule {rule.arn} forwards to {', '.join(foreign)}, no group of this task: take it out of the rule first"
    return None


def _plan_update(snapshot: Snapshot, wanted: Wanted, rule: Rule) -> Plan:
    blocked = _groups_problem(rule, wanted) or priority_problem(snapshot.rules, wanted, rule.arn)
    if blocked:
        return Plan(_shown(rule), _shown(rule), blocked=blocked, rule_arn=rule.arn)
    steps = []
    missing = {arn: 0 for arn in wanted.weights if arn not in weights_of(rule.actions)}
    actions = with_weights(rule.actions, missing) if missing else rule.actions
    tags = {key: value for key, value in wanted.tags.items() if rule.tags.get(key) != value}
    if missing:
        detail = f"add {', '.join(missing)} with weight 0"
        steps.append(Step("modify_rule_actions", detail, {"rule_arn": rule.arn, "actions": actions}))
    if not _same_conditions(rule.conditions, wanted.conditions):
        detail = f"match {'; '.join(_shown_conditions(wanted.conditions))}"
        arguments = {"rule_arn": rule.arn, "conditions": list(wanted.conditions)}
        steps.append(Step("modify_rule_conditions", detail, arguments))
    if rule.priority != wanted.priority:
        detail = f"move from priority {rule.priority} to {wanted.priority}"
        steps.append(Step("set_rule_priority", detail, {"rule_arn": rule.arn, "priority": wanted.priority}))
    if tags:
        steps.append(Step("add_tags", f"tag {', '.join(sorted(tags))}", {"arn": rule.arn, "tags": tags}))
    after = Rule(rule.arn, wanted.priority, list(wanted.conditions), actions, {**rule.tags, **wanted.tags})
    return Plan(_shown(rule), _shown(after), tuple(steps), rule_arn=rule.arn)
