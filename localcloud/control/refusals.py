# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that AWS answers with when nothing is wrong with the request: throttling, internal failures, refusals.

Each API family has its own status and codes: "Common Errors" of the services' API references,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; and the services' own names for a failure of
theirs in botocore's service models.
"""

from __future__ import annotations

import json
import uuid
from html import escape
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from localcloud.control.callee import Callee

#: (kind, service) or (kind, protocol) -> HTTP status and code; a service's own comes first.
_CODES = {
    ("throttle", "s3"): (503, "SlowDown"),
    ("throttle", "ec2"): (503, "RequestLimitExceeded"),
    ("throttle", "query"): (400, "Throttling"),
    ("throttle", "json"): (400, "ThrottlingException"),
    ("throttle", "cbor"): (400, "ThrottlingException"),
    ("throttle", "rest"): (429, "ThrottlingException"),
    ("throttle", "cloudfront"): (400, "Throttling"),
    ("error", "s3"): (500, "InternalError"),
    ("error", "ec2"): (500, "InternalError"),
    ("error", "ecs"): (500, "ServerException"),
    ("error", "ecr"): (500, "ServerException"),
    ("error", "dynamodb"): (500, "InternalServerError"),
    ("error", "application-autoscaling"): (400, "InternalServiceException"),
    ("error", "scheduler"): (500, "InternalServerException"),
    ("error", "query"): (500, "InternalFailure"),
    ("error", "json"): (500, "InternalFailure"),
    ("error", "cbor"): (500, "InternalFailure"),
    ("error", "rest"): (500, "InternalFailure"),
    ("denied", "s3"): (403, "AccessDenied"),
    ("denied", "ec2"): (403, "UnauthorizedOperation"),
    ("denied", "query"): (403, "AccessDenied"),
    ("denied", "json"): (400, "AccessDeniedException"),
    ("denied", "cbor"): (403, "AccessDenied"),
    ("denied", "rest"): (403, "AccessDeniedException"),
    ("denied", "cloudfront"): (403, "AccessDenied"),
    ("denied", "sns"): (403, "AuthorizationError"),
    ("denied", "cloudwatch"): (403, "AccessDenied"),
}
_MESSAGES = {"throttle": "Rate exceeded", "error": "An internal error occurred"}
#: Services with a REST protocol that answer in XML.
_REST_XML = frozenset({"s3", "cloudfront", "route53"})


def refusal(kind: str, callee: Callee, message: str = "") -> web.Response:
    """The answer to a call: kind is throttle, error or denied, which says the message."""
    status, code = _CODES.get((kind, callee.service)) or _CODES[(kind, callee.protocol)]
    message, request_id = message or _MESSAGES[kind], str(uuid.uuid4())
    shown = escape(message, quote=False)
    side = "Sender" if kind == "denied" else "Receiver"
    headers = {"x-amzn-RequestId": request_id}
    if callee.service == "s3":
        return _xml(status, f"<Error><Code>{code}</Code><Message>{shown}</Message></Error>", headers)
    if callee.protocol == "ec2":
        inner = f"<Errors><Error><Code>{code}</Code><Message>{shown}</Message></Error></Errors>"
        return _xml(status, f"<Response>{inner}<RequestID>{request_id}</RequestID></Response>", headers)
    if callee.protocol == "query" or callee.service in _REST_XML:
        inner = f"<Error><Type>{side}</Type><Code>{code}</Code><Message>{shown}</Message></Error>"
        return _xml(status, f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>", headers)
    if callee.protocol == "cbor":
        headers |= {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        return web.Response(status=status, body=_cbor({"__type": code, "message": message}), headers=headers)
    if callee.protocol == "rest":
        headers["x-amzn-ErrorType"] = code
    body = json.dumps({"__type": code, "message": message}).encode()
    return web.Response(status=status, body=body, headers=headers | {"Content-Type": "application/x-amz-json-1.1"})


def _xml(status: int, body: str, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=body.encode(), headers=headers | {"Content-Type": "text/xml"})


def _cbor(texts: dict[str, str]) -> bytes:
    """A map of texts (RFC 8949, section 3), each with its length in two bytes."""
    items = (text.encode() for pair in texts.items() for text in pair)
    return bytes([0xA0 + len(texts)]) + b"".join(b"\x79" + len(text).to_bytes(2) + text for text in items)
