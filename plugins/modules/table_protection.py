#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: table_protection
version_added: 0.1.0
short_description: Deletion protection, recovery, encryption and readers of a DynamoDB table
description:
  - C(community.aws.dynamodb_table) makes a table with keys, billing mode and tags, and knows none of these.
  - Needs C(dynamodb:) DescribeTable, DescribeContinuousBackups, UpdateTable, UpdateContinuousBackups and
    GetResourcePolicy, with O(readers) PutResourcePolicy and DeleteResourcePolicy, and with a key of one's own
    C(kms:DescribeKey) and C(kms:CreateGrant) on it.
  - Fails when the table does not exist, except in check mode, and when it is not ready within O(wait_timeout).
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: Name of the table.
    type: str
    required: true
  deletion_protection:
    description: Whether AWS refuses to delete the table.
    type: bool
    default: true
  point_in_time_recovery:
    description: Whether any second of the last 35 days can be restored.
    type: bool
    default: true
  kms_key_arn:
    description: ARN of the KMS key that encrypts the table. Without it a key that AWS owns does, at no cost.
    type: str
    default: ""
  readers:
    description:
      - Accounts, or ARNs of IAM roles, elsewhere that may query the table. The table's policy is this list and no more.
      - What is encrypted with a key of one's own they can read only if the key's policy lets them decrypt, too.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds to wait for the table between two changes, of which AWS allows one at a time.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows the settings before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A table that is not lost by mistake
  slipway.ops.table_protection:
    name: slipway-staging-releases
    kms_key_arn: arn:aws:kms:us-east-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab
"""

RETURN = r"""
arn:
  description: ARN of the table. Empty when it does not exist yet.
  returned: success
  type: str
  sample: arn:aws:dynamodb:us-east-1:222222222222:table/slipway-staging-releases
steps:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [deletion protection, encryption, point-in-time recovery]
"""

import json
import time
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.documents_plan import Document, Plan, plan_documents
from ansible_collections.slipway.ops.plugins.module_utils.promotion.sharing_plan import reader_problems, table_policy

PROTECTION = "deletion protection"
ENCRYPTION = "encryption"
RECOVERY = "point-in-time recovery"
READERS = "readers"
POLL_SECONDS = 2

# A table made a moment ago has no continuous backups yet, which AWS says with ContinuousBackupsUnavailableException
# (Amazon DynamoDB API reference, UpdateContinuousBackups); and while a table is UPDATING no other change is taken.
_patiently = AWSRetry.jittered_backoff(
    retries=10,
    delay=2,
    max_delay=30,
    catch_extra_error_codes=["ContinuousBackupsUnavailableException", "ResourceInUseException"],
)


@ApiErrors.common_error_handler("describe table {name}")
@retry
def describe(client: Any, name: str) -> dict[str, Any] | None:
    try:
        return client.describe_table(TableName=name)["Table"]
    except is_boto3_error_code("ResourceNotFoundException"):
        return None


@ApiErrors.common_error_handler("describe the backups of table {name}")
@retry
def recovery(client: Any, name: str) -> bool:
    found = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED"


@ApiErrors.common_error_handler("read the policy of table {arn}")
@retry
def read_policy(client: Any, arn: str) -> dict[str, Any] | None:
    try:
        return json.loads(client.get_resource_policy(ResourceArn=arn)["Policy"])
    except is_boto3_error_code("PolicyNotFoundException"):
        return None


@ApiErrors.common_error_handler("write the policy of table {arn}")
@_patiently
def write_policy(client: Any, arn: str, policy: Document | None) -> None:
    if policy is None:
        client.delete_resource_policy(ResourceArn=arn)
    else:
        client.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))


@ApiErrors.common_error_handler("update table {name}")
@_patiently
def update_table(client: Any, name: str, changes: dict[str, Any]) -> None:
    client.update_table(TableName=name, **changes)


@ApiErrors.common_error_handler("update the backups of table {name}")
@_patiently
def update_backups(client: Any, name: str, enabled: bool) -> None:
    client.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
    )


def observe(client: Any, name: str) -> tuple[str, dict[str, Document]]:
    """The table's ARN and what it has of these; nothing when there is no table."""
    table = describe(client, name)
    if table is None:
        return "", {}
    policy = read_policy(client, table["TableArn"])
    return table["TableArn"], {
        **({READERS: policy} if policy else {}),
        PROTECTION: {"enabled": table.get("DeletionProtectionEnabled", False)},
        ENCRYPTION: {"kms_key_arn": table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")},
        RECOVERY: {"enabled": recovery(client, name)},
    }


def encryption(key: str) -> dict[str, Any]:
    """UpdateTable's member; disabled means AWS's own key, not that nothing is encrypted."""
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else {"Enabled": False}


def wait_active(client: Any, name: str, deadline: float) -> None:
    """Until the table takes the next change. deadline: a time.monotonic value."""
    while (describe(client, name) or {}).get("TableStatus") != "ACTIVE":
        if time.monotonic() >= deadline:
            raise AnsibleAWSError(message=f"Table {name} is not ready for the next change")
        time.sleep(POLL_SECONDS)


def apply(client: Any, name: str, arn: str, plan: Plan, wait_timeout: int) -> None:
    deadline = time.monotonic() + wait_timeout
    for step in plan.steps:
        wanted = step.after or {}
        if step.name == READERS:
            write_policy(client, arn, step.after)
        elif step.name == PROTECTION:
            update_table(client, name, {"DeletionProtectionEnabled": wanted["enabled"]})
        elif step.name == ENCRYPTION:
            update_table(client, name, {"SSESpecification": encryption(wanted["kms_key_arn"])})
        else:
            update_backups(client, name, wanted["enabled"])
        wait_active(client, name, deadline)


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "deletion_protection": {"type": "bool", "default": True},
            "point_in_time_recovery": {"type": "bool", "default": True},
            "kms_key_arn": {"type": "str", "default": "", "no_log": False},
            "readers": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    params = module.params
    name = params["name"]
    problems = reader_problems(params["readers"])
    if problems:
        module.fail_json(msg=f"Table {name}: nothing was changed: {'; '.join(problems)}")
    try:
        client = module.client("dynamodb")
        arn, current = observe(client, name)
        if not current and not module.check_mode:
            module.fail_json(msg=f"Table {name} does not exist: nothing was changed")
        wanted = {
            PROTECTION: {"enabled": params["deletion_protection"]},
            ENCRYPTION: {"kms_key_arn": params["kms_key_arn"]},
            RECOVERY: {"enabled": params["point_in_time_recovery"]},
            READERS: table_policy(arn, params["readers"]),
        }
        plan = plan_documents(current, wanted)
        if not module.check_mode:
            apply(client, name, arn, plan, params["wait_timeout"])
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=plan.changed, arn=arn, steps=[step.name for step in plan.steps], diff=plan.diff())


if __name__ == "__main__":
    main()
