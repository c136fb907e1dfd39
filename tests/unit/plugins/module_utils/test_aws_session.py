# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients from one session are those that AnsibleAWSModule would make, and the lease's do not wait long."""

from __future__ import annotations

import os

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession


@pytest.mark.parametrize("order", [("dynamodb", "ecs"), ("ecs", "dynamodb")])
def test_the_lease_does_not_wait_longer_than_it_lasts(monkeypatch, order):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with patch_module_args({"region": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}):
        module = AnsibleAWSModule(argument_spec={})
    session = OneSession(module)
    made = {name: session(name) for name in order}
    config = made["dynamodb"].meta.config
    assert (config.read_timeout, config.connect_timeout, config.retries["total_max_attempts"]) == (5, 3, 4)
    assert made["ecs"].meta.config.read_timeout == 60
    assert {client.meta.endpoint_url for client in made.values()} == {"http://127.0.0.1:9"}
    assert {client.meta.region_name for client in made.values()} == {"us-east-1"}
    own, modules = made["ecs"].meta.config, module.client("ecs").meta.config
    assert (own.user_agent, own.region_name) == (modules.user_agent, modules.region_name)


def test_what_is_wrong_with_the_profile_is_said_in_the_modules_words(monkeypatch, capsys, tmp_path):
    # amazon.aws takes keys of the environment for options, and moto of another test in this process may have set some.
    for name in [name for name in os.environ if name.startswith(("AWS_", "EC2_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with patch_module_args({"region": "us-east-1", "profile": "nobody"}):
        session = OneSession(AnsibleAWSModule(argument_spec={}))
        with pytest.raises(SystemExit):
            session("s3")
    assert "Couldn't connect to AWS: The config profile (nobody) could not be found" in capsys.readouterr().out
