# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What every thin AWS call of Slipway shares: one error handler (outside) and one retry (inside)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import ClientError

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

# What AWSRetry does not know: ECS and Application Auto Scaling throttle under these names, ECS's own 500 is called
# ServerException, and two writers of one scalable target meet in ConcurrentUpdateException; the last two are DynamoDB's
# (botocore service models).
_TRANSIENT = [
    "ThrottlingException",
    "ServerException",
    "ConcurrentUpdateException",
    "InternalServiceException",
    "InternalServerError",
    "ProvisionedThroughputExceededException",
]

MISSING = [
    "ClusterNotFoundException",
    "ListenerNotFound",
    "LoadBalancerNotFound",
    "RuleNotFound",
    "ServiceNotFoundException",
    "TargetGroupNotFound",
]


class ApiErrors(AWSErrorHandler):
    """Turns botocore's errors into AnsibleAWSError; list_error_handler returns its default only for what is absent."""

    @classmethod
    def _is_missing(cls) -> type[BaseException]:
        return is_boto3_error_code(MISSING)


retry = AWSRetry.jittered_backoff(retries=6, delay=1, max_delay=10, catch_extra_error_codes=_TRANSIENT)


def refuse_partial_failure(method: str, answer: dict[str, Any]) -> None:
    """Raise ClientError for what an EC2 call names in Unsuccessful: it answers 200 for what it did not do."""
    for item in answer.get("Unsuccessful", []):
        raise ClientError({"Error": item["Error"]}, method)
