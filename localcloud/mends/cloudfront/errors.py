# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's errors: codes as in the API reference; moto takes the HTTP status of each from botocore's model."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class CloudFrontError(ServiceException):  # type: ignore[misc]
    """An error with a code and a message."""


def invalid(message: str) -> CloudFrontError:
    """InvalidArgument, the code of most refusals."""
    return CloudFrontError("InvalidArgument", message)


def check_etag(given: str | None, current: str) -> None:
    """Refuse a change without If-Match, or with the ETag of another state than the current one.

    API_UpdateDistribution and its like: InvalidIfMatchVersion (400) when it is missing, PreconditionFailed (412) when
    it does not match. moto takes any value.
    """
    if not given:
        raise CloudFrontError("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    if given.strip('"') != current:
        raise CloudFrontError(
            "PreconditionFailed",
            "The request failed because it didn't meet the preconditions in one or more request-header fields.",
        )
