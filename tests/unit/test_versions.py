# SPDX-License-Identifier: GPL-3.0-or-later
"""What is pinned in two places is pinned alike."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path

import ansible_collections
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.txt").read_text()
PINS = dict(
    re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==(\S+)$", (ROOT / "requirements.in").read_text().lower(), re.MULTILINE)
)


@pytest.mark.parametrize(
    "collection", yaml.safe_load((ROOT / "requirements.yml").read_text())["collections"], ids=lambda c: c["name"]
)
def test_galaxy_and_the_ansible_package_bring_the_same_collection(collection):
    namespace, name = collection["name"].split(".")
    found = [
        Path(root, namespace, name, "MANIFEST.json")
        for root in ansible_collections.__path__
        if Path(root, namespace, name, "MANIFEST.json").exists()
    ]
    assert json.loads(found[0].read_text())["collection_info"]["version"] == collection["version"]


def test_galaxy_dependencies_are_the_required_collections():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]
    required = yaml.safe_load((ROOT / "requirements.yml").read_text())["collections"]
    assert set(galaxy) == {entry["name"] for entry in required}


@pytest.mark.parametrize("name", sorted(PINS))
def test_the_lock_and_this_environment_hold_what_requirements_in_pins(name):
    assert re.search(
        rf"^{re.escape(name)}(\[[a-z]+\])?=={re.escape(PINS[name])} ", LOCK, re.MULTILINE | re.IGNORECASE
    ), name
    assert version(name) == PINS[name]


def test_every_locked_requirement_has_a_hash_and_no_address():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) > 50
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in LOCK
    assert "index" not in LOCK.lower().replace("multidict", "")
