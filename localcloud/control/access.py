# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: the account of a request's access key, and AWS's refusal of a key that belongs to nobody.

moto takes any key and puts what it does not know into account 123456789012, so a typo in the credentials would
provision a second, empty account instead of failing. Signatures are not checked: the local cloud's secrets are no
secrets. The refusals are those of each API family: "Common Errors" of the service's API reference, and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from moto.iam.models import AccessKey, iam_backends

from localcloud.control.data_plane import CHANGED
from localcloud.control.lock import MOTO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.control.server import WsgiApp
    from localcloud.settings import Account

#: The IAM user whose keys the env files hold.
USER = "slipway"

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/[^/]*/([^/]+)/")
#: Services (by signing name) that the ALB's configuration is made of.
_FEEDS_ALB = frozenset({"elasticloadbalancing", "acm", "iam"})
_INVALID = "The security token included in the request is invalid."


def register(accounts: Iterable[Account]) -> None:
    """Make each account's user with the access key of its env file."""
    for account in accounts:
        backend = iam_backends[account.id]["aws"]
        user = backend.create_user("us-east-1", USER)
        key = AccessKey(user.name, prefix="AKIA", account_id=account.id)
        key.access_key_id, key.secret_access_key = account.access_key, account.secret_key
        user.access_keys.append(key)
        backend.access_keys[account.access_key] = key


def account_of(access_key: str) -> str | None:
    """The account that an access key belongs to, of a user or of an assumed role; None if it is unknown or inactive."""
    for account_id, partitions in list(iam_backends.items()):
        key = partitions["aws"].access_keys.get(access_key)
        if key is not None:
            return account_id if key.status == "Active" else None
    return None


class Access:
    """WSGI middleware that settles the account and runs the application under moto's lock."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)  # moto's own back door between accounts
        found = credential(environ)
        with MOTO:
            if found:
                access_key, service = found
                account_id = account_of(access_key)
                if account_id is None:
                    return _refuse(service, environ, start_response)
                environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
            answer = list(self._app(environ, start_response))
        if found and found[1] in _FEEDS_ALB:
            CHANGED.set()
        return answer


def credential(environ: dict[str, Any]) -> tuple[str, str] | None:
    """Access key and service of a signed request, by header or presigned URL; None for an unsigned one."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match:
        return match[1], match[2]
    query = environ.get("QUERY_STRING", "")
    if "X-Amz-Credential=" not in query:
        return None
    scope = parse_qs(query)["X-Amz-Credential"][0].split("/")
    return (scope[0], scope[3]) if len(scope) == 5 else None


def _refuse(service: str, environ: dict[str, Any], start_response: Any) -> list[bytes]:
    query = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    status, kind, body = _refusal("query" if query and service != "ec2" else service, str(uuid.uuid4()))
    headers = [("Content-Type", kind)]
    if environ.get("HTTP_X_AMZN_QUERY_MODE"):  # a JSON client of an API that was query once: it wants that code
        headers.append(("x-amzn-query-error", "InvalidClientTokenId;Sender"))
    start_response(status, headers)
    return [body.encode()]


def _refusal(family: str, request_id: str) -> tuple[str, str, str]:
    """Status, content type and body; the family is s3, ec2, cloudfront, query, or else JSON."""
    if family == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        body = f"<Error><Code>InvalidAccessKeyId</Code><Message>{message}</Message></Error>"
        return "403 Forbidden", "application/xml", body
    if family == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        error = f"<Errors><Error><Code>AuthFailure</Code><Message>{message}</Message></Error></Errors>"
        return "401 Unauthorized", "text/xml", f"<Response>{error}<RequestID>{request_id}</RequestID></Response>"
    if family in ("query", "cloudfront", "route53"):
        error = f"<Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>{_INVALID}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
        return "403 Forbidden", "text/xml", body
    body = json.dumps({"__type": "UnrecognizedClientException", "message": _INVALID})
    return "400 Bad Request", "application/x-amz-json-1.1", body
