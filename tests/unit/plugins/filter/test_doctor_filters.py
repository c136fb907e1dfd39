# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of doctor.yml and destroy.yml, as Ansible finds them."""

from __future__ import annotations

from ansible_collections.slipway.ops.plugins.filter import destroy_lines, doctor_table, operator_permissions

ROW = {"check": "region", "status": "ok", "found": "us-east-1 is enabled", "remedy": ""}
SCOPE = {
    "account_id": "111111111111",
    "region": "us-east-1",
    "name": "slipway-local",
    "table": "slipway-local-releases",
    "topic": "",
    "services": [{"name": "api", "priority": 1}],
    "tags": {"slipway:environment": "local"},
}


def test_the_table():
    lines = doctor_table.FilterModule().filters()["doctor_table"]([ROW])
    assert (lines[2], lines[-1]) == ("region  ok      us-east-1 is enabled", "0 failures, 0 warnings, 1 ok")


def test_what_would_go_and_what_is_left():
    lines = destroy_lines.FilterModule().filters()["destroy_lines"]
    assert lines([])[0] == "would go:"
    assert lines([], gone=True)[0].startswith("nothing of the environment is left")


def test_what_the_operator_must_be_allowed():
    found = operator_permissions.FilterModule().filters()["operator_permissions"](SCOPE)
    asked = {action: each for each in found for action in each["actions"]}
    assert {"ec2:CreateVpc", "ecs:CreateService", "iam:CreateRole", "s3:DeleteBucket"} <= set(asked)
    assert asked["ec2:DeleteVpc"]["context"] == {"aws:ResourceTag/slipway:environment": ["local"]}
    assert all(each["resources"] for each in found)
