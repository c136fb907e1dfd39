# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor.yml on an account with nothing in it: what it looks at, and that it shows all of it whatever is wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

CHECKS = {
    "credentials",
    "account",
    "clock",
    "region",
    "zones",
    "quota: rules",
    "quota: target groups",
    "quota: VPCs",
    "quota: Fargate",
    "certificates",
    "IAM permissions",
    "DNS",
    "Atlas credentials",
    "Atlas role",
    "GitHub environment",
}


@pytest.fixture(scope="module")
def runs(fresh, environments, nothing):
    """The doctor with the right credentials, and with another account's and no secret of Atlas, at the same time."""
    theirs = environments["staging"].env
    wrong = {name: theirs[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    wrong["MONGODB_ATLAS_CLIENT_SECRET"] = "somebody-else-s-secret"
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(fresh.playbook, "doctor", env=env) for env in ({}, wrong)]
    assert fresh.everything() == nothing
    return [future.result() for future in done]


def rows(done):
    """check -> status, of all that the modules found."""
    return {row["check"]: row["status"] for task in done.tasks for row in task["result"].get("rows", [])}


def test_a_fresh_account_is_fit(runs):
    done = runs[0]
    assert done.status == 0, done.output[-3000:]
    assert done.changed == []
    found = rows(done)
    assert set(found) == CHECKS
    assert {check for check, status in found.items() if status != "ok"} <= {"IAM permissions", "clock"}
    assert "0 failures" in done.output


def test_all_that_is_wrong_is_said_at_once(runs):
    done = runs[1]
    assert done.status != 0
    found = rows(done)
    assert {check for check, status in found.items() if status == "failure"} == {"account", "Atlas credentials"}
    assert "the credentials belong to 222222222222, inventories/local to 111111111111" in done.output
    assert "slipway-local is not ready: account, region" in done.failures[-1]
