# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resources, actions and keys a request is about."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import boto3
import pytest

from localcloud.control.callee import callee_of
from localcloud.iam.asking import Call, UnknownCallError, questions
from localcloud.iam.guard import TABLE
from localcloud.iam.parameters import parameters

HOME = "us-east-1:111111111111"
GROUP, ALARM = f"arn:aws:ec2:{HOME}:security-group/sg-1", f"arn:aws:cloudwatch:{HOME}:alarm:a"
ECS, ROLE = f"arn:aws:ecs:{HOME}", "arn:aws:iam::111111111111:role"
NATIVE = {"advancedConfiguration": {"roleArn": f"{ROLE}/i"}}
TAGS = [{"Key": "team", "Value": "a"}]
TEAM = {"aws:RequestTag/team": "a", "aws:TagKeys": ["team"]}
LISTENER = f"arn:aws:elasticloadbalancing:{HOME}:listener/app/main/1/2"


def asked(service, operation, given):
    """(action, resource, context) of all that is asked."""
    call = Call(service, operation, given, "111111111111", "us-east-1")
    return [(each.action, each.resource, dict(each.context)) for each in questions(TABLE, call)]


CASES = {
    "a name": (
        "ecs",
        "UpdateService",
        {"cluster": "main", "service": "api"},
        [("ecs:UpdateService", f"{ECS}:service/main/api")],
    ),
    "an ARN": (
        "ecs",
        "UpdateService",
        {"cluster": f"{ECS}:cluster/main", "service": f"{ECS}:service/main/api"},
        [("ecs:UpdateService", f"{ECS}:service/main/api")],
    ),
    "one of several": (
        "ecs",
        "DescribeServices",
        {"cluster": f"{ECS}:cluster/main", "services": ["a", "b"]},
        [("ecs:DescribeServices", f"{ECS}:service/main/{name}") for name in "ab"],
    ),
    "nothing named": ("ecs", "DescribeClusters", {}, [("ecs:DescribeClusters", "*")]),
    "roles and tags of a definition": (
        "ecs",
        "RegisterTaskDefinition",
        {"family": "api", "taskRoleArn": f"{ROLE}/a", "executionRoleArn": "b", "tags": [{"key": "team", "value": "a"}]},
        [
            ("ecs:RegisterTaskDefinition", f"{ECS}:task-definition/api:*"),
            ("iam:PassRole", f"{ROLE}/a"),
            ("iam:PassRole", f"{ROLE}/b"),
            ("ecs:TagResource", f"{ECS}:task-definition/api:*"),
        ],
    ),
    "the role of a service's own deployments": (
        "ecs",
        "CreateService",
        {"cluster": "main", "serviceName": "api", "loadBalancers": [NATIVE, {}]},
        [("ecs:CreateService", f"{ECS}:service/main/api"), ("iam:PassRole", f"{ROLE}/i")],
    ),
    "an action of another name": (
        "s3",
        "HeadObject",
        {"Bucket": "b", "Key": "a/b"},
        [("s3:GetObject", "arn:aws:s3:::b/a/b")],
    ),
    "a copy reads": (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "new", "CopySource": "from/old"},
        [("s3:PutObject", "arn:aws:s3:::b/new"), ("s3:GetObject", "arn:aws:s3:::from/old")],
    ),
    "many keys": (
        "s3",
        "DeleteObjects",
        {"Bucket": "b", "Keys": ["x", "y"]},
        [("s3:DeleteObject", f"arn:aws:s3:::b/{key}") for key in "xy"],
    ),
    "what is made bears the tags, its place does not": (
        "ec2",
        "CreateSubnet",
        {"VpcId": "vpc-1", "TagSpecification": [{"ResourceType": "subnet", "Tag": TAGS}]},
        [
            ("ec2:CreateSubnet", f"arn:aws:ec2:{HOME}:subnet/*"),
            ("ec2:CreateSubnet", f"arn:aws:ec2:{HOME}:vpc/vpc-1"),
            ("ec2:CreateTags", f"arn:aws:ec2:{HOME}:subnet/*"),
        ],
    ),
    "tags by id": ("ec2", "DeleteTags", {"ResourceId": ["sg-1"]}, [("ec2:DeleteTags", GROUP)]),
    "a rule's tags": (
        "elbv2",
        "CreateRule",
        {"ListenerArn": LISTENER, "Tags": TAGS},
        [
            ("elasticloadbalancing:CreateRule", LISTENER),
            ("elasticloadbalancing:AddTags", LISTENER.replace(":listener/", ":listener-rule/") + "/*"),
        ],
    ),
    "a firewall of the edge": (
        "wafv2",
        "CreateWebACL",
        {"Scope": "CLOUDFRONT", "Name": "site"},
        [("wafv2:CreateWebACL", f"arn:aws:wafv2:{HOME}:global/webacl/site/*")],
    ),
    "a firewall before a load balancer": (
        "wafv2",
        "DisassociateWebACL",
        {"ResourceArn": "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/main/1"},
        [
            ("wafv2:DisassociateWebACL", "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/main/1"),
            ("elasticloadbalancing:SetWebACL", "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/main/1"),
        ],
    ),
    "parameters": (
        "ssm",
        "GetParameters",
        {"Names": ["/a/b", f"arn:aws:ssm:{HOME}:parameter/c"]},
        [("ssm:GetParameters", f"arn:aws:ssm:{HOME}:parameter/{name}") for name in ("a/b", "c")],
    ),
    "alarms": ("cloudwatch", "DescribeAlarms", {"AlarmNames": ["a"]}, [("cloudwatch:DescribeAlarms", ALARM)]),
    "who I am": ("sts", "GetCallerIdentity", {}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_call_asks(case):
    service, operation, given, wanted = CASES[case]
    assert [each[:2] for each in asked(service, operation, given)] == wanted


@pytest.mark.parametrize(
    ("service", "operation", "given", "wanted"),
    [
        ("ecs", "ListTasks", {"cluster": "main"}, {"ecs:cluster": f"{ECS}:cluster/main"}),
        (
            "dynamodb",
            "GetItem",
            {"TableName": "t", "Key": {"service": {"S": "api"}}},
            {"dynamodb:LeadingKeys": ["api"]},
        ),
        (
            "dynamodb",
            "Query",
            {
                "TableName": "t",
                "KeyConditionExpression": "#s = :s AND item > :i",
                "ExpressionAttributeNames": {"#s": "service"},
                "ExpressionAttributeValues": {":s": {"S": "api"}, ":i": {"S": "a"}},
            },
            {"dynamodb:LeadingKeys": ["api"]},
        ),
        ("dynamodb", "Query", {"TableName": "t", "KeyConditionExpression": "item = :s"}, {}),
        ("elbv2", "CreateTargetGroup", {"Name": "a", "Tags": TAGS}, TEAM),
        (
            "application-autoscaling",
            "RegisterScalableTarget",
            {"ServiceNamespace": "ecs"},
            {"application-autoscaling:service-namespace": "ecs"},
        ),
    ],
    ids=["cluster", "item", "query", "query of another key", "tags", "namespace"],
)
def test_the_keys_of_conditions(service, operation, given, wanted):
    assert asked(service, operation, given)[0][2] == wanted


def test_an_unknown_call_is_told_by_name():
    with pytest.raises(UnknownCallError, match="sqs:SendMessage"):
        asked("sqs", "SendMessage", {})


def test_every_call_of_the_tables_is_one_of_the_api():
    known = {}
    for key in TABLE:
        service, operation = key.split(":")
        if service not in known:
            client = boto3.client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
            known[service] = set(client.meta.service_model.operation_names)
        # Operations of earlier models, which share a path with the ones of today.
        assert operation in known[service] or operation.removesuffix("WithTags") in known[service], key


def environ(service, method="POST", path="/", query="", **headers):
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service}/aws4_request, x",
        **headers,
    }


FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
REQUESTS = {
    "json": (
        environ("ecs", HTTP_X_AMZ_TARGET="AmazonEC2ContainerServiceV20141113.ListTasks"),
        json.dumps({"cluster": "main", "tags": [{"key": "a"}]}).encode(),
        {"cluster": "main", "tags": [{"key": "a"}]},
    ),
    "query": (
        environ("elasticloadbalancing", **FORM),
        urlencode({"Action": "DescribeRules", "RuleArns.member.2": "b", "RuleArns.member.1": "a", "X.Y": "z"}).encode(),
        {"Action": "DescribeRules", "RuleArns": ["a", "b"], "X": {"Y": "z"}},
    ),
    "ec2": (
        environ("ec2", **FORM),
        urlencode({"Action": "CreateTags", "Tag.1.Key": "k", "Tag.1.Value": "v", "ResourceId.1": "r"}).encode(),
        {"Action": "CreateTags", "Tag": [{"Key": "k", "Value": "v"}], "ResourceId": ["r"]},
    ),
    "cbor": (
        environ("monitoring", path="/service/GraniteServiceVersion20100801/operation/DescribeAlarms"),
        b"\xa1\x6aAlarmNames\x81\x61a",
        {"AlarmNames": ["a"]},
    ),
    "s3": (
        environ("s3", "PUT", "/bucket/a b/%c3", HTTP_X_AMZ_COPY_SOURCE="/from/a%20b?versionId=1"),
        b"",
        {"Bucket": "bucket", "Key": "a b/%c3", "CopySource": "from/a b"},
    ),
    "s3 keys": (
        environ("s3", "POST", "/bucket", "delete="),
        b"<Delete><Object><Key>a&amp;b</Key></Object></Delete>",
        {"Bucket": "bucket", "Keys": ["a&b"]},
    ),
    "rest json": (
        environ("scheduler", "PUT", "/schedules/nightly", CONTENT_TYPE="application/json"),
        b'{"GroupName": "main", "Target": {"RoleArn": "r"}}',
        {"Name": "nightly", "GroupName": "main", "Target": {"RoleArn": "r"}},
    ),
    "rest query": (
        environ("scheduler", "GET", "/schedules/nightly", "groupName=main"),
        b"",
        {"Name": "nightly", "GroupName": "main"},
    ),
    "rest xml": (
        environ("cloudfront", "POST", "/2020-05-31/distribution/E1/invalidation"),
        b"<InvalidationBatch/>",
        {"DistributionId": "E1"},
    ),
    "a function": (
        environ("cloudfront", "POST", "/2020-05-31/function"),
        b"<CreateFunctionRequest><Name>a</Name></CreateFunctionRequest>",
        {"Name": "a"},
    ),
    "tags of a distribution": (
        environ("cloudfront", "POST", "/2020-05-31/distribution", "WithTags"),
        b"<Tags><Items><Tag><Key>k</Key><Value>v</Value></Tag></Items></Tags>",
        {"Tags": [{"Key": "k", "Value": "v"}]},
    ),
    "no json": (environ("ecs", HTTP_X_AMZ_TARGET="X.ListTasks"), b"{", {}),
    "json that is no object": (environ("ecs", HTTP_X_AMZ_TARGET="X.ListTasks"), b"[]", {}),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_the_parameters_of_a_request(case):
    given, body, wanted = REQUESTS[case]
    assert parameters(callee_of(given, body), given, body) == wanted
