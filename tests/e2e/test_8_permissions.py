# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of a pipeline have run under the roles that GitHub Actions gets, and AWS's side was enforcing: nothing
was missing, nothing is too much, and what these roles must not do they cannot."""

from __future__ import annotations

import json
import urllib.request

import boto3
import pytest
from ansible_collections.slipway.ops.plugins.module_utils.deploy_permissions_plan import GRANTS, PUSH
from botocore.exceptions import ClientError

from tests.e2e import roles
from tests.e2e.least_privilege import FORBIDDEN, UNUSED

#: Roles that did all of their work here; those of a backend in staging and production did none.
BUSY = [("local", "backend"), ("local", "frontend"), ("production", "frontend")]


@pytest.fixture(scope="module")
def recorded(environments):
    """(environment, repository) to the calls of the playbooks that its role ran."""
    url = environments["local"].env["AWS_ENDPOINT_URL"]
    with urllib.request.urlopen(f"{url}/_localcloud/calls", timeout=30) as answer:
        calls = json.load(answer)
    assert calls[0]["n"] == 1, "the log has forgotten its first calls"
    of_key = {
        keys["AWS_ACCESS_KEY_ID"]: (name, roles.RUN_BY.get(playbook, playbook))
        for name, environment in environments.items()
        for playbook, keys in environment.callers.items()
    }
    found = {place: [] for place in of_key.values()}
    for call in calls:
        if place := of_key.get(call["access_key"]):
            found[place].append(call)
    return found


def test_the_playbooks_have_run(environments, recorded):
    assert set(environments["local"].callers) >= set(roles.RUN_BY) - {"promote", "continue_backend"}
    assert "promote" in environments["production"].callers
    calls = {place: len(found) > 20 for place, found in recorded.items()}
    busy = [*BUSY, ("staging", "frontend"), *((name, roles.OPERATOR) for name in environments)]
    assert {place: calls.get(place) for place in busy} == dict.fromkeys(busy, True)
    assert calls["local", roles.STATUS]


def test_nothing_is_missing(recorded):
    refused = {
        (*place, call["operation"], asked["action"], asked["resource"])
        for place, found in recorded.items()
        for call in found
        for asked in call["asked"]
        if asked["decision"] != "allowed"
    }
    assert refused == set()


def test_nothing_is_too_much(environments, recorded):
    for name, repository in BUSY:
        used = {asked["action"] for call in recorded[name, repository] for asked in call["asked"]}
        documents = roles.policies(environments[name], repository)
        granted = {action for each in documents for statement in each["Statement"] for action in statement["Action"]}
        assert (name, repository, granted - used - set(UNUSED)) == (name, repository, set())


def test_every_reason_is_for_something_that_is_granted():
    assert set(UNUSED) <= {action for grant in GRANTS if grant.part != PUSH for action in grant.actions}


@pytest.fixture(scope="module")
def call(environments, first_runs):
    """Call an operation by a role in local; code and message of the refusal."""

    def made(repository, service, operation, parameters):
        env = environments["local"].env | environments["local"].keys(repository, f"{repository}-refused")
        client = boto3.client(
            service,
            region_name=env["AWS_REGION"],
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=env["AWS_SESSION_TOKEN"],
        )
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)(**parameters)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    return made


@pytest.mark.parametrize(
    ("repository", "service", "operation", "parameters"),
    FORBIDDEN,
    ids=[f"{number}-{each[0]}-{each[2]}" for number, each in enumerate(FORBIDDEN)],
)
def test_what_a_role_cannot_do(call, repository, service, operation, parameters):
    code, message = call(repository, service, operation, parameters)
    assert code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
    assert "because no identity-based policy allows the " in message
