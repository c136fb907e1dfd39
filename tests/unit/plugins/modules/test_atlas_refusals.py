# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/atlas.md shows what the operator sees for each error code: it is what the module says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.atlas_errors import ADVICE

from localcloud.atlas.problems import STATUS
from tests.unit.atlas_playground import Playground

ROOT = Path(__file__).resolve().parents[4]
ROW = re.compile(r"^\| `([A-Z_]+)` \| (\d{3}) \| `([a-zA-Z]+)` \| (.+?) \|$", re.MULTILINE)
ROWS = {
    code: (int(status), operation, text)
    for code, status, operation, text in ROW.findall((ROOT / "docs/atlas.md").read_text())
}
#: The codes that the plan for this module listed, from Atlas's own documentation and its users' reports.
ASKED_FOR = {
    "CONTAINER_ALREADY_EXISTS",
    "CONTAINERS_IN_USE",
    "OVERLAPPING_CIDR_BLOCK",
    "OVERLAPPING_ATLAS_CIDR_BLOCK",
    "PEER_ALREADY_EXISTS",
    "PEER_ALREADY_REQUESTED_DELETION",
    "PEER_INVALID_STATE",
    "PEER_MAXIMUM_REACHED",
    "CANNOT_CHANGE_CONTAINER_REGION",
    "ATLAS_INVALID_CIDR_BLOCK",
    "ATLAS_INVALID_CIDR_BLOCK_RANGE",
    "ATLAS_NON_CANONICAL_CIDR_BLOCK",
    "INVALID_VERSION_DATE",
    "PEER_NOT_FOUND",
    "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND",
    "CANNOT_DELETE_RECENTLY_CREATED_CONTAINER",
    "RATE_LIMITED",
    "RATE_LIMITED_TOKEN_BUCKET",
}


def test_every_code_is_in_the_table():
    assert set(ROWS) == set(ADVICE)
    assert set(ADVICE) >= ASKED_FOR


def test_the_local_atlas_and_the_table_agree_on_the_status():
    known = {code: ROWS[code][0] for code in ROWS if code in STATUS}
    assert known == {code: STATUS[code] for code in known}


ENTRIES = [{"cidr_block": "10.0.0.0/16"}]


def prepare(ground, operation):
    """Bring the project to where the operation is the next to be called; the parameters that make it so."""
    if operation == "updateContainer":
        ground.ok(access_list=[])
        ground.ok(access_list=[], state="absent", keep_container=True)
        return {"atlas_cidr": "10.9.0.0/21"}
    if operation == "deleteContainer":
        ground.ok(access_list=[])
        ground.ok(access_list=[], state="absent", keep_container=True)
        return {"state": "absent", "wait_timeout": 0}
    if operation == "deletePeer":
        ground.ok(access_list=[])
        return {"state": "absent", "wait_timeout": 0}
    if operation == "getAccessStatus":
        ground.ok(access_list=ENTRIES)
    return {}


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_the_operator_sees_what_the_table_says(atlas_cloud, code, monkeypatch):
    monkeypatch.setattr("ansible_collections.slipway.ops.plugins.module_utils.atlas_client.TRIES", 1)
    status, operation, text = ROWS[code]
    ground = Playground(atlas_cloud)
    changes = {"access_list": ENTRIES} | prepare(ground, operation)
    fault = {"operation": operation, "kind": "error", "status": status, "code": code}
    atlas_cloud.admin("PUT", "faults", [fault])
    told = ground.fails(**changes)
    assert told["error_code"] == code
    seen = told["msg"].split(" Done before: ")[0].rstrip(".")
    seen = seen.replace("A fault was asked for", "DETAIL").replace(ground.vpc, "VPC")
    seen = re.sub(r"[0-9a-f]{24}", "ID", seen)
    assert seen == text.rstrip(".")
