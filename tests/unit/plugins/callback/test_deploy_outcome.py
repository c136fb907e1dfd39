# SPDX-License-Identifier: GPL-3.0-or-later
"""The exit status and GitHub's files of real ansible-playbook runs.

The collection they use is this one, but for ecs_blue_green and site_release, in whose place a module answers what the
test gives it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
STUB = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"action": {}, "service": {}, "result": {"type": "dict"}}, supports_check_mode=True)
result = module.params["result"]
if result.pop("fails", False):
    module.fail_json(**{"msg": "no", **result})
module.exit_json(**result)
"""
PROMOTED = {
    "outcome": "promoted",
    "action": "deploy",
    "service": "api",
    "digest": "sha256:1",
    "image": "repo@sha256:1",
    "colors": {"from": "blue", "to": "green"},
}
ROLLED_BACK = PROMOTED | {"outcome": "rolled_back", "fails": True, "msg": "api: 5 tasks died", "next": "look again"}
BLOCKED = PROMOTED | {"outcome": "blocked", "fails": True}
# Name -> results of the task, one each host, whether in check mode, and the exit status.
RUNS = {
    "promoted": ([PROMOTED], False, 0),
    "rolled_back": ([ROLLED_BACK], False, 21),
    "awaiting_approval": ([PROMOTED | {"outcome": "awaiting_approval"}], False, 23),
    "the worst of several": ([BLOCKED, PROMOTED | {"outcome": "failed", "fails": True}, PROMOTED], False, 24),
    "without an outcome": ([{"fails": True, "msg": "Failed to describe cluster"}], False, 24),
    "converge": ([BLOCKED | {"action": "converge"}], False, 2),
    "planned": ([PROMOTED], True, 0),
    "blocked plan": ([BLOCKED], True, 20),
}
SITE = {"outcome": "superseded", "action": "publish", "service": "site", "distribution_id": "E1", "fails": True}
FAILS_BESIDE, OF_A_SITE = "fails beside", "of a site"


def start(folder, name, collections, results, check):
    """One ansible-playbook process of its own."""
    home = folder / name.replace(" ", "-")
    home.mkdir()
    module = "slipway.ops.site_release" if name == OF_A_SITE else "slipway.ops.ecs_blue_green"
    tasks = [{module: {"action": "deploy", "service": "api", "result": "{{ result }}"}}]
    if name == FAILS_BESIDE:
        tasks.append({"ansible.builtin.fail": {"msg": "beside"}})
    play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    hosts = {
        f"host{number}": {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "result": result,
        }
        for number, result in enumerate(results)
    }
    (home / "play.yml").write_text(json.dumps(play))
    (home / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "GITHUB_"))},
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(home / "ansible"),
        "SLIPWAY_FAST": "0",
        "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
        "GITHUB_OUTPUT": str(home / "output"),
    }
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", home / "hosts.json", home / "play.yml"]
    with (home / "log").open("w") as log:
        return home, subprocess.Popen(
            command + ["--check"] * check, cwd=home, env=environment, stdout=log, stderr=subprocess.STDOUT
        )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Name -> folder and exit status of all runs, which go on side by side."""
    folder = tmp_path_factory.mktemp("runs")
    own = folder / "collections" / "ansible_collections" / "slipway" / "ops"
    (own / "plugins" / "modules").mkdir(parents=True)
    for name in ("ecs_blue_green", "site_release"):
        (own / "plugins" / "modules" / f"{name}.py").write_text(STUB)
    for name in ("callback", "module_utils"):
        (own / "plugins" / name).symlink_to(ROOT / "plugins" / name)
    (own / "galaxy.yml").symlink_to(ROOT / "galaxy.yml")
    runs = {**RUNS, FAILS_BESIDE: ([PROMOTED], False, 2), OF_A_SITE: ([SITE], False, 22)}
    started = {
        name: start(folder, name, folder / "collections", results, check) for name, (results, check, _) in runs.items()
    }
    return {name: (home, process.wait(timeout=120)) for name, (home, process) in started.items()}


@pytest.mark.parametrize("name", [*RUNS, FAILS_BESIDE])
def test_the_exit_status_tells_how_it_ended(done, name):
    home, status = done[name]
    assert status == (2 if name == FAILS_BESIDE else RUNS[name][2]), (home / "log").read_text()


def test_the_last_line_and_the_files_tell_it_too(done):
    home, _ = done["rolled_back"]
    assert (home / "log").read_text().rstrip().endswith("api: rolled_back, exit status 21; next: look again")
    assert (home / "summary.md").read_text().startswith("## api: rolled back\n\napi: 5 tasks died\n")
    assert read_outputs(home)["outcome"] == "rolled_back"
    promoted = read_outputs(done["promoted"][0])
    assert (promoted["color"], promoted["image"]) == ("green", "repo@sha256:1")
    assert read_outputs(done["planned"][0])["outcome"] == "planned"
    assert read_outputs(done["the worst of several"][0])["outcome"] == "failed"
    assert not (done["converge"][0] / "output").exists()


def test_a_sites_release_tells_it_alike(done):
    home, status = done[OF_A_SITE]
    assert status == 22
    assert "site: superseded, exit status 22" in (home / "log").read_text()
    assert (home / "summary.md").read_text().startswith("## site: superseded")
    assert read_outputs(home)["live_release"] == ""


def test_a_module_that_broke_down_has_failed(done):
    home, _ = done["without an outcome"]
    assert "host0: failed, exit status 24" in (home / "log").read_text()
    assert "Failed to describe cluster" in (home / "summary.md").read_text()


def read_outputs(home):
    """As the runner reads the file: name<<delimiter, lines, delimiter; the last one of a name holds."""
    lines = iter((home / "output").read_text().splitlines())
    found = {}
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found
