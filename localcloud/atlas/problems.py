# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API refuses, by the errorCode of Atlas's error page, and the body that says so.

https://www.mongodb.com/docs/atlas/reference/api-errors/ lists the codes; the texts here are our own.
"""

from __future__ import annotations

import http
from typing import Any

#: errorCode -> HTTP status.
STATUS = {
    "ATLAS_INVALID_CIDR_BLOCK": 400,
    "ATLAS_INVALID_CIDR_BLOCK_RANGE": 400,
    "ATLAS_NON_CANONICAL_CIDR_BLOCK": 400,
    "CANNOT_CHANGE_CONTAINER_REGION": 400,
    "CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION": 400,
    "INVALID_ATTRIBUTE": 400,
    "INVALID_VERSION_DATE": 400,
    "PEER_MAXIMUM_REACHED": 409,
    "UNAUTHORIZED": 401,
    "USER_UNAUTHORIZED": 403,
    "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND": 404,
    "CLUSTER_NOT_FOUND": 404,
    "CONTAINER_NOT_FOUND": 404,
    "GROUP_NOT_FOUND": 404,
    "PEER_NOT_FOUND": 404,
    "RESOURCE_NOT_FOUND": 404,
    "USERNAME_NOT_FOUND": 404,
    "NOT_ACCEPTABLE": 406,
    "CANNOT_DELETE_RECENTLY_CREATED_CONTAINER": 409,
    "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED": 409,
    "CONTAINERS_IN_USE": 409,
    "CONTAINER_ALREADY_EXISTS": 409,
    "DUPLICATE_CLUSTER_NAME": 409,
    "OVERLAPPING_ATLAS_CIDR_BLOCK": 409,
    "OVERLAPPING_CIDR_BLOCK": 409,
    "PEER_ALREADY_EXISTS": 409,
    "PEER_ALREADY_REQUESTED_DELETION": 409,
    "PEER_INVALID_STATE": 409,
    "USER_ALREADY_EXISTS": 409,
    "VERSION_REMOVED": 410,
    "RATE_LIMITED": 429,
    "RATE_LIMITED_TOKEN_BUCKET": 429,
    "UNEXPECTED_ERROR": 500,
}


class ApiError(Exception):
    """A refusal: raised anywhere below a request, answered in one place."""

    def __init__(
        self, code: str, detail: str, *, status: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status or STATUS.get(code, 500)
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {
            "error": self.status,
            "errorCode": self.code,
            "detail": self.detail,
            "reason": http.HTTPStatus(self.status).phrase,
            "parameters": [],
        }
