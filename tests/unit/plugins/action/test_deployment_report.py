# SPDX-License-Identifier: GPL-3.0-or-later
"""deployment_report: its EXAMPLES entry in a real run, and what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.ops.plugins.action import deployment_report as action
from ansible_collections.slipway.ops.plugins.modules import deployment_report

ROOT = Path(__file__).resolve().parents[4]
SITE = {"outcome": "promoted", "release": "6f" * 32, "live": "6f" * 32, "distribution_id": "E1", "steps": []}
RESULT = {"outcome": "blocked", "msg": "api: nothing was changed", "colors": {"from": None, "to": None}, "steps": []}
NAME = "slipway.ops.deployment_report"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run: the example as it is, in check mode, of a result without an outcome, into a folder that cannot be."""
    place = tmp_path_factory.mktemp("report")
    example = yaml.safe_load(deployment_report.EXAMPLES)[0]

    def task(folder, **more):
        return {"name": folder, NAME: {**example[NAME], "folder": f"{place}/{folder}"}, **more}

    broken = {"vars": {"ecs_service_deployment": {"msg": "the module did not start", "failed": True}}}
    site = task("site", vars={"ecs_service_deployment": SITE})
    tasks = [example, task("check", check_mode=True), task("broken", **broken), site, task("taken", ignore_errors=True)]
    (place / "taken").write_text("a file where the folder should be")
    playbook = place / "plays" / "play.yml"
    playbook.parent.mkdir()
    given = {"ecs_service_deployment": RESULT}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": given, "tasks": tasks}
    playbook.write_text(yaml.safe_dump([play]))
    env = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_HOME": str(place / "ansible")}
    command = [sys.executable, "-m", "ansible.cli.playbook", str(playbook)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    return place, done.returncode, done.stdout + done.stderr


def test_the_example_leaves_both_files(ran):
    place, status, output = ran
    assert status == 0, output
    assert "changed=0" in output
    files = {path.name: path for path in (place / "build").iterdir()}
    assert set(files) == {"deploy-staging-api.json", "deploy-staging-api.html"}
    assert json.loads(files["deploy-staging-api.json"].read_text()) == RESULT
    assert "nothing was changed" in files["deploy-staging-api.html"].read_text()
    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o644}


def test_a_site_has_a_page_of_its_own(ran):
    assert "release 6f6f6f6f6f6f is live" in (ran[0] / "site" / "deploy-staging-api.html").read_text()


def test_check_mode_writes_nothing(ran):
    assert not (ran[0] / "check").exists()


def test_a_result_without_an_outcome_has_no_page(ran):
    assert [path.name for path in (ran[0] / "broken").iterdir()] == ["deploy-staging-api.json"]


def test_a_folder_that_cannot_be_is_one_line(ran):
    _place, _status, output = ran
    assert "the result of this run could not be written" in output
    assert "Traceback" not in output


def test_a_write_that_breaks_off_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "report"
    action.write(path, "before")
    with pytest.raises(UnicodeEncodeError):
        action.write(path, "after \ud800")
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["report"]
