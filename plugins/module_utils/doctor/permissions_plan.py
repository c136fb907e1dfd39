# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""May the caller do what the playbooks do, by IAM's own simulation: rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .row_plan import FAILURE, OK, WARNING, Row, Unread, unread

CHECK = "IAM permissions"
_SHOWN = 8
_STS_ROLE = ":assumed-role/"


@dataclass(frozen=True)
class Decision:
    """What IAM would say to one action. unknown: conditions that a simulation cannot see decide it."""

    action: str
    allowed: bool
    unknown: bool = False


def principal(arn: str) -> tuple[str, str]:
    """(kind, name) of a caller: root, user, role (whose session does not tell its path), other."""
    resource = arn.split(":", 5)[-1]
    if resource == "root":
        return "root", ""
    if resource.startswith("user/"):
        return "user", resource.rpartition("/")[2]
    if _STS_ROLE in arn:
        return "role", resource.split("/")[1]
    return "other", resource


def decisions(results: Sequence[Mapping[str, object]]) -> list[Decision]:
    """EvaluationResults of iam:SimulatePrincipalPolicy as decisions, each action once, refused before unknown."""
    found: dict[str, Decision] = {}
    for result in results:
        action, allowed = str(result["EvalActionName"]), result["EvalDecision"] == "allowed"
        unknown = not allowed and result["EvalDecision"] == "implicitDeny" and bool(result.get("MissingContextValues"))
        each = Decision(action, allowed, unknown)
        found[action] = min(found.get(action, each), each, key=_rank)
    return sorted(found.values(), key=lambda each: each.action)


def asked(policies: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the caller must be allowed to do, as module environment_checks takes it, from policies that would allow it.

    context: the keys of conditions with values that fulfill them, which a simulation has no other way to know.
    """
    return [
        {"actions": statement["Action"], "resources": statement["Resource"], "context": _context(statement)}
        for policy in policies
        for statement in policy["Statement"]
    ]


def _context(statement: Mapping[str, Any]) -> dict[str, list[str]]:
    tests = dict(statement.get("Condition", {}))
    # Null with "false" wants the key to be there, whatever its value is.
    there = {key: ["any"] for key in tests.pop("Null", {})}
    wanted = [each for test in tests.values() for each in test.items()]
    return there | {key: list(value) if isinstance(value, list) else [value] for key, value in wanted}


def _rank(decision: Decision) -> int:
    return 2 if decision.allowed else 1 if decision.unknown else 0


def permission_row(kind: str, found: Sequence[Decision] | Unread) -> Row:
    """kind: of the caller, as principal tells it."""
    if kind == "root":
        remedy = "use a role for daily work: what leaks of the root user is the whole account"
        return Row(CHECK, WARNING, "the credentials are the root user's, who may do everything", remedy)
    if isinstance(found, Unread):
        return unread(CHECK, found, "iam:SimulatePrincipalPolicy and iam:GetRole")
    return _simulated_row(found)


def _simulated_row(found: Sequence[Decision]) -> Row:
    if not found:
        return Row(CHECK, OK, "nothing was asked for")
    refused = [each.action for each in found if not each.allowed and not each.unknown]
    unknown = [each.action for each in found if each.unknown]
    if refused:
        remedy = "allow them to these credentials; docs/security.md has the policies"
        return Row(CHECK, FAILURE, f"{len(refused)} of {len(found)} actions are refused: {_listed(refused)}", remedy)
    if unknown:
        remedy = "conditions decide these, which a simulation cannot see: compare them with docs/security.md"
        return Row(CHECK, WARNING, f"allowed, and {len(unknown)} under conditions: {_listed(unknown)}", remedy)
    return Row(CHECK, OK, f"all {len(found)} actions are allowed (simulated)")


def _listed(actions: Sequence[str]) -> str:
    more = f" and {len(actions) - _SHOWN} more" if len(actions) > _SHOWN else ""
    return f"{', '.join(actions[:_SHOWN])}{more}"
