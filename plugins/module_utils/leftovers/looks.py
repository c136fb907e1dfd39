# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What of an environment AWS lists: one call, one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from ..api import ApiErrors, retry
from ..together import together
from .leftovers_plan import standing

# Roles tag all that they make and AWS lets tag; these have no tags of the environment, but its name.
_CONTAINER_INSIGHTS = "/aws/ecs/containerinsights/{name}/"


@ApiErrors.common_error_handler("list the resources that are tagged {tags}")
@retry
def tagged(client: Any, tags: dict[str, str]) -> list[str]:
    """ARNs of all that has these tags, in the client's region, and of CloudFront and such in us-east-1."""
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    pages = client.get_paginator("get_resources").paginate(TagFilters=filters)
    return [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]


@ApiErrors.common_error_handler("list the log groups that begin with {prefix}")
@retry
def log_groups(client: Any, prefix: str) -> list[str]:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [each["arn"] for page in pages for each in page["logGroups"]]


@ApiErrors.common_error_handler("list the secrets that begin with {name}/")
@retry
def secrets(client: Any, name: str) -> list[str]:
    """By name, as nobody has to tag a secret."""
    pages = client.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [f"{name}/"]}])
    return [each["ARN"] for page in pages for each in page["SecretList"]]


@ApiErrors.common_error_handler("list the parameters below /{name}")
@retry
def parameters(client: Any, name: str, place: str) -> list[str]:
    """No value is read. place: REGION:ACCOUNT."""
    below = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"/{name}/"]}]
    pages = client.get_paginator("describe_parameters").paginate(ParameterFilters=below)
    names = [each["Name"] for page in pages for each in page["Parameters"]]
    return [f"arn:aws:ssm:{place}:parameter{each}" for each in names]


@ApiErrors.common_error_handler("list the aliases of keys")
@retry
def keys(client: Any, name: str) -> dict[str, str]:
    """Alias -> id of its key, for those that have the environment's name, or begin with it and - or /."""
    pages = client.get_paginator("list_aliases").paginate()
    named = {each["AliasName"]: each.get("TargetKeyId", "") for page in pages for each in page["Aliases"]}
    mine = (f"alias/{name}-", f"alias/{name}/")
    return {alias: key for alias, key in named.items() if key and (alias == f"alias/{name}" or alias.startswith(mine))}


@ApiErrors.common_error_handler("describe key {key}")
@retry
def is_leaving(client: Any, key: str) -> bool:
    """Whether a key is to be deleted: it goes by itself, and costs nothing until then.

    A key that the caller may not describe is somebody else's, of a name like the environment's: it stands.
    """
    try:
        return client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    except is_boto3_error_code("AccessDeniedException"):
        return False


@ApiErrors.common_error_handler("list the ECS clusters")
@retry
def clusters(client: Any) -> list[str]:
    """ARNs of those that are there; a deleted one is no longer among them."""
    pages = client.get_paginator("list_clusters").paginate()
    return [arn for page in pages for arn in page["clusterArns"]]


@ApiErrors.common_error_handler("list the backups of table {table}")
@retry
def backups(client: Any, table: str) -> list[str]:
    """Also those that AWS makes of a table with point-in-time recovery as it is deleted."""
    found, request = [], {"TableName": table, "BackupType": "ALL"}
    while True:
        answer = client.list_backups(**request)
        found += [each["BackupArn"] for each in answer["BackupSummaries"] if each["BackupStatus"] != "DELETED"]
        if "LastEvaluatedBackupArn" not in answer:
            return found
        request["ExclusiveStartBackupArn"] = answer["LastEvaluatedBackupArn"]


@ApiErrors.common_error_handler("look into bucket {name}")
@retry
def holds_objects(client: Any, name: str) -> bool | None:
    """Whether there is any object, old versions included; None if there is no such bucket."""
    try:
        found = client.list_object_versions(Bucket=name, MaxKeys=1)
    except is_boto3_error_code("NoSuchBucket"):
        return None
    return bool(found.get("Versions") or found.get("DeleteMarkers"))


@ApiErrors.common_error_handler("look into image repository {name}")
@retry
def images(client: Any, name: str) -> int | None:
    """How many images; None if there is no such repository."""
    try:
        pages = list(client.get_paginator("list_images").paginate(repositoryName=name))
    except is_boto3_error_code("RepositoryNotFoundException"):
        return None
    return len({each["imageDigest"] for page in pages for each in page["imageIds"]})


def contents(
    s3: Any, ecr: Any, buckets: Iterable[str], repositories: Iterable[str]
) -> tuple[dict[str, bool], dict[str, int]]:
    """Of those that exist: bucket -> whether it holds objects, repository -> how many images."""
    calls: dict[Any, Callable[[], Any]] = {("s3", name): partial(holds_objects, s3, name) for name in buckets}
    calls |= {("ecr", name): partial(images, ecr, name) for name in repositories}
    found = {key: value for key, value in together(calls).items() if value is not None}
    return (
        {name: value for (service, name), value in found.items() if service == "s3"},
        {name: value for (service, name), value in found.items() if service == "ecr"},
    )


def arns(clients: Callable[[str], Any], wanted: Mapping[str, Any], elsewhere: Any) -> tuple[list[str], list[str]]:
    """ARNs of what stands, and of those keys among it that a role has made.

    wanted: parameters of the module, its region, and those of the buckets and repositories that exist.
    elsewhere: a tagging client of us-east-1 where the region is another one, else None.
    """
    name, place = wanted["name"], f"{wanted['region']}:{wanted['account_id']}"
    kms = clients("kms")
    calls: dict[str, Callable[[], list[str]]] = {
        "tagged": partial(tagged, clients("resourcegroupstaggingapi"), wanted["tags"]),
        "insights": partial(log_groups, clients("logs"), _CONTAINER_INSIGHTS.format(name=name)),
        "secrets": partial(secrets, clients("secretsmanager"), name),
        "parameters": partial(parameters, clients("ssm"), name, place),
        "backups": partial(backups, clients("dynamodb"), wanted["table"]),
        **({"global": partial(tagged, elsewhere, wanted["tags"])} if elsewhere else {}),
    }
    asked = together({**calls, "clusters": partial(clusters, clients("ecs")), "keys": partial(keys, kms, name)})
    aliases = {alias: f"arn:aws:kms:{place}:key/{key}" for alias, key in asked["keys"].items()}
    found = standing([arn for key in calls for arn in asked[key]], asked["clusters"]) + list(aliases.values())
    leaving = together({arn: partial(is_leaving, kms, arn) for arn in found if arn.startswith(f"arn:aws:kms:{place}:")})
    found = [arn for arn in found if not leaving.get(arn)]
    found += [f"arn:aws:s3:::{bucket}" for bucket in wanted["buckets"]]
    found += [f"arn:aws:ecr:{place}:repository/{each}" for each in wanted["repositories"]]
    return found, [arn for alias, arn in aliases.items() if alias.removeprefix("alias/") in wanted["key_aliases"]]
