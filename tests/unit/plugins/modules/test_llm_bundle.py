# SPDX-License-Identifier: GPL-3.0-or-later
"""Module llm_bundle: check mode promises what the run does, and the second run does nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.slipway.ops.plugins.modules import llm_bundle

ROLE = str(Path(__file__).resolve().parents[4] / "roles" / "llm_server")


def run(capsys, *, check=False, **given):
    with patch_module_args({"_ansible_check_mode": check, **given}), pytest.raises(SystemExit):
        llm_bundle.main()
    return json.loads(capsys.readouterr().out)


def test_made_once(capsys, tmp_path):
    given = {"role": ROLE, "variables": {"llm_server_name": "x"}, "dest": str(tmp_path / "gpu")}
    promised = run(capsys, check=True, **given)
    assert promised["changed"]
    assert not (tmp_path / "gpu").exists()
    done = run(capsys, **given)
    assert {name: done[name] for name in ("changed", "path", "sha256", "key", "size")} == {
        name: promised[name] for name in ("changed", "path", "sha256", "key", "size")
    }
    assert hashlib.sha256(Path(done["path"]).read_bytes()).hexdigest() == done["sha256"]
    assert not run(capsys, **given)["changed"]


def test_a_refusal_says_that_nothing_was_changed(capsys, tmp_path):
    found = run(capsys, role=str(tmp_path), variables={}, dest=str(tmp_path))
    assert found["failed"]
    assert "it is not llm_server; nothing on AWS was changed" in found["msg"]
