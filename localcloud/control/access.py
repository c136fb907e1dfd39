# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: the account of a request's access key, and AWS's refusal of a key that belongs to nobody.

moto takes any key and puts what it does not know into account 123456789012, so a typo in the credentials would
provision a second, empty account instead of failing. Signatures are not checked: the local cloud's secrets are no
secrets. The refusals are those of each API family: "Common Errors" of the service's API reference, and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from moto.iam.models import AccessKey, iam_backends

from localcloud.control import edge_board
from localcloud.control.data_plane import CHANGED
from localcloud.control.lock import MOTO
from localcloud.control.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.control.callee import Callee
    from localcloud.control.server import WsgiApp
    from localcloud.iam.guard import Guard
    from localcloud.settings import Account

log = logging.getLogger(__name__)

#: The IAM user whose keys the env files hold.
USER = "slipway"

#: What that user may do, wherever policies are enforced: everything, as a person who administers the account.
_ADMINISTRATOR = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/[^/]*/([^/]+)/")
#: Services (by signing name) that the ALB's configuration is made of.
_FEEDS_ALB = frozenset({"elasticloadbalancing", "acm", "iam"})
#: And those that the edge's is made of.
_FEEDS_EDGE = frozenset({"cloudfront", "wafv2", "elasticloadbalancing"})


class Keys:
    """Whose access key it is: the env files' users, other IAM users, assumed roles.

    The env files' users are made when they first call: an account's IAM takes a while, and `up` shall be quick.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._to_make = {account.access_key: account for account in accounts}

    def account_of(self, access_key: str) -> str | None:
        """The account that an access key belongs to; None if it is unknown or inactive. Caller holds lock.MOTO."""
        account = self._to_make.pop(access_key, None)
        if account is not None:
            _make_user(account)
        for account_id, partitions in list(iam_backends.items()):
            key = partitions["aws"].access_keys.get(access_key)
            if key is not None:
                return account_id if key.status == "Active" else None
        return None


def _make_user(account: Account) -> None:
    backend = iam_backends[account.id]["aws"]
    user = backend.create_user("us-east-1", USER)
    backend.put_user_policy(USER, "administrator", _ADMINISTRATOR)
    key = AccessKey(user.name, prefix="AKIA", account_id=account.id)
    key.access_key_id, key.secret_access_key = account.access_key, account.secret_key
    user.access_keys.append(key)
    backend.access_keys[account.access_key] = key


class Access:
    """WSGI middleware that settles the account, asks the guard and runs the application under moto's lock."""

    def __init__(self, app: WsgiApp, keys: Keys, guard: Guard | None = None) -> None:
        self._app, self._keys, self._guard = app, keys, guard

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)  # moto's own back door between accounts
        found = credential(environ)
        account_id: str | None = None
        with MOTO:
            if found:
                access_key, service = found
                account_id = self._keys.account_of(access_key)
                if account_id is None:
                    return _respond(service, _BAD_KEY, environ, start_response)
                environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
            if refused := self._refused(environ, found[0] if found else "", account_id or ""):
                return _refuse(*refused, start_response)
            try:
                answer = list(self._app(environ, start_response))
            except Exception:
                log.exception("the emulator failed at %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
                return _respond(found[1] if found else "s3", _EMULATOR_FAILED, environ, start_response)
        if found and found[1] in _FEEDS_ALB:
            CHANGED.set()
        if found and found[1] in _FEEDS_EDGE:
            edge_board.CHANGED.set()
        return answer

    def _refused(self, environ: dict[str, Any], access_key: str, account: str) -> tuple[Callee, str] | None:
        if self._guard is None:
            return None
        if not access_key:
            return self._guard.refusal_of_stranger(environ)
        return self._guard.refusal(environ, access_key, account)


def _refuse(callee: Callee, message: str, start_response: Any) -> list[bytes]:
    answer = refusal("denied", callee, message)
    start_response(f"{answer.status} Refused", list(answer.headers.items()))
    return [answer.body] if isinstance(answer.body, bytes) else []


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


@dataclasses.dataclass(frozen=True, slots=True)
class _Error:
    """An answer of the local cloud's own: HTTP status and code in each API family."""

    message: str
    json: tuple[str, str]
    query: tuple[str, str]
    ec2: tuple[str, str]
    s3: tuple[str, str]


_BAD_KEY = _Error(
    message="The security token included in the request is invalid.",
    json=("400 Bad Request", "UnrecognizedClientException"),
    query=("403 Forbidden", "InvalidClientTokenId"),
    ec2=("401 Unauthorized", "AuthFailure"),
    s3=("403 Forbidden", "InvalidAccessKeyId"),
)
_500 = "500 Internal Server Error"
_EMULATOR_FAILED = _Error(
    message="The local cloud's emulator failed at this request; log/control.log in its state folder says where.",
    json=(_500, "InternalFailure"),
    query=(_500, "InternalFailure"),
    ec2=(_500, "InternalError"),
    s3=(_500, "InternalError"),
)


def _respond(service: str, error: _Error, environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with an error in the form that the client's parser for this service reads."""
    request_id = str(uuid.uuid4())
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    headers = [("Content-Type", "text/xml")]
    if service == "s3":
        status, code = error.s3
        body = f"<Error><Code>{code}</Code><Message>{error.message}</Message></Error>"
    elif service == "ec2":
        status, code = error.ec2
        inner = f"<Errors><Error><Code>{code}</Code><Message>{error.message}</Message></Error></Errors>"
        body = f"<Response>{inner}<RequestID>{request_id}</RequestID></Response>"
    elif form or service in ("cloudfront", "route53"):
        status, code = error.query
        inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{error.message}</Message></Error>"
        body = f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"
    else:
        status, code = error.json
        body = json.dumps({"__type": code, "message": error.message})
        headers = [("Content-Type", "application/x-amz-json-1.1")]
        if environ.get("HTTP_X_AMZN_QUERY_MODE"):  # a JSON client of an API that was query once: it wants that code
            headers.append(("x-amzn-query-error", f"{error.query[1]};Sender"))
    start_response(status, headers)
    return [body.encode()]
