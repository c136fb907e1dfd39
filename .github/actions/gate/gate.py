# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to go on unless a GitHub environment really asks a person: the action `gate`.

GitHub makes an environment that a workflow names and nobody has configured, without any protection, and plans without
required reviewers have environments that ask nobody. Neither is an error there; here both are. Fails closed: what
cannot be read, or is not understood, is a refusal. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT = 20.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ARTIFACT = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{64}")
SETTINGS = "Settings, Environments"


class RefusedError(Exception):
    """Why the run must not go on, in one line."""


class Verdict(NamedTuple):
    """problems: why the environment is no gate, empty if it is one. facts: what was found, for people."""

    problems: list[str]
    facts: dict[str, str]


def judge(environment: Mapping[str, Any], require: str, event: str, artifact: str) -> Verdict:
    """What GET /repos/OWNER/REPO/environments/NAME answered, against what is required. Pure."""
    facts = {"Reviewers": reviewers(environment), "Own runs": own_runs(environment), "Branches": branches(environment)}
    facts["Administrators"] = "may pass by" if environment.get("can_admins_bypass", True) else "wait like everybody"
    if require == "reviewers":
        return Verdict(reviewer_problems(environment), facts)
    if require == "dispatch":
        return Verdict(dispatch_problems(environment, event, artifact), facts)
    return Verdict([f"require is {require!a}, and neither reviewers nor dispatch"], facts)


def rule(environment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rule that asks reviewers; empty if there is none."""
    rules = environment.get("protection_rules")
    found = [one for one in rules if one.get("type") == "required_reviewers"] if isinstance(rules, list) else []
    return found[0] if found else {}


def reviewers(environment: Mapping[str, Any]) -> str:
    """Who is asked: logins of people and names of teams."""
    asked = [one.get("reviewer") or {} for one in rule(environment).get("reviewers") or []]
    return ", ".join(str(one.get("login") or one.get("name") or "?") for one in asked)


def own_runs(environment: Mapping[str, Any]) -> str:
    return "cannot be approved by who started them" if rule(environment).get("prevent_self_review") is True else "open"


def branches(environment: Mapping[str, Any]) -> str:
    """Which branches may deploy."""
    policy = environment.get("deployment_branch_policy")
    if not isinstance(policy, Mapping):
        return "any"
    return "protected ones" if policy.get("protected_branches") is True else "those of a list"


def reviewer_problems(environment: Mapping[str, Any]) -> list[str]:
    """A person must be asked, and another one than who started the run."""
    problems = []
    if not reviewers(environment):
        problems.append(f"it has no required reviewers ({SETTINGS}; plans without them: require dispatch)")
    elif rule(environment).get("prevent_self_review") is not True:
        problems.append(f"who starts a run may approve it: turn on 'Prevent self-review' ({SETTINGS})")
    return problems


def dispatch_problems(environment: Mapping[str, Any], event: str, artifact: str) -> list[str]:
    """Where nobody can be asked, a person names the artifact, from a branch that not everybody writes to."""
    problems = []
    if event != "workflow_dispatch":
        problems.append(f"this run was started by {event or 'nothing'}, not by a person (workflow_dispatch)")
    if not ARTIFACT.fullmatch(artifact):
        problems.append("no artifact was named: give the digest (sha256:...) or the release that staging proved")
    if branches(environment) == "any":
        problems.append(f"any branch may deploy to it: allow protected or named branches only ({SETTINGS})")
    return problems


def read(api: str, repository: str, name: str, token: str) -> Mapping[str, Any]:
    """The environment as GitHub tells it. Raises RefusedError for every other answer."""
    place = urllib.parse.urlsplit(api)
    if place.scheme != "https" and place.hostname not in LOOPBACK:
        raise RefusedError(f"the API {api!a} is not https")
    url = f"{api.rstrip('/')}/repos/{urllib.parse.quote(repository)}/environments/{urllib.parse.quote(name, safe='')}"
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "slipway-gate",
    }
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - https, or a test's server on loopback
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=TIMEOUT) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        raise RefusedError(why(error.code)) from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"its protection could not be read: {error}") from error
    if not isinstance(found, Mapping) or str(found.get("name", "")).lower() != name.lower():
        raise RefusedError("GitHub answered with something else than this environment")
    return found


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token elsewhere; a renamed repository is one to look at."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def why(status: int) -> str:
    """What a status of the API means here."""
    if status == 404:
        return f"it does not exist, and GitHub would make it without any protection: make it ({SETTINGS})"
    if status in (401, 403):
        return f"its protection could not be read (status {status}): the job needs the permission actions: read"
    return f"its protection could not be read: GitHub answered with status {status}"


def plain(text: str) -> str:
    """One line that is neither Markdown nor a workflow command."""
    return re.sub(r"[^A-Za-z0-9 ,.:;()'=/_@-]", "?", " ".join(text.split()))[:500]


def report(name: str, verdict: Verdict, path: str) -> None:
    """The verdict in the job's summary."""
    head = "closed" if verdict.problems else "open to a person's approval"
    lines = [f"## Gate {plain(name)}: {head}", "", *(f"- {plain(problem)}" for problem in verdict.problems)]
    if verdict.facts:
        lines += ["", "| | |", "| --- | --- |", *(f"| {key} | {plain(text)} |" for key, text in verdict.facts.items())]
    if verdict.problems:
        lines += ["", "Nothing was deployed behind this gate: what runs there is what ran before."]
    with Path(path).open("a", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")


def main() -> int:
    """Everything comes in variables of the environment."""
    env = os.environ
    name = env["ENVIRONMENT"]
    try:
        found = read(env["API"], env["GITHUB_REPOSITORY"], name, env["TOKEN"])
        verdict = judge(found, env["REQUIRE"], env.get("GITHUB_EVENT_NAME", ""), env["ARTIFACT"])
    except RefusedError as refused:
        verdict = Verdict([str(refused)], {})
    except Exception as error:  # noqa: BLE001 - an answer that is not understood must not open the gate
        verdict = Verdict([f"its protection was not understood: {type(error).__name__}: {error}"], {})
    report(name, verdict, env["GITHUB_STEP_SUMMARY"])
    for problem in verdict.problems:
        print(f"::error title=Gate::Environment {plain(name)}: {plain(problem)}", flush=True)
    if not verdict.problems:
        print(f"Environment {plain(name)} asks: {plain(verdict.facts['Reviewers']) or 'nobody; started by hand'}")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
