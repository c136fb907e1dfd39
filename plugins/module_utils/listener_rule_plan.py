# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What elb_listener_rule does, decided without a cloud: snapshot and wishes in, plan out.

The module owns a rule's existence, conditions, priority, tags and which target groups belong to it. It writes weights
once, when it creates the rule; live weights belong to ecs_blue_green and no plan made here changes them. A rule that is
made while tasks run already, because somebody deleted it, gets its weight on the group that can answer.

A rule with the same tags on another listener of the load balancer is the same rule, not moved yet: another listener has
been asked for since. The new one is made with what the old one does now, then the old one is deleted, so that there is
no moment without a rule. Interrupted in between, the rest is done by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .blue_green.choice_plan import Standing, choose
from .blue_green.commands_plan import playbook
from .rule_actions_plan import MAX_WEIGHT, forwarding, weights_of, with_weights

MAX_PRIORITY = 50000
NEW_WEIGHT = 100
TAG_SERVICE = "slipway:service"
TAG_RULE = "slipway:rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is. priority None: the default rule. listener is for the reader: HTTP:80."""

    arn: str
    priority: int | None
    conditions: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    tags: Mapping[str, str] = field(default_factory=dict)
    listener: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A target group as it stands when a rule is to be made. targets: those that are not draining."""

    healthy: int
    targets: int
    proven: bool = False
    candidate: bool = False
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every rule of the listener, and every rule of the load balancer's other listeners.

    listener is for the reader: HTTPS:443. None: not there yet, which only check mode accepts. groups: target group ARN
    -> how it stands, looked at only when there is no rule yet.
    """

    listener: str | None
    rules: tuple[Rule, ...] = ()
    elsewhere: tuple[Rule, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the task asks for. weights are initial: target group ARN -> weight at creation."""

    load_balancer: str
    listener_arn: str
    identity: Mapping[str, str]
    present: bool
    priority: int = 0
    conditions: tuple[dict[str, Any], ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One API call. action names it, arguments are the API function's.

    replace_rule is a deletion, provided that the rule's actions still are the expected ones, which its successor has.
    """

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


def _shown(*rules: Rule) -> dict[str, Any]:
    """The rule; those after the first are the same one on further listeners."""
    rule = rules[0]
    return {
        "listeners": [each.listener for each in rules],
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


def _traffic(rule: Rule) -> dict[str, int]:
    return {arn: weight for arn, weight in weights_of(rule.actions).items() if weight > 0}


def _doubt(wanted: Wanted, mine: list[Rule], others: list[Rule]) -> str | None:
    """Why it is not clear which of several rules is the one to have."""
    if len(mine) > 1:
        return f"{len(mine)} rules of {wanted.listener_arn} carry the tags {dict(wanted.identity)}: delete all but one"
    rules = [*mine, *others]
    if any(_traffic(rule) != _traffic(rules[0]) for rule in rules):
        shown = [f"{rule.arn} on {rule.listener} {weights_of(rule.actions)}" for rule in rules]
        return f"rules with the same tags weigh differently, {'; '.join(shown)}: set them alike by hand, then run again"
    return None


def plan(snapshot: Snapshot, wanted: Wanted) -> Plan:
    """Total: every snapshot has a plan, and the plan of what it leaves behind has no steps."""
    mine, others = owned(snapshot.rules, wanted.identity), owned(snapshot.elsewhere, wanted.identity)
    if not wanted.present:
        return _plan_absent([*mine, *others])
    found = "; ".join(problems(wanted)) or _doubt(wanted, mine, others)
    if found:
        return Plan({}, {}, blocked=found)
    return _plan_update(snapshot, wanted, mine[0], others) if mine else _plan_create(snapshot, wanted, others)


def _plan_absent(rules: list[Rule]) -> Plan:
    if not rules:
        return Plan({}, {})
    steps = tuple(
        Step("delete_rule", f"delete rule {rule.arn} of {rule.listener}", {"rule_arn": rule.arn}) for rule in rules
    )
    return Plan(_shown(*rules), {}, steps, rule_arn=rules[0].arn)


def _replaced(others: list[Rule], listener: str) -> list[Step]:
    return [
        Step(
            "replace_rule",
            f"delete rule {rule.arn} of {rule.listener}, whose traffic is served on {listener}",
            {"rule_arn": rule.arn, "expected": rule.actions},
        )
        for rule in others
    ]


@dataclass(frozen=True, slots=True)
class _Start:
    """The weights of a new rule; why they are not the initial ones; and what forbids to make it."""

    weights: Mapping[str, int]
    why: str = ""
    blocked: str | None = None


def _start(snapshot: Snapshot, wanted: Wanted) -> _Start:
    """All weight on the group that can answer, if any has targets.

    Targets of a group that no rule names are never healthy, so where none is, those that are registered count.
    """
    some_healthy = any(group.healthy for group in snapshot.groups.values())
    standings = {
        arn: Standing(group.healthy if some_healthy else group.targets, group.proven, group.candidate, group.leaving)
        for arn, group in snapshot.groups.items()
    }
    if not any(standing.healthy for standing in standings.values()):
        return _Start(wanted.weights)
    choice = choose(standings)
    if choice.color:
        weights = {arn: NEW_WEIGHT if arn == choice.color else 0 for arn in wanted.weights}
        return _Start(weights, f", all weight on {choice.color}: {choice.why if some_healthy else 'it has targets'}")
    if wanted.identity.get(TAG_RULE) != "production":
        return _Start(wanted.weights)
    return _Start(wanted.weights, blocked=_undecided(wanted, choice.why))


def _undecided(wanted: Wanted, why: str) -> str:
    service = str(wanted.identity.get(TAG_SERVICE))
    down = f"aws ecs update-service --cluster CLUSTER --service {service}-COLOR --desired-count 0"
    return (
        f"{why}, and which one the production rule of {service} shall have must not be guessed. Take the tasks of the "
        f"wrong one away, `{down}`, then run {playbook('site', service)}"
    )


def from_nothing(snapshot: Snapshot, wanted: Wanted) -> bool:
    """Whether a rule is to be made and there is none whose weights it could take over."""
    return (
        not problems(wanted)
        and wanted.present
        and not (owned(snapshot.rules, wanted.identity) or owned(snapshot.elsewhere, wanted.identity))
    )


def _new_rule(wanted: Wanted, weights: Mapping[str, int], old: Rule | None, listener: str) -> Rule:
    """The rule to make: with these weights, or with all that the one it replaces does now."""
    tags, actions = dict(wanted.tags), forwarding(weights)
    if old:
        tags, actions = {**old.tags, **wanted.tags}, with_weights(old.actions, _missing(old, wanted))
    return Rule("", wanted.priority, list(wanted.conditions), actions, {**tags, **wanted.identity}, listener)


def _plan_create(snapshot: Snapshot, wanted: Wanted, others: list[Rule]) -> Plan:
    old = others[0] if others else None
    start = _start(snapshot, wanted)
    blocked = priority_problem(snapshot.rules, wanted, None) or (_move_problem(old, wanted) if old else start.blocked)
    if blocked:
        return Plan({}, {}, blocked=blocked)
    listener = snapshot.listener or "a listener to come"
    new = _new_rule(wanted, start.weights, old, listener)
    arguments = {
        "listener_arn": wanted.listener_arn,
        "priority": wanted.priority,
        "conditions": new.conditions,
        "actions": new.actions,
        "tags": new.tags,
    }
    origin = f" and the live weights of {old.listener}" if old else start.why
    step = Step("create_rule", f"create a rule with priority {wanted.priority}{origin}", arguments)
    lacks = f"load balancer {wanted.load_balancer} has no listener {wanted.listener_arn or '(no ARN given)'}"
    return Plan(
        before=_shown(*others) if others else {},
        after=_shown(new),
        steps=(step, *_replaced(others, listener)),
        needs=lacks if snapshot.listener is None else None,
    )


def _groups_problem(rule: Rule, wanted: Wanted) -> str | None:
    live = weights_of(rule.actions)
    foreign = sorted(set(live) - set(wanted.weights))
    if not live:
        return f"rule {rule.arn} forwards to no target group: delete it and run again, or restore its forward action"
    if foreign:
        return f"rule {rule.arn} forwards to {', '.join(foreign)}, no group of this task: take it out of the rule first"
    return None


def _move_problem(rule: Rule, wanted: Wanted) -> str | None:
    if any("AuthenticateOidcConfig" in action for action in rule.actions):
        return f"rule {rule.arn} signs users in with a secret that AWS does not show: move it by hand, tags included"
    return _groups_problem(rule, wanted)


def _missing(rule: Rule, wanted: Wanted) -> dict[str, int]:
    live = weights_of(rule.actions)
    return {arn: 0 for arn in wanted.weights if arn not in live}


def _plan_update(snapshot: Snapshot, wanted: Wanted, rule: Rule, others: list[Rule]) -> Plan:
    blocked = _groups_problem(rule, wanted) or priority_problem(snapshot.rules, wanted, rule.arn)
    if blocked:
        return Plan(_shown(rule), _shown(rule), blocked=blocked, rule_arn=rule.arn)
    steps = []
    missing = _missing(rule, wanted)
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
    steps += _replaced(others, rule.listener)
    after = replace(
        rule,
        priority=wanted.priority,
        conditions=list(wanted.conditions),
        actions=actions,
        tags={**rule.tags, **wanted.tags},
    )
    return Plan(_shown(rule, *others), _shown(after), tuple(steps), rule_arn=rule.arn)
