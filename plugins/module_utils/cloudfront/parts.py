# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudFront: origin access controls, functions, cache policies and response headers policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry

from .api import ChangedMeanwhileError, items, patiently
from .parts_plan import Part, Plan, Step

LIVE, DEVELOPMENT = "LIVE", "DEVELOPMENT"
STALE = ["PreconditionFailed", "InvalidIfMatchVersion"]


@dataclass(frozen=True)
class Kind:
    """One kind of object that CloudFront names, lists, and updates with the ETag that was read."""

    member: str
    """Its name in requests and answers; the configuration is under this name with Config after it."""
    method: str
    """The last part of its operations, as botocore names them."""
    listing: str
    """The operation that lists it."""
    nested: bool
    """Whether a list's items have the object in a member; an access control's item is its configuration itself."""


KINDS = {
    "origin_access_control": Kind(
        "OriginAccessControl", "origin_access_control", "list_origin_access_controls", nested=False
    ),
    "cache_policy": Kind("CachePolicy", "cache_policy", "list_cache_policies", nested=True),
    "response_headers_policy": Kind(
        "ResponseHeadersPolicy", "response_headers_policy", "list_response_headers_policies", nested=True
    ),
}


def observe(client: Any, wanted: Sequence[Part]) -> list[Part]:
    """Those of the parts that there are."""
    found = []
    for kind in dict.fromkeys(part.kind for part in wanted):
        names = [part.name for part in wanted if part.kind == kind]
        if kind == "function":
            found.extend(part for name in names for part in [function(client, name)] if part)
        else:
            found.extend(part for part in listed(client, kind) if part.name in names)
    return found


def listed(client: Any, kind: str) -> list[Part]:
    """All of the account's own objects of one kind."""
    about = KINDS[kind]
    filters = {"Type": "custom"} if about.nested else {}
    parts = []
    for item in items(client, about.listing, **filters):
        found = item[about.member] if about.nested else item
        config = found[f"{about.member}Config"] if about.nested else {k: v for k, v in item.items() if k != "Id"}
        parts.append(Part(kind, config["Name"], config, found["Id"]))
    return parts


def function(client: Any, name: str) -> Part | None:
    """The function as visitors meet it; one that never was published as it was last written."""
    for stage in (LIVE, DEVELOPMENT):
        summary = describe_function(client, name, stage)
        if summary:
            config = {**summary["FunctionConfig"], "Code": function_code(client, name, stage)}
            return Part(
                "function", name, {**config, "Published": stage == LIVE}, summary["FunctionMetadata"]["FunctionARN"]
            )
    return None


def apply(client: Any, plan: Plan) -> dict[tuple[str, str], str]:
    """Make the plan's steps; kind and name -> id of what was created."""
    created = {}
    for step in plan.steps:
        one = apply_function if step.kind == "function" else apply_config
        identity = one(client, step)
        if step.action == "create":
            created[step.kind, step.name] = identity
    return created


def apply_config(client: Any, step: Step) -> str:
    """Create, update or delete an object that is a configuration; the id of one that was created."""
    about = KINDS[step.kind]
    if step.action == "create":
        return create(client, about, dict(step.after))[about.member]["Id"]
    etag = get(client, about, step.id)["ETag"]
    if step.action == "update":
        update(client, about, step.id, etag, dict(step.after))
    else:
        delete(client, about, step.id, etag)
    return step.id


def apply_function(client: Any, step: Step) -> str:
    """A function is written, then published: visitors meet the published one alone."""
    if step.action == "delete":
        etag = function_etag(client, step.name)
        delete_function(client, step.name, etag)
        return step.id
    config = {key: value for key, value in step.after.items() if key not in ("Code", "Published")}
    code = step.after["Code"].encode()
    if step.action == "create":
        answer = create_function(client, step.name, config, code)
    else:
        answer = update_function(client, step.name, function_etag(client, step.name), config, code)
    published = publish_function(client, step.name, answer["ETag"])
    return published["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]


@ApiErrors.common_error_handler("describe {about.member} {identity}")
@retry
def get(client: Any, about: Kind, identity: str) -> dict[str, Any]:
    return getattr(client, f"get_{about.method}")(Id=identity)


@ApiErrors.common_error_handler("create {about.member}")
@retry
def create(client: Any, about: Kind, config: Mapping[str, Any]) -> dict[str, Any]:
    return getattr(client, f"create_{about.method}")(**{f"{about.member}Config": config})


@ApiErrors.common_error_handler("update {about.member} {identity}")
@retry
def update(client: Any, about: Kind, identity: str, etag: str, config: Mapping[str, Any]) -> None:
    try:
        getattr(client, f"update_{about.method}")(Id=identity, IfMatch=etag, **{f"{about.member}Config": config})
    except is_boto3_error_code(STALE) as error:
        raise ChangedMeanwhileError(f"{about.member} {identity}") from error


@ApiErrors.common_error_handler("delete {about.member} {identity}")
@patiently
def delete(client: Any, about: Kind, identity: str, etag: str) -> None:
    getattr(client, f"delete_{about.method}")(Id=identity, IfMatch=etag)


@ApiErrors.common_error_handler("describe function {name}")
@retry
def describe_function(client: Any, name: str, stage: str) -> dict[str, Any] | None:
    try:
        return client.describe_function(Name=name, Stage=stage)["FunctionSummary"]
    except is_boto3_error_code("NoSuchFunctionExists"):
        return None


@ApiErrors.common_error_handler("read the code of function {name}")
@retry
def function_code(client: Any, name: str, stage: str) -> str:
    return client.get_function(Name=name, Stage=stage)["FunctionCode"].read().decode()


@ApiErrors.common_error_handler("describe function {name}")
@retry
def function_etag(client: Any, name: str) -> str:
    """Of the stage that is written to."""
    return client.describe_function(Name=name, Stage=DEVELOPMENT)["ETag"]


@ApiErrors.common_error_handler("create function {name}")
@retry
def create_function(client: Any, name: str, config: Mapping[str, Any], code: bytes) -> dict[str, Any]:
    return client.create_function(Name=name, FunctionConfig=config, FunctionCode=code)


@ApiErrors.common_error_handler("update function {name}")
@retry
def update_function(client: Any, name: str, etag: str, config: Mapping[str, Any], code: bytes) -> dict[str, Any]:
    try:
        return client.update_function(Name=name, IfMatch=etag, FunctionConfig=config, FunctionCode=code)
    except is_boto3_error_code(STALE) as error:
        raise ChangedMeanwhileError(f"Function {name}") from error


@ApiErrors.common_error_handler("publish function {name}")
@retry
def publish_function(client: Any, name: str, etag: str) -> dict[str, Any]:
    try:
        return client.publish_function(Name=name, IfMatch=etag)
    except is_boto3_error_code(STALE) as error:
        raise ChangedMeanwhileError(f"Function {name}") from error


@ApiErrors.common_error_handler("delete function {name}")
@patiently
def delete_function(client: Any, name: str, etag: str) -> None:
    client.delete_function(Name=name, IfMatch=etag)
