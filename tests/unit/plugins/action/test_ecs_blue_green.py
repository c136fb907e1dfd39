# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress reaches the terminal while the module runs, line by line, and nothing else does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.slipway.ops.plugins.plugin_utils.streaming import SHOWN_CHARACTERS, Follower, line_of

ROOT = Path(__file__).parents[4]


def event(text, seconds=1.25):
    return json.dumps({"seconds": seconds, "text": text})


def test_a_line_has_the_time_the_service_and_the_text():
    assert line_of(event("green 1/2 healthy", 12.34), "api") == "[  12.3s] api: green 1/2 healthy"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", '{"seconds": "x", "text": "y"}', '{"seconds": 1', "\x1b[2J"])
def test_what_is_no_event_is_not_shown(text):
    assert line_of(text, "api") is None


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "a\rb", "a\nb", "a\x07", "a\u202eb", "\x9b2J"])
def test_no_control_sequence_reaches_the_terminal(text):
    assert line_of(event(text), "api").isprintable()


def test_a_long_text_is_cut():
    assert len(line_of(event("x" * 10_000), "api")) < SHOWN_CHARACTERS + 30


def test_every_complete_line_is_shown_once(tmp_path):
    path, shown = tmp_path / "progress", []
    path.write_bytes(b"one\n")
    with Follower(path, shown.append), path.open("ab") as stream:
        stream.write(b"two\nthr")
        stream.flush()
        stream.write(b"ee\n\xff\npart")
    assert shown == ["one", "two", "three", "\ufffd"]


def play(folder, connection, *extra):
    """Runs the module through ansible-playbook; it stops at its parameters, by then the plugin has done its part."""
    playbook = folder / "play.yml"
    task = {
        "slipway.ops.ecs_blue_green": {
            "action": "rollback",
            "service": "api",
            "cluster": "c",
            "load_balancer": "lb",
            "region": "us-east-1",
            "endpoint_url": "http://127.0.0.1:9",
            "access_key": "x",
            "secret_key": "x",
            "desired_count": 0,
        }
    }
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "h,", "-c", connection, *extra, str(playbook)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "HOME": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_the_module_runs_through_the_plugin(tmp_path):
    interpreter = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = play(tmp_path, "local", *interpreter)
    assert done.returncode == 20
    message = re.search(r'"msg": "([^"]*)"', done.stdout)
    assert message, done.stdout + done.stderr
    assert message[1].startswith("api: nothing was changed: desired_count 0 is less than 1. Then `ansible-playbook ")
    assert not list(tmp_path.glob("slipway-*"))
