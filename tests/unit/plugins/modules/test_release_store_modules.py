# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules around the release store, with their own EXAMPLES, against DynamoDB over HTTP."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.slipway.ops.plugins.modules import (
    deploy_lock,
    release_record,
    release_record_info,
    table_protection,
)

from tests.unit.plugins.dynamo import Dynamo
from tests.unit.plugins.modules.aws_harness import run as run_module

TABLE = "slipway-staging-releases"


@pytest.fixture(scope="module")
def dynamo(tmp_path_factory):
    made = Dynamo(tmp_path_factory.mktemp("cloud"), TABLE)
    yield made
    made.close()


@pytest.fixture
def run(dynamo, monkeypatch, capsys):
    """Runs a module on an empty table, in the given account."""
    dynamo.delete()
    dynamo.create()
    for name, value in dynamo.variables().items():
        monkeypatch.setenv(name, value)
    return lambda module, check=False, **arguments: run_module(module.main, capsys, check=check, **arguments)


def examples(module):
    """Name -> arguments of the module's examples."""
    key = f"slipway.ops.{module.__name__.rpartition('.')[2]}"
    return {task["name"]: task[key] for task in yaml.safe_load(module.EXAMPLES)}


def test_the_lock_as_its_examples_show_it(run):
    given = examples(deploy_lock)
    assert run(deploy_lock, **given["Who deploys?"])["text"] == "nobody holds the lease of api"
    taking = given["Keep deployments away while the database is restored"] | {"owner": "alice", "wait": 0}
    assert run(deploy_lock, check=True, **taking)["changed"] is True
    taken = run(deploy_lock, **taking)
    assert (taken["held"], taken["owner"], taken["token"], taken["diff"]["before"]["held"]) == (True, "alice", 1, False)
    assert run(deploy_lock, **given["Who deploys?"])["run_id"] == taken["run_id"]

    extended = run(deploy_lock, **taking | {"run_id": taken["run_id"], "ttl": 9000})
    assert (extended["token"], extended["expires"] > taken["expires"]) == (1, True)
    for check in (True, False):
        refused = run(deploy_lock, check=check, **taking | {"owner": "bob"})
        assert refused["failed"] is True
        assert refused["msg"].startswith("alice (run ")

    giving = given["Let them go on"]
    assert run(deploy_lock, **giving | {"run_id": "another"})["changed"] is False
    giving["run_id"] = taken["run_id"]
    assert run(deploy_lock, check=True, **giving)["changed"] is True
    assert run(deploy_lock, **giving)["held"] is False
    again = run(deploy_lock, **giving)
    assert (again["changed"], again["token"]) == (False, 1)


def test_breaking_the_lock_needs_the_service_typed_once_more(run):
    given = examples(deploy_lock)
    breaking = given["Take the lease from a run that hangs"]
    assert run(deploy_lock, **breaking)["changed"] is False
    run(deploy_lock, **given["Who deploys?"] | {"action": "acquire"})
    refused = run(deploy_lock, **breaking | {"confirm": "web"})
    assert "if you mean it, add confirm: api" in refused["msg"]
    broken = run(deploy_lock, **breaking)
    assert (broken["changed"], broken["held"], broken["token"]) == (True, False, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ttl": 1}, "ttl 1: from 10 to 86400 seconds"),
        ({"table": "elsewhere"}, "the release store elsewhere does not exist: run site.yml first"),
        ({"action": "release"}, "action is release but all of the following are missing: run_id"),
    ],
)
def test_a_lock_that_cannot_be(run, changes, message):
    assert run(deploy_lock, **{"table": TABLE, "service": "api", **changes})["msg"] == message


def test_a_record_is_written_once_and_read_back_as_it_was(run):
    record = examples(release_record)["Write down a release"] | {
        "reason": "{{ lookup('pipe', 'id') }} \x1b[31m",
        "timings": {"healthy": 12.5},
        "smoke": [{"url": "/", "status": 200, "passed": True, "error": None}],
        "steps": [{"name": "wait", "seconds": 1.25, "detail": "x" * 5000}],
    }
    promised = run(release_record, check=True, **record)
    written = run(release_record, **record)
    again = run(release_record, **record)
    assert [answer["changed"] for answer in (promised, written, again)] == [True, True, False]
    assert promised["id"] == written["id"] == again["id"]
    assert run(release_record, check=True, **record)["changed"] is False

    found = run(release_record_info, **examples(release_record_info)["The last five releases that were promoted"])
    assert found["releases"] == [written["record"]]
    assert found["serving"] == written["record"]
    assert written["record"]["reason"] == record["reason"]
    assert written["record"]["timings"] == {"healthy": 12.5}
    assert written["record"]["smoke"] == record["smoke"]
    assert len(written["record"]["steps"][0]["detail"]) == 2000


def test_a_record_whose_answer_gets_lost_is_one_record(run, dynamo):
    record = examples(release_record)["Write down a release"]
    dynamo.lose_answer("PutItem")
    assert "failed" not in run(release_record, **record)
    assert dynamo.lost()
    assert len(run(release_record_info, table=TABLE, service="api")["releases"]) == 1


def test_the_newest_come_first_and_what_serves_is_found_beyond_them(run):
    base = {"table": TABLE, "service": "api"}
    for number, (kind, outcome, digest) in enumerate(
        [
            ("deploy", "promoted", "sha256:1"),
            ("deploy", "promoted", "sha256:2"),
            ("rollback", "rolled_back", "sha256:1"),
            ("deploy", "rolled_back", "sha256:3"),
            ("deploy", "blocked", ""),
        ]
    ):
        run(release_record, **base, kind=kind, outcome=outcome, digest=digest, started=1000 + number)
    run(release_record, table=TABLE, service="web", kind="deploy", outcome="promoted", digest="sha256:9", started=2000)
    newest = run(release_record_info, **base, limit=2)
    assert [(item["outcome"], item["started"]) for item in newest["releases"]] == [
        ("blocked", 1004.0),
        ("rolled_back", 1003.0),
    ]
    assert (newest["serving"]["kind"], newest["serving"]["digest"]) == ("rollback", "sha256:1")
    assert run(release_record_info, **base, outcomes=["superseded"])["releases"] == []
    assert run(release_record_info, table=TABLE, service="none")["serving"] is None
    assert run(release_record_info, **base, limit=0)["msg"] == "limit 0: at least 1"


def test_a_store_that_is_not_there_is_said(run):
    for module, more in ((release_record_info, {}), (release_record, examples(release_record)["Write down a release"])):
        failed = run(module, **{**more, "table": "elsewhere", "service": "api"})
        assert "elsewhere" in failed["msg"]
        assert "ResourceNotFoundException" in failed["msg"]


def test_protection_of_a_table(run, dynamo):
    given = examples(table_protection)
    whole = given["A table that is not lost by mistake"]
    promise, done = run(table_protection, check=True, **whole), run(table_protection, **whole)
    again = run(table_protection, **whole)
    assert (promise["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert promise["diff"] == done["diff"]
    table = dynamo.client.describe_table(TableName=TABLE)["Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSEDescription"]["KMSMasterKeyArn"] == whole["kms_key_arn"]
    backups = dynamo.client.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    bare = {"name": TABLE, "deletion_protection": False, "point_in_time_recovery": False}
    assert run(table_protection, **bare)["changed"] is True
    assert run(table_protection, **bare)["changed"] is False
    assert "SSEDescription" not in dynamo.client.describe_table(TableName=TABLE)["Table"]
    assert run(table_protection, check=True, name="new")["changed"] is True
    assert "does not exist" in run(table_protection, name="new")["msg"]
