# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the doctor against moto, a stub of GitHub and the local Atlas: no finding ends them."""

from __future__ import annotations

import datetime
import functools
import http.server
import json
import os
import threading
from pathlib import Path

import boto3
import pytest
import yaml
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.doctor import aws_looks, environment
from ansible_collections.slipway.ops.plugins.modules import atlas_checks, environment_checks, github_environment_checks
from moto import mock_aws
from moto.iam.responses import IamResponse

from localcloud.mends import iam, servicequotas
from tests.unit.plugins.modules.aws_harness import run

ACCOUNT, REGION = "123456789012", "us-east-1"
# Long enough for no_log to hide nothing else.
TOKEN = "token-of-nobody"
GIVEN = {
    "environment": "staging",
    "account_id": ACCOUNT,
    "region": REGION,
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "services": [{"name": "api", "max_count": 12}],
    "tags": {"slipway:environment": "staging"},
    "nat": "single",
}


@pytest.fixture(scope="module")
def cloud():
    """Clients of an account of its own, with the credentials of a role that may look and simulate."""
    servicequotas.install()
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for key in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(key)
        for key, value in {"ACCESS_KEY_ID": "unused", "SECRET_ACCESS_KEY": "unused", "REGION": REGION}.items():
            patch.setenv(f"AWS_{key}", value)
        patch.setattr(IamResponse, "simulate_principal_policy", iam.simulate_principal_policy, raising=False)
        keys = credentials()
        # One client a service: making one costs more than all its calls.
        client = functools.cache(lambda name, region=REGION: boto3.client(name, region_name=region, **keys))
        patch.setattr(AnsibleAWSModule, "client", lambda _module, name, region=REGION: client(name, region))
        patch.setattr(OneSession, "__call__", lambda _session, name: client(name))
        yield client


def credentials():
    """Of a role with a path, which may do everything with ECS and nothing else, for boto3."""
    made = boto3.client("iam")
    allowed = [
        {"Effect": "Allow", "Action": ["ecs:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["ec2:*"], "Resource": "*", "Condition": {"StringEquals": {"ec2:Vpc": "v"}}},
    ]
    role = made.create_role(RoleName="ops", Path="/people/", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    made.put_role_policy(RoleName="ops", PolicyName="p", PolicyDocument=document)
    keys = boto3.client("sts", region_name=REGION).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


@pytest.fixture
def rows(capsys):
    """Runs a module; check -> (status, found)."""

    def look(module, **given):
        result = run(module.main, capsys, **given)
        assert result["changed"] is False, result
        return {row["check"]: (row["status"], row["found"]) for row in result["rows"]}

    return look


def test_a_fit_account(cloud, rows):
    ec2 = cloud("ec2")
    ec2.allocate_address(Domain="vpc")
    mine = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[mine], Tags=[{"Key": "slipway:environment", "Value": "staging"}])
    permissions = [{"actions": ["ecs:CreateService", "s3:GetObject"], "resources": ["*"]}]
    gpu = {"name": "llm", "count": 5, "instance_type": "g5.12xlarge"}
    found = rows(environment_checks, **GIVEN, permissions=permissions, gpu=gpu, names=["127.0.0.1", "localhost", ""])
    assert found == {
        "credentials": ("ok", f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/session"),
        "account": ("ok", f"{ACCOUNT}, as inventories/staging has it"),
        "clock": found["clock"],
        "region": ("ok", "us-east-1 is enabled"),
        "zones": ("ok", "us-east-1a, us-east-1b available"),
        "quota: rules": ("ok", "needs 2 rules, the quota is 100"),
        "quota: target groups": ("ok", "needs 3 target groups, the quota is 3000"),
        "quota: VPCs": ("ok", "needs 1 VPCs, others have 1, the quota is 5"),
        "quota: elastic IPs": ("ok", "needs 1 addresses, others have 1, the quota is 5"),
        "quota: Fargate": ("ok", "needs 6 vCPUs, the quota is 1000"),
        "quota: GPU hosts": ("failure", "needs 240 vCPUs, the quota is 192"),
        "certificates": ("ok", "the inventory names none, and no domain"),
        "IAM permissions": ("failure", "1 of 2 actions are refused: s3:GetObject"),
        "DNS": ("ok", "localhost resolved"),
    }


def test_another_account_is_not_looked_at(cloud, rows):
    found = rows(environment_checks, **{**GIVEN, "account_id": "222222222222"})
    assert found["account"][0] == "failure"
    assert found["zones"] == ("warning", "not looked at: the credentials are another account's")
    assert found["DNS"] == ("ok", "the inventory names no host")


def test_certificates_are_asked_for_where_they_are(cloud, rows):
    acm = cloud("acm", "eu-west-1")
    arn = acm.request_certificate(DomainName="example.com")["CertificateArn"]
    wanted = [
        {"name": "site", "arn": arn},
        {"name": "old", "arn": arn[:-4] + "0000"},
        {"name": "by name", "names": ["example.com"], "region": "eu-west-1"},
        {"name": "new", "names": ["new.example.com"]},
        {"name": "nothing"},
    ]
    found = rows(environment_checks, **GIVEN, certificates=wanted)
    assert found["certificate: by name"] == found["certificate: site"]
    assert found["certificate: new"] == ("ok", "there is none for new.example.com yet; site.yml requests it")
    assert "certificate: nothing" not in found
    assert found["certificate: site"] == ("failure", f"{arn} is PENDING_VALIDATION")
    assert "does not exist" in found["certificate: old"][1]


def test_the_hosted_zone(cloud, rows):
    assert rows(environment_checks, **GIVEN, zone="example.com")["DNS zone"][0] == "failure"
    for name in ("example.com", "example.com.other.net"):
        cloud("route53").create_hosted_zone(Name=name, CallerReference=name)
    assert rows(environment_checks, **GIVEN, zone="example.com")["DNS zone"] == (
        "ok",
        "example.com is here, and public",
    )


def test_names_that_lead_nowhere(cloud, rows, monkeypatch):
    def unknown(*_arguments, **_named):
        raise OSError("no such name")

    monkeypatch.setattr(environment.socket, "getaddrinfo", unknown)
    found = rows(environment_checks, **GIVEN, names=["api.invalid"])
    assert found["DNS: api.invalid"] == ("warning", "not resolved from this machine: no such name")


def test_an_instance_type_that_aws_does_not_know(cloud, rows):
    found = rows(environment_checks, **GIVEN, gpu={"name": "llm", "count": 1, "instance_type": "g9.huge"})
    assert found["quotas"][0] == "warning"
    assert "g9.huge" in found["quotas"][1]


def test_conditions_are_simulated_with_what_will_be(cloud, rows):
    asked = {"actions": ["ec2:CreateSubnet"], "resources": ["*"]}
    unknown = rows(environment_checks, **GIVEN, permissions=[asked])["IAM permissions"]
    assert unknown == ("warning", "allowed, and 1 under conditions: ec2:CreateSubnet")
    for value, status in (("v", "ok"), ("w", "failure")):
        permissions = [{**asked, "context": {"ec2:Vpc": [value]}}]
        assert rows(environment_checks, **GIVEN, permissions=permissions)["IAM permissions"][0] == status


def test_a_user_is_simulated_too(cloud):
    arn = cloud("iam").create_user(UserName="ada")["User"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    cloud("iam").put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=json.dumps(document))
    asked = {"actions": ["s3:GetObject", "ecs:RunTask"], "resources": ["*"], "context": None}
    found = environment.simulated(cloud("iam"), environment.Identity(ACCOUNT, arn), [asked])
    assert [(each.action, each.allowed) for each in found] == [("ecs:RunTask", False), ("s3:GetObject", True)]


def test_the_root_user_is_not_simulated(cloud):
    root = environment.Identity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    wanted = [{"actions": ["ecs:CreateService"], "resources": ["*"]}]
    assert environment.simulated(cloud("iam"), root, wanted) == []


class Answering:
    """A client of STS that answers, or raises what botocore raises."""

    def __init__(self, date, error=None):
        self.answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date} if date else {}}, "Account": "1", "Arn": "a"}
        self.error = error

    def get_caller_identity(self):
        if self.error:
            raise self.error
        return self.answer


def http_date(seconds):
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    return then.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_the_clock_is_compared_also_where_credentials_are_refused():
    told = {"Error": {"Code": "SignatureDoesNotMatch", "Message": "expired"}}
    error = aws_looks.ClientError({**told, **Answering(http_date(900)).answer}, "GetCallerIdentity")
    identity, skew = aws_looks.caller(Answering("", error))
    assert "SignatureDoesNotMatch" in identity.why
    assert 890 < skew < 910
    assert -910 < aws_looks.caller(Answering(http_date(-900)))[1] < -890
    assert aws_looks.caller(Answering("yesterday"))[1] == aws_looks.Unread("its answer has no readable Date")
    unspecified, untold = aws_looks.caller(Answering("", aws_looks.BotoCoreError()))
    assert unspecified == untold == aws_looks.Unread("An unspecified error occurred")


def test_defaults_are_those_of_the_role():
    role = Path(__file__).resolve().parents[4] / "roles" / "ecs_service" / "defaults" / "main.yml"
    defaults = yaml.safe_load(role.read_text())
    options = yaml.safe_load(environment_checks.DOCUMENTATION)["options"]
    for option, name in (("service_cpu", "ecs_service_cpu"), ("service_max_count", "ecs_service_max_count")):
        assert options[option]["default"] == defaults[name]


PROTECTED = {
    "name": "production",
    "can_admins_bypass": False,
    "deployment_branch_policy": {"protected_branches": True},
    "protection_rules": [
        {"type": "required_reviewers", "prevent_self_review": True, "reviewers": [{"reviewer": {"login": "ada"}}]}
    ],
}
ANSWERS = {
    "/repos/o/good/environments/production": (200, PROTECTED),
    "/repos/o/other/environments/live%20now": (200, []),
    "/repos/o/refused/environments/production": (403, {}),
    "/repos/o/moved/environments/production": (301, {}),
    "/repos/o/broken/environments/production": (500, {}),
}


class GitHub(http.server.BaseHTTPRequestHandler):
    """Answers as ANSWERS has it, and 404 to all else."""

    def do_GET(self):
        authorized = self.headers["Authorization"] == f"Bearer {TOKEN}"
        status, body = ANSWERS.get(self.path, (404, {})) if authorized else (401, {})
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def github():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_github_environments(github, rows):
    names = ("good", "refused", "moved", "broken", "none")
    repositories = [{"repository": f"o/{name}"} for name in names]
    repositories.append({"repository": "o/other", "environment": "live now"})
    given = {"environment": "production", "reviewers": True, "token": TOKEN, "api_url": github}
    found = rows(github_environment_checks, repositories=repositories, **given)
    prefix = "GitHub environment: o/"
    assert found == {
        f"{prefix}good production": ("ok", "protected branches only; asks ada"),
        f"{prefix}refused production": ("warning", "not known: looking was refused (status 403)"),
        f"{prefix}moved production": ("failure", "could not be looked at: status 301"),
        f"{prefix}broken production": ("failure", "could not be looked at: status 500"),
        f"{prefix}none production": ("failure", "it does not exist; GitHub would make it without protection"),
        f"{prefix}other live now": (
            "failure",
            "could not be looked at: GitHub answered with something else than an environment",
        ),
    }


def test_github_is_asked_with_a_token_by_https_only(rows, monkeypatch):
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    given = {"environment": "production", "repositories": [{"repository": "o/r"}], "api_url": "http://api.example"}
    assert rows(github_environment_checks, **given)["GitHub environment"][0] == "warning"
    [(status, said)] = rows(github_environment_checks, **given, token=TOKEN).values()
    assert (status, "is not https" in said) == ("failure", True)
    unreachable = {**given, "api_url": "http://127.0.0.1:9", "token": TOKEN}
    assert "refused" in rows(github_environment_checks, **unreachable)["GitHub environment: o/r production"][1]


@pytest.mark.parametrize("auth", ["service_account", "api_key"])
def test_atlas(atlas_cloud, rows, auth):
    who = atlas_cloud.project()
    given = {
        "project_id": who.project,
        "auth": auth,
        "client_id": who.client_id,
        "client_secret": who.client_secret,
        "public_key": who.public_key,
        "private_key": who.private_key,
        "base_url": atlas_cloud.url,
        "region": REGION,
    }
    credentials = ("ok", f"project {who.project} answers")
    assert rows(atlas_checks, **given) == {"Atlas credentials": credentials, "Atlas role": ("ok", "Project Owner")}
    reader = {**given, "client_id": f"{who.client_id}-ro", "public_key": f"{who.public_key}-ro"}
    found = rows(atlas_checks, **reader)
    assert (found["Atlas credentials"], found["Atlas role"][0]) == (credentials, "failure")
    wrong = rows(atlas_checks, **{**given, "client_secret": "wrong-one", "private_key": "wrong-one"})
    assert (list(wrong), wrong["Atlas credentials"][0]) == (["Atlas credentials"], "failure")
    missing = rows(atlas_checks, **{**given, "client_secret": "", "private_key": ""})
    assert "there are none: MONGODB_ATLAS_" in missing["Atlas credentials"][1]
    assert atlas_cloud.violations["count"] == 0
