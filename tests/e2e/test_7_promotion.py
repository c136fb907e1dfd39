# SPDX-License-Identifier: GPL-3.0-or-later
"""A release of the site goes from staging's account to production's, and nothing goes there that staging did not prove.

Images go the same way in tests/pipelines.
"""

from __future__ import annotations

import json
import urllib.request

import pytest

from localcloud.demo import site
from tests.e2e.harness import Done

HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch /dev/null') }} is what was typed"


@pytest.fixture(scope="module")
def staging(environments, first_runs):
    """Staging, with the first release of the site live."""
    assert first_runs["staging"].status == 0, first_runs["staging"].output[-3000:]
    done = environments["staging"].publish("1.0.0")
    assert done.status == 0, done.output[-3000:]
    return environments["staging"]


@pytest.fixture(scope="module")
def production(environments, first_runs):
    """Production, with nothing deployed."""
    assert first_runs["production"].status == 0, first_runs["production"].output[-3000:]
    return environments["production"]


def records(environment):
    """Of the site, oldest first."""
    found = environment.client("dynamodb").query(
        TableName=f"{environment.prefix}-releases",
        KeyConditionExpression="service = :site AND begins_with(#item, :release)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":site": {"S": "site"}, ":release": {"S": "release#"}},
    )
    return [json.loads(item["record"]["S"]) for item in found["Items"]]


def config(environment):
    """What a visitor's browser reads at run time."""
    with urllib.request.urlopen(f"{environment.site_url}/config.json", timeout=10) as answer:
        return json.load(answer)


def gate(done: Done) -> dict:
    """What the gate said."""
    return next(task["result"] for task in done.tasks if "proof" in task["result"])


def blocked(done: Done) -> str:
    """The message of a run that was refused."""
    assert done.status != 0, done.output[-3000:]
    assert done.deployment["outcome"] == "blocked"
    assert done.changed == []
    return done.deployment["msg"]


def test_what_staging_never_ran_is_refused(staging, production):
    told = blocked(production.publish("2.0.0"))
    assert "staging has no record of site " in told
    assert "its visitors are served what they were served before" in told
    [refusal] = records(production)
    assert (refusal["outcome"], refusal["environment"], refusal["schema"]) == ("blocked", "production", 1)


def test_what_serves_in_staging_is_promoted_from_its_bucket(staging, production):
    planned = production.playbook("promote", "--check", extra={"service": "site"})
    assert planned.status == 0, planned.output[-3000:]
    assert records(production)[-1]["outcome"] == "blocked"
    done = production.playbook("promote", extra={"service": "site"})
    assert done.status == 0, done.output[-3000:]
    proven, promoted = records(staging)[-1], records(production)[-1]
    assert promoted["outcome"] == "promoted"
    assert promoted["digest"] == proven["digest"] == f"sha256:{done.deployment['release']}"
    assert (gate(done)["outcome"], gate(done)["proof"]["id"]) == ("proven", proven["id"])
    assert (config(staging)["environment"], config(production)["environment"]) == ("staging", "production")


def test_a_typed_reason_opens_the_gate_and_is_kept_as_it_was_typed(production):
    bundle = {"bundle": str(site.RELEASES / "2.0.0")}
    assert "break_glass has 7 characters" in blocked(
        production.playbook("deploy_frontend", extra={**bundle, "break_glass": "because"})
    )
    done = production.playbook("deploy_frontend", extra={**bundle, "break_glass": HOSTILE})
    assert done.status == 0, done.output[-3000:]
    record = records(production)[-1]
    assert (record["outcome"], record["break_glass"]) == ("promoted", HOSTILE)
    assert gate(done)["outcome"] == "broken_glass"


def test_status_shows_both_side_by_side(staging, production):
    done = staging.playbook("status", "-i", "inventories/production", extra={"width": "300"})
    assert (done.status, done.changed) == (0, []), done.output[-3000:]
    read = [task["result"]["environment"] for task in done.tasks if task["task"] == "Read the environment"]
    read.sort(key=lambda each: each["name"], reverse=True)
    assert [(each["name"], each["account_id"], each["problems"]) for each in read] == [
        ("staging", "222222222222", []),
        ("production", "333333333333", []),
    ]
    assert [use["reason"] for use in read[1]["break_glass"]] == [HOSTILE]
    shown = [each["site"]["release"]["id"][:12] for each in read]
    assert f"would change site ({shown[1]} -> {shown[0]})" in done.output
