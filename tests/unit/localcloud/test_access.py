# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose request it is, and what a key that belongs to nobody gets."""

from __future__ import annotations

import http.client
import json

import boto3
import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("environment", "account"),
    [("local", "111111111111"), ("staging", "222222222222"), ("production", "333333333333")],
)
def test_each_environment_is_an_account_of_its_own(cloud, environment, account):
    identity = cloud.client("sts", environment).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (account, f"arn:aws:iam::{account}:user/slipway")
    cloud.client("sqs", environment).create_queue(QueueName=f"of-{environment}")
    urls = cloud.client("sqs", environment).list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == [f"of-{environment}"]


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("sts", lambda client: client.get_caller_identity(), "InvalidClientTokenId", 403),
        ("iam", lambda client: client.list_roles(), "InvalidClientTokenId", 403),
        ("elbv2", lambda client: client.describe_load_balancers(), "InvalidClientTokenId", 403),
        ("cloudfront", lambda client: client.list_distributions(), "InvalidClientTokenId", 403),
        ("cloudwatch", lambda client: client.list_metrics(), "InvalidClientTokenId", 400),
        ("ec2", lambda client: client.describe_vpcs(), "AuthFailure", 401),
        ("s3", lambda client: client.list_buckets(), "InvalidAccessKeyId", 403),
        ("ecs", lambda client: client.list_clusters(), "UnrecognizedClientException", 400),
    ],
)
def test_unknown_access_key_is_refused_as_aws_does(cloud, service, call, code, status):
    client = cloud.client(service, aws_access_key_id="AKIATYPOTYPOTYPOTYPO")
    with pytest.raises(ClientError) as caught:
        call(client)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_inactive_access_key_is_refused(cloud):
    iam = cloud.client("iam", "staging")
    iam.create_user(UserName="leaver")
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    sts = cloud.client("sts", **credentials)
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::222222222222:user/leaver"
    iam.update_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def test_an_assumed_role_is_in_the_role_s_account(cloud):
    role = "arn:aws:iam::333333333333:role/deployer"
    credentials = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="run-1")["Credentials"]
    session = boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], "us-east-1"
    )
    identity = session.client("sts", endpoint_url=cloud.settings.endpoint_url).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::333333333333:assumed-role/deployer/run-1"


def test_presigned_url_reaches_the_signer_s_account(cloud):
    s3 = cloud.client("s3", "production")
    s3.create_bucket(Bucket="presigned-bucket")
    s3.put_object(Bucket="presigned-bucket", Key="a b/%2F", Body=b"content", Metadata={"with_underscore": "kept"})
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned-bucket", "Key": "a b/%2F"})
    status, headers, body = cloud.http(url)
    assert (status, body, headers["x-amz-meta-with_underscore"]) == (200, b"content", "kept")


def test_no_header_opens_another_account(cloud):
    sts = cloud.client("sts")
    sts.meta.events.register(
        "before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", "3" * 12)
    )
    assert sts.get_caller_identity()["Account"] == "111111111111"


def test_a_failure_of_the_emulator_is_an_aws_error_and_is_in_the_log(cloud):
    ecr = cloud.client("ecr", "production")
    ecr.create_repository(repositoryName="any")
    with pytest.raises(ClientError) as caught:  # moto 5.2.5 raises a plain Exception at a manifest that is not JSON
        ecr.put_image(repositoryName="any", imageManifest="{", imageTag="a")
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "Invalid JSON syntax" in (cloud.state / "log" / "control.log").read_text()


@pytest.mark.parametrize("path", ["/", "/_localcloud/settings"])
def test_no_web_page_can_call_the_api(cloud, path):
    def answer(method, **headers):
        connection = http.client.HTTPConnection(cloud.settings.control_host, cloud.settings.control_port, timeout=10)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    assert answer("GET", Host="attacker.example").status == 403
    preflight = answer("OPTIONS", Origin="https://attacker.example", **{"Access-Control-Request-Method": "PUT"})
    assert "access-control-allow-origin" not in {name.lower() for name, _ in preflight.getheaders()}


def test_connection_is_kept(cloud):
    connection = http.client.HTTPConnection(cloud.settings.control_host, cloud.settings.control_port, timeout=10)
    for _ in range(2):
        connection.request("GET", "/_localcloud/settings")
        with_socket = connection.sock
        assert json.loads(connection.getresponse().read())["weight_delay"] == 0.0
        assert connection.sock is with_socket is not None
    connection.close()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"weight_delay": -1}, "0 to 3600"),
        ({"weight_delay": "5"}, "0 to 3600"),
        ({"weight_delay": True}, "0 to 3600"),
        ({"invalidation_delay": 3601}, "invalidation_delay must be 0 to 3600"),
        ({"minute": 0}, "minute must be 0.01 to 3600"),
        ({"delay": 5}, "unknown setting 'delay'"),
        ([], "must be an object"),
    ],
)
def test_bad_settings_are_refused(cloud, body, message):
    status, answer = cloud.admin("settings", "PUT", body)
    assert status == 400
    assert message in answer["error"]


def test_settings_change(cloud):
    before = cloud.admin("settings")[1]
    changed = {"weight_delay": 2.5, "invalidation_delay": 7.0, "minute": 1.5}
    assert cloud.admin("settings", "PUT", changed) == (200, changed)
    assert cloud.admin("settings", "PUT", {"weight_delay": 0}) == (200, changed | {"weight_delay": 0.0})
    assert cloud.admin("settings", "PUT", before) == (200, before)
    assert before == {"weight_delay": 0.0, "invalidation_delay": 2.0, "minute": 60.0}
