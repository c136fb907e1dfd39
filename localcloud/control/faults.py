# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: which call of the AWS API goes wrong, and how. The rules, and which of them strikes a call."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.control.callee import Callee

#: throttle, error: refused, nothing is done. timeout: nothing is done, and the connection closes after `seconds`
#: without an answer. lost: done, then the connection closes without an answer. hold: waits before anything is done;
#: done once the faults are deleted, not done if the caller goes away meanwhile. slow: done after `seconds`.
KINDS = ("throttle", "error", "timeout", "lost", "hold", "slow")
_DEFAULT_SECONDS = 60.0


@dataclasses.dataclass(slots=True)
class Rule:
    """One fault: of the calls that fit, counted from 1 since the rule was put, `count` from number `index` on.

    service: boto3's name or "*"; operation: its name or "*". count None: for as long as the rule is there. account,
    access_key: of the caller; user_agent: a part of the caller's; "" for anybody's.
    """

    kind: str
    service: str = "*"
    operation: str = "*"
    index: int = 1
    count: int | None = 1
    seconds: float = _DEFAULT_SECONDS
    account: str = ""
    access_key: str = ""
    user_agent: str = ""
    fitted: int = 0
    struck: int = 0

    def fits(self, callee: Callee, account: str, user_agent: str) -> bool:
        """Whether it is about such calls."""
        return (
            self.service in ("*", callee.service)
            and self.operation in ("*", callee.operation)
            and self.account in ("", account)
            and self.access_key in ("", callee.access_key)
            and self.user_agent in user_agent
        )

    def strikes(self) -> bool:
        """Count a call that fits; whether it is one that goes wrong."""
        self.fitted += 1
        hit = self.index <= self.fitted and (self.count is None or self.fitted < self.index + self.count)
        self.struck += hit
        return hit


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def next(self, callee: Callee, account: str, user_agent: str) -> Rule | None:
        """Count a call under every rule that fits; the first of them that strikes it."""
        struck = [rule for rule in self.rules if rule.fits(callee, account, user_agent) and rule.strikes()]
        return struck[0] if struck else None


def parse(body: Any) -> list[Rule]:
    """The rules of {"rules": [...]}; ValueError says in one line what is wrong."""
    if not isinstance(body, dict) or set(body) != {"rules"} or not isinstance(body["rules"], list):
        raise ValueError('the body must be {"rules": [...]}')
    return [_rule(item) for item in body["rules"]]


_TEXTS = ("kind", "service", "operation", "account", "access_key", "user_agent")


def _rule(given: Any) -> Rule:
    if not isinstance(given, dict) or given.get("kind") not in KINDS:
        raise ValueError(f"a rule is an object whose kind is one of {', '.join(KINDS)}")
    if unknown := set(given) - {*_TEXTS, "index", "count", "seconds"}:
        raise ValueError(f"unknown member {min(unknown)!r} of a rule")
    if bad := [name for name in _TEXTS if not isinstance(given.get(name, ""), str)]:
        raise ValueError(f"{bad[0]} must be a text")
    rule = Rule(**{name: value for name, value in given.items() if value is not None or name == "count"})
    whole = [rule.index, 1 if rule.count is None else rule.count]
    if any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in whole):
        raise ValueError("index and count must be whole numbers from 1, or null: from the first call, without end")
    if isinstance(rule.seconds, bool) or not isinstance(rule.seconds, int | float) or not 0 <= rule.seconds <= 3600:
        raise ValueError("seconds must be 0 to 3600")
    return rule
