# SPDX-License-Identifier: GPL-3.0-or-later
"""The last job's summary: how it ended, stage by stage, and what comes next."""

from __future__ import annotations

import json

import pytest

from .conftest import program

summary = program("summary")
DIGEST = "sha256:" + "a" * 64
IMAGE = {"digest": DIGEST, "image": f"repository@{DIGEST}", "reused": "false"}


def needs(*results, build=None, **outcomes):
    """The needs context of a pipeline whose stages ended so; skipped from where the results end."""
    outputs = {"build": IMAGE if build is None else build}
    outputs |= {job: {"outcome": outcome, "seconds": "42"} for job, outcome in outcomes.items()}
    padded = [*results, *["skipped"] * (5 - len(results))]
    return {
        job: {"result": result, "outputs": outputs.get(job, {})}
        for job, result in zip(summary.STAGES, padded, strict=True)
    }


ALL = ["success"] * 5
CASES = {
    "promoted": (needs(*ALL, production="promoted"), "reviewers", "api: promoted in production"),
    "test": (needs("failure"), "reviewers", "api: test failed, nothing was deployed"),
    "build": (needs("success", "failure"), "reviewers", "api: build failed, nothing was deployed"),
    "staging": (needs("success", "success", "failure"), "reviewers", "api: staging failed, production was not touched"),
    "gate": (needs(*ALL[:3], "failure"), "reviewers", "api: gate failed, production was not touched"),
    "production": (needs(*ALL[:4], "failure"), "reviewers", "api: production failed"),
    "canceled": (needs(*ALL[:4], "cancelled"), "reviewers", "api: production was cancelled"),
    "pull-request": (needs("success"), "reviewers", "api: tested"),
    "by-hand": (needs(*ALL[:3], staging="promoted"), "dispatch", "api: promoted in staging, ready for production"),
    "staging-only": (needs(*ALL[:3], staging="promoted"), "none", "api: promoted in staging"),
    "nothing": (needs(), "none", "api: nothing ran"),
}


@pytest.mark.parametrize(("found", "production", "headline"), CASES.values(), ids=CASES)
def test_the_first_line_says_how_it_ended(found, production, headline):
    assert summary.summary("api", found, production).splitlines()[0] == f"# {headline}"


def test_a_row_a_stage():
    text = summary.summary("api", needs(*ALL[:2], "failure", staging="rolled_back"), "reviewers")
    assert text.splitlines()[4:9] == [
        "| ✅ | test | success |  |",
        f"| ✅ | build | success | <code>{DIGEST}</code> |",
        "| ❌ | staging | failure | rolled back, 42 s |",
        "| ⏭️ | gate | not reached |  |",
        "| ⏭️ | production | not reached |  |",
    ]


def test_a_commit_that_had_been_built_before():
    text = summary.summary("api", needs(*ALL, build={**IMAGE, "reused": "true"}), "reviewers")
    assert f"<code>{DIGEST}</code> (this commit had been built before)" in text


RELEASE = {"digest": DIGEST, "release": "b" * 64}
NEXT = {
    "way-back": (needs(*ALL), "reviewers", "gh workflow run rollback.yml -f environment=production -f service=api"),
    "by-hand": (needs(*ALL[:3]), "dispatch", f"gh workflow run promote.yml -f service=api -f artifact={DIGEST}"),
    "a-site": (
        needs(*ALL[:3], build=RELEASE),
        "dispatch",
        f"gh workflow run promote.yml -f service=api -f artifact={'b' * 64}",
    ),
    "failed": (needs(*ALL[:4], "failure"), "reviewers", None),
    "staging-failed": (needs(*ALL[:2], "failure"), "dispatch", None),
}


@pytest.mark.parametrize(("found", "production", "command"), NEXT.values(), ids=NEXT)
def test_the_command_that_comes_next(found, production, command):
    text = summary.summary("api", found, production)
    assert [line for line in text.splitlines() if line.startswith("gh ")] == ([command] if command else [])


def test_what_jobs_told_is_data(runner, monkeypatch):
    """Outputs of jobs come from playbooks, and these from AWS: no Markdown of theirs is any."""
    found = needs(*ALL, production="promoted |\n# [x](https://evil) `code` <img>")
    for name, value in {"NEEDS": json.dumps(found), "SERVICE": "api", "PRODUCTION": "reviewers"}.items():
        monkeypatch.setenv(name, value)
    summary.main()
    text = (runner / "summary").read_text()
    assert text.count("\n# ") == 0
    assert not set("[<`") & set(text.replace("<code>", "").replace("</code>", "").replace("```", ""))
