# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Amazon CloudWatch Logs, as far as the tail of a stream goes: one call, one function."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code

from .api import ApiErrors, retry


@ApiErrors.common_error_handler("read the log stream {stream} of {group}")
@retry
def last_messages(client: Any, group: str, stream: str, count: int) -> list[str]:
    """The newest messages, oldest of them first; none when there is no such stream, as of a task that never ran."""
    try:
        answer = client.get_log_events(logGroupName=group, logStreamName=stream, limit=count, startFromHead=False)
    except is_boto3_error_code("ResourceNotFoundException"):
        return []
    return [str(event["message"]) for event in answer["events"]]
