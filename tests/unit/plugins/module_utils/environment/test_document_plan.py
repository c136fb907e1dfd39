# SPDX-License-Identifier: GPL-3.0-or-later
"""The snapshot as a whole, and what stands around the services."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

from ansible_collections.slipway.ops.plugins.module_utils.environment.document_plan import document, unreadable
from ansible_collections.slipway.ops.plugins.module_utils.environment.edge_plan import ci, gpu
from ansible_collections.slipway.ops.plugins.module_utils.environment.model_plan import Wanted, WantedService
from ansible_collections.slipway.ops.plugins.module_utils.environment.observed_plan import Observed
from ansible_collections.slipway.ops.plugins.module_utils.site.state_plan import Current

WANTED = Wanted(
    "staging",
    "222222222222",
    cluster="c",
    services=(WantedService("api"), WantedService("api-admin")),
    site="c-site",
    bucket="bucket",
    gpu="c-llm",
    oidc="c",
    atlas_project="p",
    gate={"from": "test"},
)
CURRENT = Current("active", 2, "ab" * 32, "", "publish", "E1", "2026-11-24T10:00:00Z", "run")


def record(outcome="promoted", digest=f"sha256:{'ab' * 32}", **changes):
    return {"id": "2026-11-24T10:00:00.000Z#1", "kind": "deploy", "outcome": outcome, "digest": digest, **changes}


def alarm(name, state="OK", **since):
    return {"AlarmName": name, "StateValue": state, **since}


def test_an_empty_account():
    shown = document(WANTED, "us-east-1", 1795500763.4, Observed())
    assert (shown["schema"], shown["read_at"]) == (1, "2026-11-24T06:12:43Z")
    for part in ("network", "load_balancer", "site", "gpu", "atlas"):
        assert shown[part] is None
    assert [each["live_color"] for each in shown["services"]] == [None, None]
    assert (shown["alarms"], shown["break_glass"], shown["problems"]) == ([], [], [])
    assert shown["ci"] == {"oidc_provider": False, "repositories": [], "roles": [], "gate": {"from": "test"}}
    assert json.loads(json.dumps(shown)) == shown


def test_what_was_read_is_in_its_place():
    group = {"TargetGroupArn": "tg/blue", "Weight": 100}
    rule = {
        "Priority": "1",
        "Conditions": [],
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [group]}}],
        "Tags": {"slipway:service": "api", "slipway:rule": "production"},
    }
    peers = [
        SimpleNamespace(vpc_id=vpc, status=status) for vpc, status in (("vpc-2", "FAILED"), ("vpc-1", "AVAILABLE"))
    ]
    found = Observed(
        vpc={"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"},
        of_vpc={name: [] for name in ("subnets", "tables", "nats", "endpoints", "logs", "connections")},
        balancer={"LoadBalancerArn": "arn", "LoadBalancerName": "c", "DNSName": "c.example"},
        listeners=[({"Port": 80, "Protocol": "HTTP"}, [rule, {**rule, "Tags": {}}])],
        groups={"api-blue": "tg/blue"},
        locks={"api": {"holder": "alice", "until": 1795500763, "url": None}, "site": None},
        records={"api": [record(break_glass="it burns", by="bob")], "site": [record(git_sha="3f7")]},
        alarms=[
            alarm("c-api-5xx", "ALARM", StateTransitionedTimestamp=datetime(2026, 11, 24, 10, tzinfo=UTC)),
            alarm("c-api-admin-5xx", StateUpdatedTimestamp=datetime(2026, 11, 24, 11, tzinfo=UTC)),
            alarm("c-llm-uptime"),
        ],
        distribution={"Id": "E1", "DomainName": "d1.cloudfront.net", "Status": "InProgress", "WebACLId": ""},
        invalidations=[{"Status": "InProgress"}, {"Status": "Completed"}],
        current=CURRENT,
        atlas={"peers": peers, "cluster": {"name": "main"}},
        problems=[{"part": "gpu", "message": "denied"}],
    )
    shown = document(WANTED, "us-east-1", 0.0, found)
    api, admin = shown["services"]
    assert (shown["network"]["vpc_id"], shown["load_balancer"]["name"]) == ("vpc-1", "c")
    assert (api["live_color"], admin["live_color"]) == ("blue", None)
    assert api["lock"] == {"holder": "alice", "until": "2026-11-24T06:12:43Z", "url": None}
    assert [each["name"] for each in api["alarms"]] == ["c-api-5xx"]
    assert [each["name"] for each in admin["alarms"]] == ["c-api-admin-5xx"]
    assert [each["since"] for each in shown["alarms"]] == ["2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", None]
    assert shown["break_glass"] == [
        {"at": "2026-11-24T10:00:00.000Z", "service": "api", "by": "bob", "reason": "it burns"}
    ]
    site = shown["site"]
    assert (site["status"], site["firewall"], site["invalidations_in_progress"], site["aliases"]) == (
        "InProgress",
        None,
        1,
        [],
    )
    assert (site["release"]["id"], site["release"]["git_sha"], site["release"]["outcome"]) == (
        "ab" * 32,
        "3f7",
        "promoted",
    )
    assert (site["lock"], site["proven"]["git_sha"]) == (None, "3f7")
    assert shown["atlas"] == {"project_id": "p", "peering_state": "AVAILABLE", "cluster": {"name": "main"}}
    assert shown["problems"] == [{"part": "gpu", "message": "denied"}]


def test_a_site_without_distribution_and_one_without_release():
    shown = document(WANTED, "us-east-1", 0.0, Observed(current=CURRENT, atlas={"peers": [], "cluster": None}))
    assert (shown["site"]["distribution_id"], shown["site"]["release"]["outcome"]) == (None, None)
    assert shown["atlas"]["peering_state"] is None
    distribution = {"Id": "E1", "Status": "Deployed", "Aliases": {"Items": ["example.com"]}}
    shown = document(WANTED, "us-east-1", 0.0, Observed(distribution=distribution))
    assert (shown["site"]["release"], shown["site"]["aliases"]) == (None, ["example.com"])


def test_what_gpu_hosts_cost():
    def host(number, kind, state="InService"):
        return {"InstanceId": f"i-{number}", "InstanceType": kind, "AvailabilityZone": "a", "LifecycleState": state}

    group = {
        "DesiredCapacity": 1,
        "MaxSize": 2,
        "Instances": [host(1, "g5.12xlarge"), host(2, "g5.xlarge", "Terminating")],
    }
    shown = gpu(WANTED, group, {"i-1": {"InstanceLifecycle": "spot"}})
    assert (shown["cost_per_hour_usd"], shown["desired"], shown["max"], shown["model"]) == (5.672, 1, 2, None)
    assert [each["lifecycle"] for each in shown["hosts"]] == ["spot", "on-demand"]
    assert gpu(WANTED, group | {"Instances": [host(1, "p5.48xlarge")]}, {})["cost_per_hour_usd"] is None
    assert gpu(WANTED, group | {"Instances": []}, {})["cost_per_hour_usd"] == 0


def test_whose_pipelines_may_deploy():
    def role(name, sub):
        condition = {"StringEquals": {"token.actions.githubusercontent.com:sub": sub}, "Bool": {"x": "true"}}
        return {"RoleName": name, "AssumeRolePolicyDocument": {"Statement": [{"Condition": condition}]}}

    roles = [
        role("c-github-deploy-api", ["repo:o/api:environment:staging", "repo:o@1/api@2:environment:staging"]),
        role("c-github-deploy-web", "repo:o/web:environment:staging"),
        role("c-task", "repo:o/other:environment:staging"),
        {"RoleName": "c-github-deploy-odd", "AssumeRolePolicyDocument": {"Statement": {"Action": "sts:AssumeRole"}}},
        {"RoleName": "c-github-deploy-none", "AssumeRolePolicyDocument": {}},
    ]
    shown = ci(WANTED, True, roles)
    assert shown["repositories"] == ["o/api", "o/web"]
    assert len(shown["roles"]) == 4


def test_an_environment_that_cannot_be_read():
    shown = unreadable(WANTED, "us-east-1", 0.0, "wrong account")
    assert shown.keys() == document(WANTED, "us-east-1", 0.0, Observed()).keys()
    assert shown["problems"] == [{"part": "environment", "message": "wrong account"}]
