# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The reads that nobody else has: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from ..api import ApiErrors, retry

# ListRoles and ListInvalidations answer with a hundred a page otherwise.
_ROLES_PAGE = 1000
# How many runs of a service are looked at.
RECORDS = 25


@ApiErrors.common_error_handler("find out whose credentials these are")
@retry
def account(client: Any) -> str:
    return client.get_caller_identity()["Account"]


@ApiErrors.common_error_handler("find the VPC {name}")
@retry
def vpc(client: Any, name: str) -> dict | None:
    found = client.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [name]}])["Vpcs"]
    return found[0] if found else None


@ApiErrors.common_error_handler("read the {key} of {vpc_id}")
@retry
def of_vpc(client: Any, operation: str, key: str, name: str, vpc_id: str) -> list[dict]:
    """All of one kind that are a VPC's. name: of the filter that says which VPC."""
    filters = {
        "Filter" if operation in ("describe_flow_logs", "describe_nat_gateways") else "Filters": [
            {"Name": name, "Values": [vpc_id]}
        ]
    }
    pages = client.get_paginator(operation).paginate(**filters)
    return [item for page in pages for item in page[key]]


@ApiErrors.common_error_handler("describe the target groups")
@retry
def target_groups(client: Any) -> list[dict]:
    """All of the region: one that does not exist would make a call for names fail for all."""
    pages = client.get_paginator("describe_target_groups").paginate()
    return [group for page in pages for group in page["TargetGroups"]]


@ApiErrors.common_error_handler("read the alarms {prefix}*")
@retry
def alarms(client: Any, prefix: str) -> list[dict]:
    """Metric and composite alarms."""
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return [found for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for found in page.get(kind, [])]


@ApiErrors.common_error_handler("list the invalidations of {distribution}")
@retry
def invalidations(client: Any, distribution: str) -> list[dict]:
    """The newest ones, a page: those in progress are among them."""
    return client.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items") or []


@ApiErrors.common_error_handler("read s3://{bucket}/{key}")
@retry
def s3_object(client: Any, bucket: str, key: str) -> bytes | None:
    """None: there is no such object, or no such bucket."""
    try:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except is_boto3_error_code(["NoSuchKey", "NoSuchBucket", "404"]):
        return None


@ApiErrors.common_error_handler("describe the instances {ids}")
@retry
def instances(client: Any, ids: list[str]) -> dict[str, dict]:
    """Id -> instance, for those that exist."""
    pages = client.get_paginator("describe_instances").paginate(Filters=[{"Name": "instance-id", "Values": ids}])
    found = [item for page in pages for each in page["Reservations"] for item in each["Instances"]]
    return {item["InstanceId"]: item for item in found}


@ApiErrors.common_error_handler("read the identity provider {arn}")
@retry
def has_provider(client: Any, arn: str) -> bool:
    try:
        client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except is_boto3_error_code("NoSuchEntity"):
        return False
    return True


@ApiErrors.common_error_handler("list the roles of the account")
@retry
def roles(client: Any) -> list[dict]:
    pages = client.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": _ROLES_PAGE})
    return [role for page in pages for role in page["Roles"]]


@ApiErrors.common_error_handler("read the records in table {request[TableName]}")
@retry
def records(client: Any, request: dict[str, Any]) -> list[dict] | None:
    """Items of one page; None without a table."""
    try:
        return client.query(**request, Limit=RECORDS)["Items"]
    except is_boto3_error_code("ResourceNotFoundException"):
        return None


@ApiErrors.common_error_handler("read the lease in table {table}")
@retry
def item(client: Any, table: str, key: dict[str, Any]) -> dict[str, Any]:
    """GetItem's answer, strongly consistent; {} without a table."""
    try:
        return client.get_item(TableName=table, Key=key, ConsistentRead=True)
    except is_boto3_error_code("ResourceNotFoundException"):
        return {}
