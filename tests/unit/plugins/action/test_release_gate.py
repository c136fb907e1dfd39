# SPDX-License-Identifier: GPL-3.0-or-later
"""What was typed to break the glass reaches the module as it was typed; end to end: tests/e2e/test_7_promotion.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.slipway.ops.plugins.action.release_gate import ActionBase, ActionModule, run_of

HOSTILE = "{{ lookup('pipe', 'touch pwned') }} is what was typed"


@pytest.fixture
def arguments(monkeypatch):
    """What the module gets, given a task's arguments and the play's variables."""

    def call(args, variables):
        action = object.__new__(ActionModule)
        action._task = SimpleNamespace(args=args)
        monkeypatch.setattr(ActionBase, "run", lambda *_: {})
        monkeypatch.setattr(ActionModule, "_execute_module", lambda _self, module_args, task_vars: module_args)
        return action.run(task_vars=variables)

    monkeypatch.delenv("SLIPWAY_BREAK_GLASS", raising=False)
    return call


def test_the_text_is_taken_from_the_variables_or_the_environment(arguments, monkeypatch):
    assert arguments({}, {})["break_glass"] == ""
    assert arguments({}, {"break_glass": HOSTILE})["break_glass"] == HOSTILE
    monkeypatch.setenv("SLIPWAY_BREAK_GLASS", HOSTILE)
    assert arguments({}, {})["break_glass"] == HOSTILE
    assert arguments({"break_glass": ""}, {})["break_glass"] == ""
    with pytest.raises(AnsibleActionFail, match="break_glass is a list, not a text"):
        arguments({}, {"break_glass": [HOSTILE]})


def test_a_bundle_is_where_the_operator_is(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert arguments({"bundle": "dist"}, {})["bundle"] == str(tmp_path / "dist")


def test_who_asks_is_what_github_says():
    github = {
        "GITHUB_ACTOR": "alice",
        "GITHUB_RUN_ID": "7",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "a/b",
    }
    assert run_of(github) == {"by": "alice", "url": "https://github.com/a/b/actions/runs/7"}
    assert run_of({}) == {"by": "", "url": ""}
