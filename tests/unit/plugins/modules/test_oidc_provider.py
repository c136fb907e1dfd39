# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity provider: promised, made, shared, and left to whoever else uses it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.modules import oidc_provider

from localcloud.mends import iam as mended
from tests.unit.plugins.modules.aws_harness import run, world

__all__ = ["world"]

URL = "token.actions.githubusercontent.com"
ARN = f"arn:aws:iam::123456789012:oidc-provider/{URL}"
TAGS = {"slipway:environment": "staging"}


@pytest.fixture
def iam(world, monkeypatch):
    method = "add_client_id_to_open_id_connect_provider"
    monkeypatch.setattr(mended.IamResponse, method, getattr(mended, method), raising=False)
    return world.client("iam")


@pytest.fixture
def call(iam, capsys):
    return lambda check=False, **arguments: run(
        oidc_provider.main, capsys, check=check, **{"arn": ARN, "tags": TAGS, **arguments}
    )


def trusting(iam, name):
    statement = {"Effect": "Allow", "Principal": {"Federated": ARN}, "Action": "sts:AssumeRoleWithWebIdentity"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))


def test_made_once_and_removed_once(iam, call):
    promise, done, again = call(check=True), call(), call()
    assert (promise["changed"], promise["diff"], promise["steps"]) == (True, done["diff"], ["create"])
    assert (done["changed"], again["changed"], again["trusting"]) == (True, False, [])
    made = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    assert (made["ClientIDList"], made["Tags"]) == (
        ["sts.amazonaws.com"],
        [{"Key": "slipway:environment", "Value": "staging"}],
    )
    assert [call(check, state="absent")["steps"] for check in (True, False, False)] == [["delete"], ["delete"], []]
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_somebody_else_s_gets_the_audience_and_stays(iam, call):
    iam.create_open_id_connect_provider(Url=f"https://{URL}", ClientIDList=["theirs"])
    assert call()["steps"] == ["add audience"]
    assert call()["changed"] is False
    left = call(state="absent")
    assert (left["changed"], left["kept"]) == (
        False,
        "it has not the tags of this environment, so somebody else made it",
    )
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    assert (found["ClientIDList"], found["Tags"]) == (["theirs", "sts.amazonaws.com"], [])


def test_it_stays_while_a_role_trusts_it(iam, call):
    call()
    trusting(iam, "theirs")
    trusting(iam, "ours")
    left = call(state="absent", leaving_roles=["ours"])
    assert (left["changed"], left["kept"], left["trusting"]) == (
        False,
        "roles still trust it: theirs",
        ["ours", "theirs"],
    )
    assert call(state="absent", leaving_roles=["ours", "theirs"])["steps"] == ["delete"]


def test_made_or_deleted_meanwhile_is_no_error(iam, call, monkeypatch):
    call()
    monkeypatch.setattr(oidc_provider, "read", lambda _client, _arn: None)
    assert call()["steps"] == ["create"]
    found = oidc_provider.Provider((), TAGS)
    monkeypatch.setattr(oidc_provider, "read", lambda _client, _arn: found)
    assert [call(state="absent")["steps"] for _ in range(2)] == [["delete"]] * 2


def test_an_arn_of_something_else_is_refused(call):
    refused = call(arn="arn:aws:iam::123456789012:role/x")
    assert (refused["failed"], refused["msg"]) == (
        True,
        "arn:aws:iam::123456789012:role/x is no ARN of an identity provider: nothing was changed",
    )
