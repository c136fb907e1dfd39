# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle that a host boots from: what is in it, that it depends on nothing else, what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.llm_bundle_plan import BundleError, bundle
from ansible_collections.slipway.ops.plugins.modules import llm_bundle

ROLE = Path(__file__).resolve().parents[4] / "roles" / "llm_server"
FILES = {
    "files/boot.sh": b"boot",
    "files/boot.yml": b"play",
    "files/make_manifest.py": b"for people",
    "files/slipway_llm/a.py": b"a",
    "files/slipway_llm/__pycache__/a.pyc": b"compiled",
    "tasks/main.yml": b"tasks",
    "tasks/.main.yml.swp": b"an editor's",
    "README.md": b"for people",
}


def unpacked(made):
    with tarfile.open(fileobj=io.BytesIO(made.content)) as tar:
        return {member.name: (member.mode, tar.extractfile(member).read()) for member in tar.getmembers()}


def test_it_holds_the_role_the_playbook_and_the_variables():
    variables = {"llm_server_name": "x", "llm_server_args": ["--a=1"], "llm_server_environment": {"A": "1"}}
    made = bundle(FILES, variables)
    found = unpacked(made)
    assert json.loads(found.pop("variables.json")[1]) == variables
    assert found == {
        "boot.sh": (0o755, b"boot"),
        "boot.yml": (0o644, b"play"),
        "roles/llm_server/files/slipway_llm/a.py": (0o644, b"a"),
        "roles/llm_server/tasks/main.yml": (0o644, b"tasks"),
    }
    assert made.key == f"gpu/{hashlib.sha256(made.content).hexdigest()}.tar"


def test_its_name_depends_on_what_is_in_it_alone():
    made = bundle(FILES, {"llm_server_name": "x", "llm_server_port": 1})
    assert bundle(dict(reversed(FILES.items())), {"llm_server_port": 1, "llm_server_name": "x"}) == made
    assert bundle(FILES, {"llm_server_name": "y", "llm_server_port": 1}).key != made.key
    assert bundle({**FILES, "tasks/main.yml": b"other"}, {"llm_server_name": "x", "llm_server_port": 1}).key != made.key


@pytest.mark.parametrize(
    ("role", "variables", "message"),
    [
        ({"tasks/main.yml": b""}, {}, "it is not llm_server"),
        (FILES, {"gpu_host_name": "x"}, "gpu_host_name: only inputs"),
        (FILES, {"llm_server_name": "{{ x }}"}, "llm_server_name holds a template"),
        (FILES, {"llm_server_args": ["a", ("{% x %}",)]}, "llm_server_args holds a template"),
        (FILES, {"llm_server_environment": {"{# x": 1}}, "llm_server_environment holds a template"),
    ],
    ids=["another role", "another's input", "text", "list", "key"],
)
def test_what_is_refused(role, variables, message):
    with pytest.raises(BundleError, match=message):
        bundle(role, variables)


def test_the_real_role_is_one_and_is_written_whole(tmp_path):
    made = bundle(llm_bundle.read(ROLE), {})
    assert {"boot.sh", "roles/llm_server/files/slipway_llm/refill.py"} <= set(unpacked(made))
    llm_bundle.write(tmp_path / "new" / "x.tar", made)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.tar"]
