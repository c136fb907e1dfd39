# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of AWS calls, through boto3: what goes wrong, which call it strikes, and what the log says of it."""

from __future__ import annotations

import threading
import time

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from localcloud.control.callee import callee_of
from tests.unit.localcloud.conftest import wait_for

ONCE = Config(retries={"total_max_attempts": 1}, user_agent_appid="faults")
IMPATIENT = ONCE.merge(Config(read_timeout=0.5))


@pytest.fixture(autouse=True)
def _no_faults_after(cloud):
    yield
    cloud.admin("faults", "DELETE")


def put(cloud, *rules, **rule):
    """Put rules for this file's clients."""
    rules = [{"user_agent": "app/faults", **each} for each in (*rules, *([rule] if rule else []))]
    status, answer = cloud.admin("faults", "PUT", {"rules": rules})
    assert status == 200, answer


def calls(cloud, since=0):
    return [call for call in cloud.admin(f"calls?since={since}")[1] if call["app"] == "faults"]


def last(cloud):
    return calls(cloud)[-1]["n"] if calls(cloud) else 0


@pytest.mark.parametrize(
    ("service", "operation", "throttled", "failed"),
    [
        ("ecs", "ListClusters", ("ThrottlingException", 400), ("ServerException", 500)),
        ("elbv2", "DescribeLoadBalancers", ("Throttling", 400), ("InternalFailure", 500)),
        ("ec2", "DescribeVpcs", ("RequestLimitExceeded", 503), ("InternalError", 500)),
        ("s3", "ListBuckets", ("SlowDown", 503), ("InternalError", 500)),
        ("cloudfront", "ListDistributions", ("Throttling", 400), ("InternalFailure", 500)),
        ("scheduler", "ListSchedules", ("ThrottlingException", 429), ("InternalServerException", 500)),
        ("cloudwatch", "DescribeAlarms", ("ThrottlingException", 400), ("InternalFailure", 500)),
        ("dynamodb", "ListTables", ("ThrottlingException", 400), ("InternalServerError", 500)),
    ],
)
def test_a_refusal_is_the_service_s_own_and_the_log_tells_the_operation(cloud, service, operation, throttled, failed):
    client = cloud.client(service, config=ONCE)
    before = last(cloud)
    put(
        cloud,
        {"service": service, "operation": operation, "kind": "throttle"},
        {"service": service, "operation": operation, "kind": "error", "index": 2},
    )
    method = {"DescribeVpcs": "describe_vpcs", "ListBuckets": "list_buckets"}.get(operation)
    method = method or "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
    for code, status in (throttled, failed):
        with pytest.raises(ClientError) as caught:
            getattr(client, method)()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    getattr(client, method)()
    told = calls(cloud, before)
    assert [(call["service"], call["operation"], call["account"]) for call in told] == [
        (service, operation, "111111111111")
    ] * 3
    assert [(call["status"], call["fault"]) for call in told] == [
        (throttled[1], "throttle"),
        (failed[1], "error"),
        (200, None),
    ]


def test_the_nth_call_and_as_many_after_it(cloud):
    client = cloud.client("sqs", config=ONCE)
    put(cloud, service="sqs", kind="throttle", index=2, count=2)
    outcomes = []
    for _ in range(4):
        try:
            client.list_queues()
            outcomes.append(True)
        except ClientError:
            outcomes.append(False)
    assert outcomes == [True, False, False, True]
    rule = cloud.admin("faults")[1]["rules"][0]
    assert (rule["fitted"], rule["struck"]) == (4, 2)


def test_whoever_is_not_meant_is_not_struck(cloud):
    put(cloud, service="sts", kind="error", count=None, account="222222222222")
    assert cloud.client("sts", config=ONCE).get_caller_identity()["Account"] == "111111111111"
    other = Config(retries={"total_max_attempts": 1})
    assert cloud.client("sts", "staging", config=other).get_caller_identity()["Account"] == "222222222222"
    with pytest.raises(ClientError):
        cloud.client("sts", "staging", config=ONCE).get_caller_identity()


def test_lost_is_done_and_timeout_is_not(cloud):
    client, plain = cloud.client("sqs", config=ONCE), cloud.client("sqs")
    put(cloud, service="sqs", operation="CreateQueue", kind="lost")
    with pytest.raises(ConnectionClosedError):
        client.create_queue(QueueName="lost")
    assert plain.get_queue_url(QueueName="lost")["QueueUrl"]
    put(cloud, service="sqs", operation="CreateQueue", kind="timeout", seconds=0.1)
    with pytest.raises(ConnectionClosedError):
        client.create_queue(QueueName="late")
    put(cloud, service="sqs", operation="CreateQueue", kind="timeout", seconds=30)
    with pytest.raises(ReadTimeoutError):
        cloud.client("sqs", config=IMPATIENT).create_queue(QueueName="late")
    with pytest.raises(plain.exceptions.QueueDoesNotExist):
        plain.get_queue_url(QueueName="late")


def test_slow_is_done_later(cloud):
    client = cloud.client("sqs", config=ONCE)
    put(cloud, service="sqs", operation="CreateQueue", kind="slow", seconds=0.3)
    began = time.monotonic()
    client.create_queue(QueueName="slow")
    assert time.monotonic() - began >= 0.3
    assert client.get_queue_url(QueueName="slow")["QueueUrl"]


def test_a_held_call_is_done_at_the_release_and_not_if_its_caller_has_gone(cloud):
    plain = cloud.client("sqs")
    put(cloud, service="sqs", operation="CreateQueue", kind="hold", count=None)
    with pytest.raises(ReadTimeoutError):
        cloud.client("sqs", config=IMPATIENT).create_queue(QueueName="gone")
    wait_for(lambda: not cloud.admin("faults")[1]["held"])
    patient = cloud.client("sqs", config=ONCE.merge(Config(read_timeout=30)))
    waiting = threading.Thread(target=patient.create_queue, kwargs={"QueueName": "held"})
    waiting.start()
    held = wait_for(lambda: cloud.admin("faults")[1]["held"])
    assert (held[0]["operation"], held[0]["status"]) == ("CreateQueue", None)
    names = [url.rpartition("/")[2] for url in plain.list_queues().get("QueueUrls", [])]
    assert not {"gone", "held"} & set(names)
    cloud.admin("faults", "DELETE")
    waiting.join()
    names = [url.rpartition("/")[2] for url in plain.list_queues()["QueueUrls"]]
    assert ("held" in names, "gone" in names) == (True, False)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ([], "rules"),
        ({"rules": [{"kind": "explode"}]}, "kind"),
        ({"rules": [{"kind": "lost", "calls": 3}]}, "calls"),
        ({"rules": [{"kind": "lost", "index": 0}]}, "index"),
        ({"rules": [{"kind": "lost", "service": 5}]}, "service"),
        ({"rules": [{"kind": "timeout", "seconds": -1}]}, "seconds"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(cloud, body, word):
    status, answer = cloud.admin("faults", "PUT", body)
    assert status == 400
    assert word in answer["error"]


def test_the_log_can_be_emptied_and_goes_on_counting(cloud):
    client = cloud.client("sts", config=ONCE)
    client.get_caller_identity()
    n = last(cloud)
    assert cloud.admin("calls", "DELETE") == (200, [])
    client.get_caller_identity()
    assert [call["n"] > n for call in calls(cloud)] == [True]
    assert cloud.admin("calls?since=-1")[0] == 400


@pytest.mark.parametrize(
    ("service", "method", "path", "query", "operation"),
    [
        ("s3", "GET", "/bucket/a/b", "", "GetObject"),
        ("s3", "PUT", "/bucket", "versioning", "PutBucketVersioning"),
        ("s3", "GET", "/bucket", "list-type=2&prefix=a", "ListObjectsV2"),
        ("scheduler", "PUT", "/schedules/nightly", "", "UpdateSchedule"),
        ("scheduler", "POST", "/nowhere", "", "?"),
        ("nothing", "GET", "/", "", "?"),
    ],
)
def test_a_rest_operation_is_known_by_its_path(service, method, path, query, operation):
    environ = {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service}/aws4_request, x",
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
    }
    assert callee_of(environ, b"").operation == operation
