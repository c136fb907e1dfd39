# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of one account over the records of another, against DynamoDB and ECR over HTTP."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.slipway.ops.plugins.modules import (
    image_registry,
    release_gate,
    release_record,
    table_protection,
)
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from localcloud.mends import ecr, ecr_accounts
from tests.unit.plugins.dynamo import ACCOUNT, OTHER, Dynamo, client
from tests.unit.plugins.modules.aws_harness import run as run_module

TABLE = "slipway-staging-releases"
ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT.id}:table/{TABLE}"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []})
DIGEST = f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"
ELSE = f"sha256:{'e' * 64}"
HOSTILE = "{{ lookup('pipe', 'touch pwned') }} because it burns"
PASSED = {"kind": "deploy", "outcome": "promoted", "digest": DIGEST, "by": "alice", "git_sha": "3f78", "started": 1000}
HERE, THERE = (f"{account.id}.dkr.ecr.us-east-1.amazonaws.com/api" for account in (OTHER, ACCOUNT))
MENDED = (
    (ECRBackend, "put_image"),
    (ECRBackend, "complete_layer_upload"),
    (ECRResponse, "get_download_url_for_layer"),
    (ECRResponse, "ecr_backend"),
)


@pytest.fixture(scope="module")
def dynamo(tmp_path_factory):
    made = Dynamo(tmp_path_factory.mktemp("cloud"), TABLE)
    with pytest.MonkeyPatch.context() as patch:
        # Put back afterwards what the mends take the place of.
        for owner, name in MENDED:
            patch.setattr(owner, name, getattr(owner, name))
        ecr.install()
        ecr_accounts.install()
        yield made
    made.close()


@pytest.fixture
def run(dynamo, monkeypatch, capsys):
    """Runs a module in staging's account, with another=True in production's, which may read staging's empty table."""
    dynamo.delete()
    dynamo.create()

    def call(module, check=False, another=False, **arguments):
        for name, value in dynamo.variables(OTHER if another else ACCOUNT).items():
            monkeypatch.setenv(name, value)
        return run_module(module.main, capsys, check=check, **arguments)

    open_table = {"name": TABLE, "deletion_protection": False, "readers": [OTHER.id]}
    assert call(table_protection, **open_table)["steps"] == ["point-in-time recovery", "readers"]
    assert call(table_protection, **open_table)["changed"] is False
    return call


def gate(run, **arguments):
    """The question from production."""
    given = {"table": ARN, "source": "staging", "environment": "production", "service": "api"}
    return run(release_gate, another=True, **{**given, **arguments})


def write(run, *records):
    for number, record in enumerate(records):
        run(release_record, table=TABLE, service="api", **{"started": 1000 + number, "token": number + 1, **record})


def test_what_passed_there_may_go_here(run):
    write(run, PASSED)
    for named in ({"image": f"api@{DIGEST}"}, {"digest": DIGEST}, {"digest": DIGEST[7:19]}, {"take_serving": True}):
        found = gate(run, **named)
        assert (found["outcome"], found["digest"], found["git_sha"]) == ("proven", DIGEST, "3f78")
    assert found["changed"] is False
    assert (found["proof"]["by"], "steps" in found["proof"]) == ("alice", False)


@pytest.mark.parametrize(
    ("records", "asked", "told"),
    [
        ([], {"digest": DIGEST}, "staging has no record of api "),
        ([], {"take_serving": True}, "staging serves no api yet"),
        ([], {"digest": "abcdef0123"}, "0 releases in the records of staging begin with abcdef0123"),
        ([PASSED | {"outcome": "failed", "reason": HOSTILE}], {"digest": DIGEST}, f"ended failed ({HOSTILE})"),
        (
            [PASSED, {"kind": "rollback", "outcome": "rolled_back", "digest": ELSE, "previous_digest": DIGEST}],
            {"digest": DIGEST},
            "staging went back from ",
        ),
        ([PASSED], {"image": "api:1.0.0"}, "image 'api:1.0.0' is not named by its digest"),
        ([PASSED], {"image": f"api@{DIGEST}", "digest": ELSE}, f"the image is {DIGEST}, not {ELSE}"),
        ([PASSED], {"digest": "1.0.0"}, "'1.0.0' names no artifact"),
        ([PASSED], {}, "no artifact is named"),
        ([PASSED], {"digest": DIGEST, "repository": "docker.io/api"}, "is no Amazon ECR image"),
        ([PASSED], {"digest": DIGEST, "table": f"{ARN}-not"}, "the releases of staging cannot be read"),
        ([PASSED], {"kind": "site", "bundle": "nowhere"}, "nowhere does not exist"),
    ],
    ids=[
        "never-seen",
        "nothing-serves",
        "unknown-beginning",
        "failed",
        "rolled-back-since",
        "tag",
        "two-artifacts",
        "malformed",
        "nothing-named",
        "no-repository",
        "no-table",
        "no-bundle",
    ],
)
def test_a_refusal_says_why_and_what_to_do(run, records, asked, told):
    write(run, *records)
    found = gate(run, **asked)
    assert (found["failed"], found["outcome"], found["changed"]) == (True, "blocked", False)
    assert told in found["msg"]
    assert "Nothing was changed in production: its " in found["msg"]
    assert found["next"].startswith("ansible-playbook -i inventories/")
    assert f"Next: `{found['next']}`" in found["msg"]


def test_the_policy_of_the_table_opens_it_and_closes_it(run):
    write(run, PASSED)
    run(table_protection, name=TABLE, deletion_protection=False, readers=[])
    found = gate(run, digest=DIGEST)
    assert "the releases of staging cannot be read" in found["msg"]
    assert "AccessDeniedException" in found["msg"]
    role = f"arn:aws:iam::{OTHER.id}:role/promote"
    run(table_protection, name=TABLE, deletion_protection=False, readers=[role])
    assert "AccessDeniedException" in gate(run, digest=DIGEST)["msg"]
    assert "neither an account" in run(table_protection, name=TABLE, readers=["production"])["msg"]


def test_a_record_of_another_form_is_not_guessed_at(run, dynamo):
    write(run, PASSED)
    content = json.dumps({**PASSED, "id": "9#x", "schema": 2})
    item = {"service": {"S": "api"}, "item": {"S": "release#9#x"}, "record": {"S": content}}
    dynamo.client.put_item(TableName=TABLE, Item=item)
    assert "its form is 2, and this version of Slipway knows 1" in gate(run, digest=DIGEST)["msg"]


def test_a_typed_reason_opens_what_is_closed_and_is_kept(run):
    assert "break_glass has 8 characters" in gate(run, digest=DIGEST, break_glass="it burns ")["msg"]
    broken = gate(run, digest=DIGEST, break_glass=f" {HOSTILE}\x1b[31m\n")
    assert (broken["outcome"], broken["break_glass"]) == ("broken_glass", f"{HOSTILE} [31m")
    assert "staging has no record of api" in broken["reason"]
    assert gate(run, digest=DIGEST, table="elsewhere", break_glass=HOSTILE)["outcome"] == "broken_glass"
    assert gate(run, image="api:latest", break_glass=HOSTILE)["outcome"] == "blocked"
    write(run, PASSED)
    needless = gate(run, digest=DIGEST, break_glass=HOSTILE)
    assert (needless["outcome"], needless["break_glass"]) == ("proven", "")
    assert needless["notes"] == ["break_glass was given and not needed: it is not recorded"]


def test_an_image_is_replicated_and_verified_or_pulled(run, dynamo):
    write(run, PASSED)
    registries = [client("ecr", dynamo.url, account) for account in (ACCOUNT, OTHER)]
    for each in registries:
        each.create_repository(repositoryName="api")
    for another, given in ((False, {"replicate_to": [OTHER.id]}), (True, {"accept_from": [ACCOUNT.id]})):
        given["repositories"] = ["api"]
        promised = run(image_registry, check=True, another=another, **given)
        assert promised["changed"] is True
        assert run(image_registry, another=another, **given)["diff"] == promised["diff"]
        assert run(image_registry, another=another, **given)["changed"] is False
    missing = gate(run, take_serving=True, repository=HERE, wait=0.1, poll_interval=0.05)
    assert f"{DIGEST} is not in repository {HERE} (waited 0 s for it)" in missing["msg"]
    registries[0].put_image(repositoryName="api", imageManifest=MANIFEST, imageTag="1.0.0")
    assert gate(run, take_serving=True, repository=HERE)["image"] == f"{HERE}@{DIGEST}"

    assert "AccessDeniedException" in gate(run, digest=DIGEST, repository=THERE)["msg"]
    policy = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER.id}:root"}, "Action": "ecr:BatchGetImage"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    registries[0].set_repository_policy(repositoryName="api", policyText=text)
    assert gate(run, digest=DIGEST, repository=THERE)["image"] == f"{THERE}@{DIGEST}"

    for another in (False, True):
        assert run(image_registry, another=another, repositories=["api"])["changed"] is True
        assert run(image_registry, another=another, repositories=["api"])["changed"] is False
    assert "'staging' is no account" in run(image_registry, repositories=["api"], accept_from=["staging"])["msg"]
