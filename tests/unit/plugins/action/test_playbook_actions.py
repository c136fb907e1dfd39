# SPDX-License-Identifier: GPL-3.0-or-later
"""service_hosts, plain_vars, show_text and environment_info in real runs of ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
API = {"name": "api", "port": 8080, "priority": 10}
WEB = {"name": "web", "kind": "web", "priority": 20, "environment": {"A": "{{ region }}"}}

HOSTS_PLAY = {
    "hosts": "environment",
    "gather_facts": False,
    "tasks": [{"slipway.ops.service_hosts": {"services": "{{ services }}", "only": "{{ only | default('') }}"}}],
}
SHOW_PLAY = {
    "hosts": "services",
    "gather_facts": False,
    "tasks": [
        {
            "ansible.builtin.copy": {
                "content": "{{ {'port': ecs_service_port, 'environment': ecs_service_environment} | to_json }}",
                "dest": "{{ out }}/{{ inventory_hostname }}",
            },
        }
    ],
}
PLAIN_PLAY = {
    "hosts": "environment",
    "gather_facts": False,
    "tasks": [
        {"slipway.ops.plain_vars": {"names": ["image"]}},
        {"ansible.builtin.copy": {"content": "{{ image | default('none') }}", "dest": "{{ out }}/image"}},
    ],
}


@pytest.fixture
def play(tmp_path):
    """Runs plays with extra variables against an inventory with one host, local; returns status and output."""

    def run(*plays, **extra):
        inventory = tmp_path / "hosts.yml"
        interpreter = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory.write_text(yaml.safe_dump({"environment": {"hosts": {"local": interpreter}}, "services": {}}))
        playbook = tmp_path / "play.yml"
        playbook.write_text(yaml.safe_dump(list(plays)))
        given = {"out": str(tmp_path), "region": "us-east-1", **extra}
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(inventory), str(playbook)]
        env = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_HOME": str(tmp_path / "ansible")}
        done = subprocess.run(
            [*command, "-e", json.dumps(given)], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_each_service_is_a_host_with_variables_of_its_own(play, tmp_path):
    services = [API | {"environment": {}}, WEB | {"port": 81}]
    status, output = play(HOSTS_PLAY, SHOW_PLAY, services=services)
    assert status == 0, output
    assert json.loads((tmp_path / "api").read_text()) == {"port": 8080, "environment": {}}
    assert json.loads((tmp_path / "web").read_text()) == {"port": 81, "environment": {"A": "us-east-1"}}
    assert "local                      : ok=1    changed=0" in output


def test_one_service_may_be_chosen(play, tmp_path):
    status, output = play(HOSTS_PLAY, SHOW_PLAY, services=[API | {"environment": {}}, WEB], only="api")
    assert status == 0, output
    assert (tmp_path / "api").exists()
    assert not (tmp_path / "web").exists()


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ([API, {"name": "web", "priority": 10}], "services api and web have the same priority: 10"),
        ([API | {"prot": 1}], "services[1] (api): unknown key prot; see the inputs of role ecs_service"),
        ([{"name": "local"}], "services[1]: the inventory has a host named local already"),
    ],
)
def test_a_wrong_list_is_refused(play, services, message):
    status, output = play(HOSTS_PLAY, services=services)
    assert status == 2
    assert message in output


def test_plain_values_pass(play, tmp_path):
    assert play(PLAIN_PLAY, image="registry/api:1.0.0")[0] == 0
    assert (tmp_path / "image").read_text() == "registry/api:1.0.0"
    assert play(PLAIN_PLAY)[0] == 0
    assert (tmp_path / "image").read_text() == "none"


def test_a_template_is_refused_and_never_rendered(play, tmp_path):
    status, output = play(PLAIN_PLAY, image="{{ lookup('ansible.builtin.pipe', 'touch ' ~ out ~ '/ran') }}")
    assert status == 2
    assert "image: only letters, digits and . _ / : @ - are allowed" in output
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "image").exists()


def test_a_text_is_printed_without_control_characters_and_a_host_of_no_environment_is_not_read(play):
    tasks = [{"slipway.ops.show_text": {"text": "first\n\x1b[31msecond"}}, {"slipway.ops.environment_info": {}}]
    status, output = play({"hosts": "environment", "gather_facts": False, "tasks": tasks})
    assert status == 2, output
    assert "first\n [31msecond\n" in output
    lacking = "slipway_environment, slipway_account_id, slipway_region"
    assert f"local is no environment, so nothing was read: its inventory lacks {lacking}" in output
