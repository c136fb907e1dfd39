# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that runs the playbooks: which command, what it passes on, and how it tells the end."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest

from .conftest import ROOT, program

deploy = program("deploy")
DIGEST = "sha256:" + "a" * 64
IMAGE = f"222222222222.dkr.ecr.us-east-1.amazonaws.com/api@{DIGEST}"
RELEASE = "b" * 64
# What stands for Ansible: it writes down how it was called, and does what the test wants.
FAKE = """#!/bin/sh
exec 3> "$GITHUB_WORKSPACE/called"
printf '%s\\n' "$PWD" "$@" "$SLIPWAY_BREAK_GLASS|$GITHUB_SHA|$ANSIBLE_CONFIG" >&3
. "$GITHUB_WORKSPACE/behave"
"""


@pytest.fixture
def step(runner, monkeypatch, capfd):
    """Run the action with inputs, Ansible being a script; returns exit status, what it printed, and outputs."""
    place = runner / "slipway" / ".venv" / "bin" / "ansible-playbook"
    place.parent.mkdir(parents=True)
    place.write_text(FAKE)
    place.chmod(0o755)

    def run(behave="", **inputs):
        (runner / "behave").write_text(behave)
        defaults = {"playbook": "deploy_backend", "environment": "staging", "inventories": "inventories"}
        for name, value in {**defaults, "service": "api", **inputs}.items():
            monkeypatch.setenv(name.upper(), value)
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            status = deploy.main()
        finally:
            for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
                signal.signal(number, handler)
        return status, capfd.readouterr().out, deploy.outputs((runner / "output").read_text())

    return run


def outcome(name="promoted", **values):
    """A script that tells an outcome as slipway.ops.deploy_outcome does, and more after it."""
    told = {"outcome": name, **values}
    return "".join(f"printf '{key}<<x\\n{value}\\nx\\n' >> \"$GITHUB_OUTPUT\"\n" for key, value in told.items())


COMMANDS = {
    "backend": ({"image": IMAGE}, ["deploy_backend.yml", "-e", f"image={IMAGE}", "-e", "service=api"]),
    "promotion": (
        {"playbook": "promote", "environment": "production", "digest": DIGEST},
        ["promote.yml", "-e", f"digest={DIGEST}", "-e", "service=api"],
    ),
    # The bundle tells which release it is; that is compared, not given.
    "frontend": (
        {"playbook": "deploy_frontend", "service": "site", "bundle": "bundle.tar.gz", "release": RELEASE},
        ["deploy_frontend.yml", "-e", "bundle=HERE/bundle.tar.gz"],
    ),
    "promotion-of-a-site": (
        {"playbook": "promote", "service": "site", "bundle": "bundle.tar.gz", "release": RELEASE},
        ["promote.yml", "-e", "bundle=HERE/bundle.tar.gz", "-e", f"release={RELEASE}"],
    ),
    "rollback": ({"playbook": "rollback_backend"}, ["rollback_backend.yml", "-e", "service=api"]),
    "rollback-of-a-site": (
        {"playbook": "rollback_frontend", "service": "site", "release": "bbbbbbbb"},
        ["rollback_frontend.yml", "-e", "release=bbbbbbbb"],
    ),
}


@pytest.mark.parametrize(("inputs", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_the_command(step, runner, inputs, expected):
    found = {"digest": inputs.get("digest") or DIGEST, "release": RELEASE}
    status, _printed, told = step(outcome(**found), **inputs)
    lines = (runner / "called").read_text().splitlines()
    environment = inputs.get("environment", "staging")
    assert lines[:3] == [str(runner / "slipway"), "-i", f"inventories/{environment}"]
    assert [line.replace(str(runner), "HERE") for line in lines[3:-1]] == [f"playbooks/{expected[0]}", *expected[1:]]
    assert status == 0
    assert told["outcome"] == "promoted"


def test_a_reason_to_break_the_glass_is_in_no_command_line(step, runner):
    reason = "{{ lookup('pipe', 'id') }} the payment provider has changed its certificate"
    step(outcome(digest=DIGEST), playbook="promote", digest=DIGEST, break_glass=reason)
    *command, rest = (runner / "called").read_text().splitlines()
    assert not any("payment" in part for part in command)
    assert rest.split("|")[0] == reason


@pytest.mark.parametrize(("playbook", "commit"), [("rollback_backend", ""), ("deploy_backend", "c0ffee" * 6 + "c0de")])
def test_a_record_of_what_went_back_has_no_commit_of_this_run(step, runner, playbook, commit):
    step(outcome(digest=DIGEST), playbook=playbook)
    assert (runner / "called").read_text().splitlines()[-1] == f"|{commit}|{runner}/slipway/ansible.cfg"


WRONG = {
    "playbook": ({"playbook": "destroy"}, "is none of deploy_backend"),
    "environment": ({"environment": "../x"}, "environment '../x'"),
    "service": ({"service": "-e"}, "service '-e'"),
    "image": ({"image": "api:{{ 7 * 7 }}"}, "image: only letters"),
    "line": ({"digest": DIGEST + "\n::debug::x"}, "digest: only letters"),
    "inventories": ({"inventories": "a b"}, "inventories: only letters"),
    "named-rollback": ({"playbook": "rollback_backend", "digest": DIGEST}, "promote its digest"),
    "no-bundle": ({"bundle": "bundle.tar.gz", "bundle_digest": DIGEST}, "cannot be read"),
}


@pytest.mark.parametrize(("inputs", "problem"), WRONG.values(), ids=WRONG)
def test_an_input_that_cannot_be(step, runner, inputs, problem):
    status, printed, told = step(**inputs)
    assert (status, told["outcome"]) == (1, "blocked")
    assert printed.startswith("::error title=Deploy::")
    assert problem in printed
    assert printed.endswith("; nothing was changed\n")
    assert printed.count("\n") == 1
    assert not (runner / "called").exists()


def test_a_bundle_is_the_one_that_was_built(step, runner):
    (runner / "bundle.tar.gz").write_bytes(b"bundle")
    digest = f"sha256:{hashlib.sha256(b'bundle').hexdigest()}"
    inputs = {"playbook": "deploy_frontend", "service": "site", "bundle": "bundle.tar.gz", "bundle_digest": digest}
    assert step(outcome(release=RELEASE), release=RELEASE, **inputs)[0] == 0
    (runner / "bundle.tar.gz").write_bytes(b"another")
    status, printed, _told = step(outcome(release=RELEASE), release=RELEASE, **inputs)
    assert (status, f"{digest} was built" in printed) == (1, True)


STATUSES = {20: "refused before", 21: "rolled back", 22: "superseded", 23: "awaits approval", 24: "says what is served"}


@pytest.mark.parametrize(("status", "meaning"), [*STATUSES.items(), (2, "before or beside the deployment")])
def test_the_exit_status_stays_and_is_explained(step, runner, status, meaning):
    ended, printed, told = step(f"{outcome('blocked') if status == 20 else ''}exit {status}\n", image=IMAGE)
    assert ended == status
    assert told["outcome"] == ("blocked" if status == 20 else "failed")
    assert f"::error title=api in staging::{meaning}" in printed or meaning in printed
    assert "Way back" not in (runner / "summary").read_text()


def test_success_without_an_outcome_is_none(step):
    status, printed, told = step("exit 0\n", image=IMAGE)
    assert (status, told["outcome"]) == (1, "failed")
    assert "told no outcome" in printed


@pytest.mark.parametrize("served", ["sha256:" + "c" * 64, ""], ids=["another", "unnamed"])
def test_another_image_than_the_one_that_was_asked_for(step, served):
    status, printed, _told = step(outcome(digest=served), image=IMAGE)
    assert (status, f"is served, and {DIGEST} was asked for" in printed) == (1, True)


def test_what_a_playbook_prints_is_no_workflow_command(step):
    _status, printed, _told = step(f"echo '::set-env name=A::b'\n{outcome(digest=DIGEST)}", image=IMAGE)
    lines = printed.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("::stop-commands::"))
    mark = lines[begin].removeprefix("::stop-commands::")
    assert len(mark) == 32
    assert lines.index("::set-env name=A::b") < lines.index(f"::{mark}::")


def test_the_summary_has_where_from_and_back(step, runner):
    page = runner / "slipway" / "build" / "deploy-staging-api.html"
    _status, _printed, told = step(f"mkdir build; echo page > build/{page.name}\n{outcome(digest=DIGEST)}", image=IMAGE)
    summary = (runner / "summary").read_text()
    assert summary.startswith("# api in staging\n\n[c0ffeec0ffee](https://github.com/acme/shop/commit/c0ffee")
    assert "(https://github.com/acme/shop/actions/runs/77)" in summary
    assert "\ngh workflow run rollback.yml -f environment=staging -f service=api\n" in summary
    assert "\nansible-playbook -i inventories/staging playbooks/rollback_backend.yml -e service=api\n" in summary
    assert (told["report"], told["seconds"].isdigit()) == (str(page), True)


def test_an_old_report_is_not_this_runs(step, runner):
    page = runner / "slipway" / "build" / "deploy-staging-api.html"
    page.parent.mkdir()
    page.write_text("old")
    os.utime(page, (1, 1))
    assert step(outcome(digest=DIGEST), image=IMAGE)[2]["report"] == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_canceled_run_ends_its_deployment(runner, number):
    """Ansible gets the signal and ends by itself, however long that takes."""
    place = runner / "slipway" / ".venv" / "bin" / "ansible-playbook"
    place.parent.mkdir(parents=True)
    # Python, because a shell waits for its child before it does what the trap says.
    script = (
        "import os, signal, sys, time\n"
        "def end(*_):\n    time.sleep(0.4); open('ended', 'w').write('lease given back'); sys.exit(24)\n"
        "signal.signal(signal.SIGINT, end)\nopen('began', 'w').close()\ntime.sleep(30)\n"
    )
    place.write_text(f"#!{sys.executable}\n{script}")
    place.chmod(0o755)
    env = {"PLAYBOOK": "deploy_backend", "ENVIRONMENT": "staging", "INVENTORIES": "i", "SERVICE": "api", "IMAGE": IMAGE}
    command = [sys.executable, str(ROOT / ".github/actions/deploy/deploy.py")]
    with subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL) as process:
        for _attempt in range(200):
            if (runner / "slipway" / "began").exists():
                break
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(20) == 24
    assert (runner / "slipway" / "ended").read_text() == "lease given back"
    assert deploy.outputs((runner / "output").read_text())["outcome"] == "failed"
