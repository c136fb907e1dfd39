# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what AWS says of a VPC's flow logs, their log group and their role, as JSON: no info module knows them."""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3


def facts(vpc_id: str) -> dict[str, Any]:
    """Flow logs of the VPC, retention of the first one's log group, trust and inline policy of its role."""
    logs = boto3.client("ec2").describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc_id]}])["FlowLogs"]
    group = logs[0]["LogGroupName"]
    role = logs[0]["DeliverLogsPermissionArn"].rpartition("/")[2]
    iam = boto3.client("iam")
    groups = boto3.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return {
        "account": boto3.client("sts").get_caller_identity()["Account"],
        "flow_logs": logs,
        "retention": groups[0]["retentionInDays"],
        "trust": iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0],
        "policy": iam.get_role_policy(RoleName=role, PolicyName="write-flow-log")["PolicyDocument"],
        "instance_profiles": iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"],
    }


if __name__ == "__main__":
    print(json.dumps(facts(sys.argv[1]), default=str))
