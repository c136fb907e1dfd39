# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pipeline did, at a glance: the action `summary`, in the last job. Standard library only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Needs = Mapping[str, Mapping[str, Any]]

MARKS = {"success": "✅", "failure": "❌", "cancelled": "⏹️", "skipped": "⏭️"}
STAGES = ("test", "build", "staging", "gate", "production")
NOTHING = "not reached"


def plain(text: Any) -> str:
    """One line that is no Markdown: names, digests and outcomes stay what they are."""
    return re.sub(r"[^A-Za-z0-9 ,.:;()='/_@+-]", "?", " ".join(str(text).split()))[:200]


def output(needs: Needs, job: str, name: str) -> str:
    return plain((needs.get(job, {}).get("outputs") or {}).get(name) or "")


def artifact(needs: Needs) -> str:
    """What was built: a digest, or a site's release."""
    return output(needs, "build", "digest") if output(needs, "build", "image") else output(needs, "build", "release")


def detail(needs: Needs, job: str) -> str:
    """What there is to say about a stage, beside its result."""
    if needs[job].get("result") == "skipped":
        return ""
    if job == "build":
        found = artifact(needs)
        again = " (this commit had been built before)" if output(needs, "build", "reused") == "true" else ""
        return f"<code>{found}</code>{again}" if found else ""
    outcome, seconds = output(needs, job, "outcome").replace("_", " "), output(needs, job, "seconds")
    return f"{outcome}, {seconds} s" if outcome and seconds else outcome


def table(needs: Needs) -> str:
    """A row a stage, in the order in which they run."""
    rows = ["| | Stage | | |", "| --- | --- | --- | --- |"]
    for job in STAGES:
        if job in needs:
            result = plain(needs[job].get("result") or "")
            shown = NOTHING if result == "skipped" else result
            rows.append(f"| {MARKS.get(result, '❔')} | {job} | {shown} | {detail(needs, job)} |")
    return "\n".join(rows)


def headline(service: str, needs: Needs, production: str) -> str:
    """How it ended, in a few words."""
    for job in STAGES:
        result = needs.get(job, {}).get("result")
        if result in ("failure", "cancelled"):
            served = "" if job in ("production", "staging") else ", nothing was deployed"
            served = ", production was not touched" if job in ("staging", "gate") else served
            return f"{service}: {job} {'failed' if result == 'failure' else 'was cancelled'}{served}"
    if needs.get("production", {}).get("result") == "success":
        return f"{service}: {output(needs, 'production', 'outcome').replace('_', ' ') or 'done'} in production"
    if needs.get("staging", {}).get("result") == "success":
        then = {"dispatch": ", ready for production", "none": ""}.get(production, "")
        return f"{service}: {output(needs, 'staging', 'outcome').replace('_', ' ') or 'done'} in staging{then}"
    return f"{service}: tested" if needs.get("test", {}).get("result") == "success" else f"{service}: nothing ran"


def next_step(service: str, needs: Needs, production: str) -> str:
    """The command that comes next, if one does."""
    found = artifact(needs)
    if needs.get("staging", {}).get("result") != "success" or not found:
        return ""
    if needs.get("production", {}).get("result") == "success":
        text, command = "The way back", f"gh workflow run rollback.yml -f environment=production -f service={service}"
    elif production == "dispatch":
        text, command = "To production", f"gh workflow run promote.yml -f service={service} -f artifact={found}"
    else:
        return ""
    return f"{text}:\n\n```\n{command}\n```"


def summary(service: str, needs: Needs, production: str) -> str:
    """The whole text, Markdown."""
    parts = [f"# {headline(service, needs, production)}", table(needs), next_step(service, needs, production)]
    return "\n\n".join(part for part in parts if part) + "\n"


def main() -> None:
    """NEEDS is the needs context as JSON."""
    needs = json.loads(os.environ["NEEDS"])
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as stream:
        stream.write(summary(plain(os.environ["SERVICE"]), needs, os.environ["PRODUCTION"]))


if __name__ == "__main__":
    main()
