# SPDX-License-Identifier: GPL-3.0-or-later
"""atlas_peering killed with SIGKILL after each of its steps: the next run finishes the work, the one after has none."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.atlas_cloud import AtlasCloud, load_once
from tests.unit.atlas_playground import Playground, actions

ROOT = Path(__file__).resolve().parents[3]
#: Runs the module as Ansible does, but the process kills itself when as many steps are done.
RUNNER = """
import json, os, signal, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.slipway.ops.plugins.module_utils import atlas_peering_steps
from ansible_collections.slipway.ops.plugins.modules import atlas_peering

given = json.load(sys.stdin)
left = int(sys.argv[1])

def killed_after(action):
    def do(*arguments, **named):
        global left
        action(*arguments, **named)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return do

for name, action in list(atlas_peering_steps.ACTIONS.items()):
    atlas_peering_steps.ACTIONS[name] = killed_after(action)
with patch_module_args(given):
    atlas_peering.main()
"""
PRESENT, ABSENT = 11, 7


@pytest.fixture(scope="module")
def cloud():
    load_once()
    started = AtlasCloud()
    started.reset()
    yield started
    started.close()


def run_killed(ground, after, **changes):
    given = ground.arguments(**changes) | {"_ansible_remote_tmp": "build"}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(after)],
        input=json.dumps(given),
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'collections'}"},
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr


def test_the_numbers_of_steps_are_right(cloud):
    ground = Playground(cloud)
    assert len(actions(ground.ok(check=True))) == PRESENT
    ground.ok()
    assert len(actions(ground.ok(check=True, state="absent"))) == ABSENT


@pytest.mark.parametrize("after", range(1, PRESENT + 1))
def test_killed_while_peering(cloud, after):
    ground = Playground(cloud)
    run_killed(ground, after)
    assert ground.ok()["peering"]["status"] == "AVAILABLE"
    again = ground.ok()
    assert (again["changed"], again["steps"]) == (False, [])
    assert len(ground.project.peers) == len(ground.project.containers) == 1
    assert cloud.violations["count"] == 0


@pytest.mark.parametrize("after", range(1, ABSENT + 1))
def test_killed_while_removing(cloud, after):
    ground = Playground(cloud)
    ground.ok()
    run_killed(ground, after, state="absent")
    ground.ok(state="absent")
    again = ground.ok(state="absent")
    assert (again["changed"], again["steps"]) == (False, [])
    assert (ground.project.peers, ground.project.containers, ground.project.access) == ({}, {}, {})
    assert ground.routes() == {table: {} for table in ground.tables}
    assert cloud.violations["count"] == 0
