# SPDX-License-Identifier: GPL-3.0-or-later
"""Print as JSON what AWS has of the GPU hosts of a name, and what of it would be paid for."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from typing import Any

import boto3

EC2 = boto3.client("ec2")


def template(name: str) -> dict[str, Any]:
    """Content of the default version, its user data as text; empty when there is no template."""
    found = EC2.describe_launch_templates(Filters=[{"Name": "launch-template-name", "Values": [name]}])
    if not found["LaunchTemplates"]:
        return {}
    [version] = EC2.describe_launch_template_versions(LaunchTemplateName=name, Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    data: dict[str, Any] = version["LaunchTemplateData"]
    return {**data, "UserData": b64decode(data["UserData"]).decode(), "version": version["VersionNumber"]}


def group(name: str) -> dict[str, Any]:
    """The Auto Scaling group; empty when there is none."""
    found = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found[0]) if found else {}


def policy(name: str) -> list[dict[str, Any]]:
    """Statements of the hosts' role."""
    found = boto3.client("iam").get_role_policy(RoleName=f"{name}-host", PolicyName="host")
    return list(found["PolicyDocument"]["Statement"])


def alias(domain: str) -> list[dict[str, Any]]:
    """A records of the domain's private zones."""
    client = boto3.client("route53")
    zones = client.list_hosted_zones_by_name(DNSName=domain)["HostedZones"]
    records = [
        record
        for zone in zones
        if zone["Name"] == f"{domain}."
        for record in client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    ]
    return [record for record in records if record["Type"] == "A"]


def paid(name: str, domain: str) -> list[str]:
    """What there is that costs money, or would: instances, volumes, load balancers, endpoints, zones, buckets..."""
    account = boto3.client("sts").get_caller_identity()["Account"]
    own = [{"Name": "tag:Name", "Values": [name]}]
    reservations = EC2.describe_instances(Filters=own)["Reservations"]
    instances = [item for each in reservations for item in each["Instances"] if item["State"]["Name"] != "terminated"]
    endpoints = EC2.describe_vpc_endpoints(Filters=own)["VpcEndpoints"]
    volumes = EC2.describe_volumes()["Volumes"]
    balancers = boto3.client("elbv2").describe_load_balancers()["LoadBalancers"]
    zones = boto3.client("route53").list_hosted_zones_by_name(DNSName=domain)["HostedZones"]
    alarms = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
    budgets = boto3.client("budgets").describe_budgets(AccountId=account)["Budgets"]
    logs = boto3.client("logs").describe_log_groups(logGroupNamePrefix=f"/gpu/{name}")["logGroups"]
    buckets = boto3.client("s3").list_buckets()["Buckets"]
    return [
        *(item["InstanceId"] for item in instances),
        *(item["VolumeId"] for item in volumes if {"Key": "Name", "Value": name} in item.get("Tags", [])),
        *(item["LoadBalancerArn"] for item in balancers if item["LoadBalancerName"] == name),
        *(item["VpcEndpointId"] for item in endpoints if item["State"] != "deleted"),
        *(zone["Id"] for zone in zones if zone["Name"] == f"{domain}."),
        *(item["AlarmName"] for item in alarms),
        *(item["BudgetName"] for item in budgets if item["BudgetName"] == name),
        *(item["logGroupName"] for item in logs),
        *(item["Name"] for item in buckets if item["Name"] == "molecule-models"),
    ]


def main(what: str, name: str, domain: str) -> None:
    """what: hosts or paid."""
    if what == "paid":
        print(json.dumps(paid(name, domain)))
        return
    facts = {
        "template": template(name),
        "group": group(name),
        "policy": policy(name),
        "alias": alias(domain),
        "paid": paid(name, domain),
        "alarms": boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=name)["MetricAlarms"],
    }
    print(json.dumps(facts, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
