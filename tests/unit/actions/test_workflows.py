# SPDX-License-Identifier: GPL-3.0-or-later
"""What linters of workflows do not see: who may run what, and that callers, workflows, actions and programs agree."""

from __future__ import annotations

import functools
import re

import pytest
import yaml

from .conftest import ROOT

WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
ACTIONS = {path.parent.name: path for path in sorted((ROOT / ".github" / "actions").glob("*/action.yml"))}
CALLERS = {path.stem: path for path in sorted((ROOT / "examples" / "workflows").glob("*.yml"))}
FILES = [*WORKFLOWS.values(), *ACTIONS.values()]
PIPELINES = ("backend", "frontend")
LEVELS = {"none": 0, "read": 1, "write": 2}


@functools.cache
def load(path):
    """A file as texts, so that the key `on` stays one."""
    return yaml.load(path.read_text(), Loader=yaml.CBaseLoader)


def called(workflow):
    return load(WORKFLOWS[workflow])["on"]["workflow_call"]


def jobs(workflow):
    return load(WORKFLOWS[workflow])["jobs"]


def all_jobs():
    return {f"{name}-{job}": (name, job) for name in WORKFLOWS for job in jobs(name)}


def steps(path):
    """All steps of a workflow or of an action."""
    found = load(path)
    return (
        found["runs"]["steps"] if "runs" in found else [step for job in found["jobs"].values() for step in job["steps"]]
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_expression_is_in_a_shell(path):
    assert [step["name"] for step in steps(path) if "${{" in step.get("run", "")] == []


def test_what_others_wrote_is_pinned_by_commit_and_alike_everywhere():
    uses = re.compile(r"uses: (\S+?)(?:@(\S+)(?:  # (\S+))?)?$", re.MULTILINE)
    found = [match for path in FILES for match in uses.findall(path.read_text())]
    assert len(found) > 40
    pins = {}
    for name, commit, version in found:
        if not name.startswith("./"):
            assert re.fullmatch(r"[0-9a-f]{40}", commit), name
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), name
            pins.setdefault(name, set()).add((commit, version))
    assert {name: len(commits) for name, commits in pins.items()} == dict.fromkeys(pins, 1)


@pytest.mark.parametrize(("workflow", "job"), all_jobs().values(), ids=all_jobs())
def test_every_job_ends_in_time_and_may_no_more_than_it_says(workflow, job):
    found = jobs(workflow)[job]
    assert 0 < int(found["timeout-minutes"]) <= 60
    assert isinstance(found["permissions"], (dict, str))
    assert found["runs-on"] == "ubuntu-24.04"
    checkouts = [step["with"] for step in found["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert all(given["persist-credentials"] == "false" for given in checkouts)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow_grants_nothing_to_all_of_its_jobs(workflow):
    assert load(WORKFLOWS[workflow])["permissions"] == {}


@pytest.mark.parametrize(("workflow", "job"), all_jobs().values(), ids=all_jobs())
def test_credentials_of_aws_are_for_jobs_in_an_environment(workflow, job):
    """The trust policies want the environment; and one that deploys is never canceled by the next one."""
    found = jobs(workflow)[job]
    assumes = any(step.get("uses", "").startswith("aws-actions/") for step in found["steps"])
    assert assumes == ("environment" in found)
    if assumes and job != "build":
        assert found["concurrency"]["cancel-in-progress"] == "false"
        assert found["concurrency"]["group"].startswith(("deploy-", "rollback-"))
    if assumes:
        assert found["permissions"]["id-token"] == "write"
    if job == "test":
        assert found["permissions"] == {"contents": "read"}


def before(workflow, job):
    """All jobs that a job waits for, each of which must have succeeded."""
    needs = jobs(workflow)[job].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(before(workflow, one) for one in direct))


@pytest.mark.parametrize("workflow", PIPELINES)
def test_production_comes_after_everything_and_by_no_condition_of_its_own(workflow):
    found = jobs(workflow)
    assert list(found) == ["test", "build", "staging", "gate", "production", "summary"]
    assert before(workflow, "production") == {"test", "build", "staging", "gate"}
    assert before(workflow, "gate") == {"test", "build", "staging"}
    # always() or failure() would let a job run past a failure.
    assert {job: found[job].get("if") for job in ("test", "staging", "production")} == dict.fromkeys(
        ("test", "staging", "production")
    )
    assert found["gate"]["if"] == "inputs.production == 'reviewers'"


@pytest.mark.parametrize("workflow", PIPELINES)
def test_nothing_is_built_or_deployed_for_a_pull_request(workflow):
    assert jobs(workflow)["build"]["if"] == "github.event_name == 'push' || github.event_name == 'workflow_dispatch'"


def test_production_gets_what_staging_got():
    images = {job: deploys("backend", job) for job in ("staging", "production")}
    assert images["staging"]["image"] == "${{ needs.build.outputs.image }}"
    assert images["production"]["digest"] == "${{ needs.build.outputs.digest }}"
    bundles = {job: deploys("frontend", job) for job in ("staging", "production")}
    for name in ("bundle", "bundle-digest", "release"):
        assert bundles["staging"][name] == bundles["production"][name]
    for workflow in PIPELINES:
        assert deploys(workflow, "production")["playbook"] == "promote"


def deploys(workflow, job):
    """What a job gives to the action that deploys."""
    (found,) = [step["with"] for step in jobs(workflow)[job]["steps"] if step.get("uses", "").endswith("/deploy")]
    return found


def own_actions():
    """Where an action of ours is used: workflow, job, name of the action, what it gets."""
    return [
        (workflow, job, step["uses"].rpartition("/")[2], set(step.get("with", {})))
        for workflow in WORKFLOWS
        for job, found in jobs(workflow).items()
        for step in found["steps"]
        if step.get("uses", "").startswith("./")
    ]


def test_actions_get_the_inputs_that_they_have():
    uses = own_actions()
    assert {name for *_, name, _ in uses} == set(ACTIONS)
    for workflow, job, name, given in uses:
        inputs = load(ACTIONS[name]).get("inputs", {})
        required = {key for key, about in inputs.items() if about.get("required") == "true"}
        assert required <= given <= set(inputs), (workflow, job, name)


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - {"setup"}))
def test_programs_read_the_variables_that_their_actions_set(name):
    (env,) = [step["env"] for step in steps(ACTIONS[name]) if "GITHUB_ACTION_PATH" in step.get("run", "")]
    text = ACTIONS[name].with_name(f"{name}.py").read_text()
    inputs = {re.search(r"inputs\.([a-z-]+)", value)[1] for value in env.values() if "inputs." in value}
    assert inputs == set(load(ACTIONS[name])["inputs"])
    if name == "deploy":  # it makes some of the names from its own
        text += "".join(re.findall(r"\"[a-z]+\"", text)).upper()
    assert [variable for variable in env if f'"{variable}"' not in text] == []


@pytest.mark.parametrize("name", CALLERS)
def test_a_caller_is_short_and_fits_what_it_calls(name):
    text = CALLERS[name].read_text()
    (job,) = load(CALLERS[name])["jobs"].values()
    inputs = called(name)["inputs"]
    assert len(text.splitlines()) <= 20
    assert f"/.github/workflows/{name}.yml@" in job["uses"]
    required = {key for key, about in inputs.items() if about.get("required") == "true"}
    assert required <= set(job["with"]) <= set(inputs)


@pytest.mark.parametrize("name", CALLERS)
def test_a_caller_grants_what_the_jobs_need_and_no_more(name):
    """A called workflow cannot have more than its caller gives, and GitHub says so only when it runs."""
    (job,) = load(CALLERS[name])["jobs"].values()
    needed = {}
    for found in jobs(name).values():
        for scope, level in found["permissions"].items():
            needed[scope] = max(needed.get(scope, "none"), level, key=LEVELS.__getitem__)
    assert job["permissions"] == needed
    assert load(CALLERS[name])["permissions"] == {}


@pytest.mark.parametrize("name", ["rollback"])
def test_started_here_or_by_a_caller_it_is_the_same(name):
    """What somebody can choose by hand, a caller can, too."""
    by_hand = load(WORKFLOWS[name])["on"]["workflow_dispatch"]["inputs"]
    assert set(by_hand) <= set(called(name)["inputs"])


def test_only_known_events_start_anything():
    """No pull_request_target, no workflow_run: code of others never runs beside secrets."""
    events = {event for name in WORKFLOWS for event in load(WORKFLOWS[name])["on"]}
    assert events == {"workflow_call", "workflow_dispatch", "push", "pull_request"}


def documented(title):
    """The names in the first column of a section of docs/pipelines.md."""
    page = (ROOT / "docs" / "pipelines.md").read_text()
    section = page.partition(f"\n### {title}\n")[2].partition("\n### ")[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(.*?)`", row)}


@pytest.mark.parametrize("name", CALLERS)
def test_inputs_and_outputs_are_documented(name):
    about = called(name)
    assert documented(f"{name}.yml") | documented("All of them") == set(about["inputs"]) | set(about["outputs"])
