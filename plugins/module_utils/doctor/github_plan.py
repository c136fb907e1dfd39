# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Do GitHub's environments ask what they must before a job gets this environment's role: rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .row_plan import FAILURE, OK, WARNING, Row, Unread, unread

CHECK = "GitHub environment"


def without_token(repositories: Sequence[Mapping[str, str]]) -> list[Row]:
    """The rows of an environment whose protection cannot be asked for."""
    if not repositories:
        return [Row(CHECK, OK, "no repository deploys here from GitHub")]
    named = ", ".join(sorted({each["repository"] for each in repositories}))
    remedy = "give GITHUB_TOKEN a token that may read actions of these repositories (gh auth token), then run again"
    return [Row(CHECK, WARNING, f"not looked at, as there is no token: {named}", remedy)]


def environment_row(repository: str, name: str, found: Mapping[str, Any] | Unread | None, *, reviewers: bool) -> Row:
    """One environment. found: GET /repos/OWNER/REPO/environments/NAME, None for 404. reviewers: a person must approve.

    GitHub makes an environment that a workflow names, without any protection, as soon as a job asks for it.
    """
    check = f"{CHECK}: {repository} {name}"
    settings = f"Settings, Environments, {name} of {repository}"
    if isinstance(found, Unread):
        return unread(check, found, "reading actions of the repository")
    if found is None:
        return Row(check, FAILURE, "it does not exist; GitHub would make it without protection", f"make it: {settings}")
    problems = _problems(found, reviewers=reviewers)
    if problems:
        return Row(check, FAILURE, "; ".join(problems), f"mend it: {settings}")
    if found.get("can_admins_bypass", True) and reviewers:
        return Row(check, WARNING, "administrators may pass by its reviewers", f"forbid it: {settings}")
    return Row(check, OK, _described(found))


def _problems(found: Mapping[str, Any], *, reviewers: bool) -> list[str]:
    problems = []
    if not isinstance(found.get("deployment_branch_policy"), Mapping):
        problems.append("any branch may deploy to it")
    if reviewers:
        rule = _rule(found)
        if not rule.get("reviewers"):
            problems.append("it asks no reviewers")
        elif rule.get("prevent_self_review") is not True:
            problems.append("who starts a run may approve it")
    return problems


def _rule(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rule that asks reviewers; empty if there is none."""
    rules = found.get("protection_rules")
    matching = [rule for rule in rules if rule.get("type") == "required_reviewers"] if isinstance(rules, list) else []
    return matching[0] if matching else {}


def _described(found: Mapping[str, Any]) -> str:
    people = [str((each.get("reviewer") or {}).get("login", "a team")) for each in _rule(found).get("reviewers") or []]
    branches = "protected" if found["deployment_branch_policy"].get("protected_branches") is True else "listed"
    return f"{branches} branches only; {'asks ' + ', '.join(people) if people else 'asks nobody'}"
