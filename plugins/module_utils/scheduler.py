# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon EventBridge Scheduler: one call, one function. Neither amazon.aws nor community.aws has a module for it."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .api import ApiErrors, retry

_NONE = "ResourceNotFoundException"


@ApiErrors.common_error_handler("read the schedule group {name}")
@retry
def group_exists(client: Any, name: str) -> bool:
    """A group that is being deleted does not count."""
    try:
        return client.get_schedule_group(Name=name)["State"] == "ACTIVE"
    except is_boto3_error_code(_NONE):
        return False


@ApiErrors.common_error_handler("create the schedule group {name}")
@retry
def create_group(client: Any, name: str, tags: dict[str, str], token: str) -> None:
    """One that is there already, as after a lost response, is no error."""
    extra = {"Tags": ansible_dict_to_boto3_tag_list(tags)} if tags else {}
    try:
        client.create_schedule_group(Name=name, ClientToken=token, **extra)
    except is_boto3_error_code("ConflictException"):
        if client.get_schedule_group(Name=name)["State"] != "ACTIVE":
            raise


@ApiErrors.common_error_handler("delete the schedule group {name}")
@retry
def delete_group(client: Any, name: str) -> None:
    """With all its schedules. One that is gone already is no error."""
    try:
        client.delete_schedule_group(Name=name)
    except is_boto3_error_code(_NONE):
        pass


@ApiErrors.common_error_handler("list the schedules of group {group}")
@retry
def list_schedules(client: Any, group: str) -> list[str]:
    """Their names; none when there is no such group."""
    pages = client.get_paginator("list_schedules").paginate(GroupName=group)
    try:
        return [item["Name"] for page in pages for item in page["Schedules"] if item["GroupName"] == group]
    except is_boto3_error_code(_NONE):
        return []


@ApiErrors.common_error_handler("read the schedule {name} of group {group}")
@retry
def get_schedule(client: Any, group: str, name: str) -> dict | None:
    try:
        return client.get_schedule(GroupName=group, Name=name)
    except is_boto3_error_code(_NONE):
        return None


@ApiErrors.common_error_handler("create the schedule {name} of group {group}")
@retry
def create_schedule(client: Any, group: str, name: str, members: dict, token: str) -> None:
    """A retry with the same token is the same creation (ClientToken)."""
    client.create_schedule(GroupName=group, Name=name, ClientToken=token, **members)


@ApiErrors.common_error_handler("update the schedule {name} of group {group}")
@retry
def update_schedule(client: Any, group: str, name: str, members: dict, token: str) -> None:
    """Everything that members lack returns to its default (EventBridge Scheduler API reference, UpdateSchedule)."""
    client.update_schedule(GroupName=group, Name=name, ClientToken=token, **members)


@ApiErrors.common_error_handler("delete the schedule {name} of group {group}")
@retry
def delete_schedule(client: Any, group: str, name: str) -> None:
    """One that is gone already is no error."""
    try:
        client.delete_schedule(GroupName=group, Name=name)
    except is_boto3_error_code(_NONE):
        pass
