# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers end to end: the API's state drives the data plane, and health and metrics come back."""

from __future__ import annotations

import datetime
import http.server
import json
import threading
import uuid

import pytest
from botocore.exceptions import ClientError

from tests.unit.localcloud.conftest import wait_for

FIXED_404 = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


class Answer(http.server.BaseHTTPRequestHandler):
    """200, or 500 on /broken."""

    def do_GET(self):
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def target(cloud):
    """A real target: (address, port)."""
    server = http.server.ThreadingHTTPServer((f"{cloud.settings.network}.15.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address
    server.shutdown()
    server.server_close()


@pytest.fixture
def elb(cloud):
    return cloud.client("elbv2")


@pytest.fixture
def balancer(elb, network):
    """A load balancer's ARN. Each is deleted: the next test's shall be the account's first."""
    name = f"lb-{uuid.uuid4().hex[:8]}"
    arn = elb.create_load_balancer(Name=name, Subnets=network["subnets"])["LoadBalancers"][0]["LoadBalancerArn"]
    yield arn
    elb.delete_load_balancer(LoadBalancerArn=arn)


@pytest.fixture
def group(elb, network):
    """A target group's ARN."""
    return elb.create_target_group(
        Name=f"tg-{uuid.uuid4().hex[:8]}",
        Protocol="HTTP",
        Port=80,
        VpcId=network["vpc"],
        TargetType="ip",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]


def listener(elb, balancer, port, actions=FIXED_404):
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=actions)
    return made["Listeners"][0]["ListenerArn"]


def forward(group):
    return [{"Type": "forward", "TargetGroupArn": group}]


def health(elb, group, **only):
    found = elb.describe_target_health(TargetGroupArn=group, **only)["TargetHealthDescriptions"]
    return [(item["TargetHealth"]["State"], item["TargetHealth"].get("Reason")) for item in found]


def arns_of(elb, group):
    return elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"]


def test_first_listeners_answer_at_the_urls_of_the_env_file(cloud, elb, balancer):
    account = cloud.account()
    preview = listener(elb, balancer, 8443)
    production = listener(elb, balancer, 80)
    wait_for(
        lambda: (
            {item["url"] for item in cloud.admin("status")[1]["listeners"]} == {account.alb_url, account.preview_url}
        )
    )
    urls = {item["arn"]: item["url"] for item in cloud.admin("status")[1]["listeners"]}
    assert urls == {production: account.alb_url, preview: account.preview_url}
    for url in urls.values():
        wait_for(lambda url=url: reached(cloud, url))
        assert cloud.http(url)[0] == 404


def reached(cloud, url):
    try:
        return cloud.http(url)
    except OSError:
        return None


def test_a_second_load_balancer_has_an_address_of_its_own(cloud, elb, balancer, network):
    first = listener(elb, balancer, 80)
    other = elb.create_load_balancer(Name="second", Subnets=network["subnets"])["LoadBalancers"][0]["LoadBalancerArn"]
    second = listener(elb, other, 80)
    urls = {item["arn"]: item["url"] for item in cloud.admin("status")[1]["listeners"]}
    assert urls[first] == cloud.account().alb_url
    assert urls[second].startswith(f"http://{cloud.settings.network}.1.11:")
    wait_for(lambda: reached(cloud, urls[second]))
    elb.delete_load_balancer(LoadBalancerArn=other)
    wait_for(lambda: not reached(cloud, urls[second]))


def test_health_is_what_the_checks_find(cloud, elb, balancer, group, target):
    address, port = target
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
    assert health(elb, group) == [("unused", "Target.NotInUse")]
    assert arns_of(elb, group) == []

    front = listener(elb, balancer, 80, forward(group))
    assert arns_of(elb, group) == [balancer]
    wait_for(lambda: health(elb, group) == [("healthy", None)])

    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/broken", UnhealthyThresholdCount=2)
    wait_for(lambda: health(elb, group) == [("unhealthy", "Target.ResponseCodeMismatch")])

    elb.delete_listener(ListenerArn=front)
    assert health(elb, group) == [("unused", "Target.NotInUse")]
    assert arns_of(elb, group) == []


def test_a_deregistered_target_drains_and_is_gone(elb, balancer, group, target):
    address, port = target
    listener(elb, balancer, 80, forward(group))
    elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}]
    )
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
    wait_for(lambda: health(elb, group) == [("healthy", None)])
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
    wait_for(lambda: health(elb, group) == [("draining", "Target.DeregistrationInProgress")])
    wait_for(lambda: health(elb, group) == [])
    asked = health(elb, group, Targets=[{"Id": address, "Port": port}])
    assert asked == [("unused", "Target.NotRegistered")]


def test_requests_are_counted_in_the_account_s_metrics(cloud, elb, balancer, group, target):
    address, port = target
    listener(elb, balancer, 80, forward(group))
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
    wait_for(lambda: health(elb, group) == [("healthy", None)])
    for path in ("/", "/", "/", "/broken"):
        cloud.http(cloud.account().alb_url + path)
    load_balancer = {"Name": "LoadBalancer", "Value": balancer.partition("loadbalancer/")[2]}
    target_group = {"Name": "TargetGroup", "Value": group.rpartition(":")[2]}
    cloudwatch = cloud.client("cloudwatch")

    def total(metric, *dimensions, statistic="Sum"):
        now = datetime.datetime.now(datetime.UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/ApplicationELB",
            MetricName=metric,
            Dimensions=list(dimensions),
            StartTime=now - datetime.timedelta(minutes=5),
            EndTime=now + datetime.timedelta(minutes=1),
            Period=3600,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(point[statistic] for point in points)

    wait_for(lambda: total("RequestCount", load_balancer) == 4)
    assert total("RequestCount", target_group, load_balancer) == 4
    assert total("HTTPCode_Target_5XX_Count", target_group, load_balancer) == 1
    assert total("HTTPCode_Target_2XX_Count", target_group, load_balancer) == 3
    assert 0 < total("TargetResponseTime", target_group, load_balancer, statistic="Average") < 1
    assert total("HealthyHostCount", target_group, load_balancer, statistic="Maximum") == 1
    assert total("UnHealthyHostCount", target_group, load_balancer, statistic="Maximum") == 0
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
    wait_for(lambda: cloud.http(cloud.account().alb_url)[0] == 503)
    wait_for(lambda: total("HTTPCode_ELB_5XX_Count", load_balancer) >= 1)


def test_https_with_a_certificate_of_acm(cloud, elb, balancer):
    certificate = cloud.client("acm").request_certificate(DomainName="www.example.com")["CertificateArn"]
    made = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=FIXED_404,
    )["Listeners"][0]["ListenerArn"]
    url = next(item["url"] for item in cloud.admin("status")[1]["listeners"] if item["arn"] == made)
    assert url == cloud.account().alb_url.replace("http://", "https://")
    wait_for(lambda: "CERTIFICATE_VERIFY_FAILED" in failure(cloud, url))


def failure(cloud, url):
    try:
        cloud.http(url)
    except OSError as error:
        return str(error)
    return ""


def test_a_new_load_balancer_has_all_attributes(elb, balancer):
    found = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    attributes = {item["Key"]: item["Value"] for item in found}
    assert attributes["access_logs.s3.enabled"] == "false"
    assert attributes["idle_timeout.timeout_seconds"] == "60"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "false"


def test_a_new_target_group_has_all_attributes(elb, group):
    found = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    attributes = {item["Key"]: item["Value"] for item in found}
    assert attributes["stickiness.lb_cookie.duration_seconds"] == "86400"
    assert attributes["target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"] == "1"


def test_deletion_protection(elb, balancer):
    def protect(value):
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[attribute])

    protect("true")
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        elb.delete_load_balancer(LoadBalancerArn=balancer)
    protect("false")


@pytest.mark.parametrize(
    ("principal", "prefix", "allowed"),
    [
        ({"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "", True),
        ({"AWS": "arn:aws:iam::127311923021:root"}, "", True),
        ({"Service": "delivery.logs.amazonaws.com"}, "", False),
        ({"Service": ["logdelivery.elasticloadbalancing.amazonaws.com"]}, "-other", False),
        (None, "", False),
    ],
)
def test_access_logs_need_a_bucket_that_takes_them(cloud, elb, balancer, principal, prefix, allowed):
    s3, bucket = cloud.client("s3"), f"logs-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    if principal:
        resource = f"arn:aws:s3:::{bucket}{prefix}/*"
        statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": resource}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert logs_to(elb, balancer, bucket) == ("" if allowed else "InvalidConfigurationRequest")


def test_access_logs_need_a_bucket_that_exists(elb, balancer):
    assert logs_to(elb, balancer, "no-such-bucket") == "InvalidConfigurationRequest"


def logs_to(elb, balancer, bucket):
    """The error code of asking for access logs to this bucket, empty when it is granted."""
    attributes = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": bucket}
    try:
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=balancer, Attributes=[{"Key": name, "Value": value} for name, value in attributes.items()]
        )
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_one_listener_a_port(elb, balancer):
    listener(elb, balancer, 80)
    with pytest.raises(ClientError, match="DuplicateListener"):
        listener(elb, balancer, 80)


def test_health_of_a_group_that_is_not(elb):
    with pytest.raises(ClientError, match="TargetGroupNotFound"):
        elb.describe_target_health(
            TargetGroupArn="arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/no/1"
        )
