# SPDX-License-Identifier: GPL-3.0-or-later
"""The README takes a new application repository to its first staged deploy: every step as it stands there."""

from __future__ import annotations

import json

import pytest

from tests.pipelines import readme
from tests.pipelines.act import Run

STEPS = readme.steps()
EXAMPLE_URL = "http://api.staging.example.com"


@pytest.fixture(scope="module")
def said():
    """Step -> what its commands printed."""
    return {}


@pytest.fixture(scope="module")
def beside(made, application):
    """Step -> what happens here before its commands, that a reader does not do."""

    def shorten() -> None:
        application.inventories_for_tests()
        made.begin_production(application.folder / "inventories")

    return {6: shorten}


@pytest.fixture(scope="module")
def first(application) -> Run:
    """What GitHub runs when the README's last push arrives."""
    return application.run("backend.yml")


def test_the_way_is_short():
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert len(STEPS) <= 10
    assert all(step.commands for step in STEPS)


@pytest.mark.parametrize("step", STEPS[:9], ids=lambda step: step.number)
def test_a_step_up_to_the_push(step, made, person, beside, said):
    commands = step.commands
    if step.number == 1:
        assert EXAMPLE_URL in commands
        commands = commands.replace(EXAMPLE_URL, made.account("staging")["LOCAL_ALB_URL"])
    beside.get(step.number, lambda: None)()
    said[step.number] = person.run(commands)


def test_the_push_is_tested_built_and_deployed_to_staging(first, application):
    assert first.results == dict.fromkeys(("test", "build", "staging", "summary"), "success"), first.why
    assert first.in_order("test", "build", "staging", "summary")
    assert first.outputs("staging")["outcome"] == "promoted"
    [record] = application.records("staging")
    assert (record["outcome"], record["environment"], record["by"]) == ("promoted", "staging", "ada")
    assert record["digest"] == first.outputs("build")["digest"]
    assert record["git_sha"] == application.git("rev-parse", "HEAD")
    assert record["run_url"].endswith("/acme/shop/actions/runs/1")


def test_the_last_step_shows_it(first, person):
    assert json.loads(person.run(STEPS[-1].commands))["digest"] == first.outputs("build")["digest"]


def test_the_page_of_the_run_tells_it(first):
    digest = first.outputs("build")["digest"]
    assert "| staging | success | promoted," in first.summary("summary")
    assert digest in first.summary("summary")
    assert digest in first.summary("staging")
    assert "playbooks/rollback_backend.yml -e service=api" in first.summary("staging")
