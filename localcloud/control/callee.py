# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operation of which service a request calls, from what each API protocol puts where. Pure.

JSON protocols name it in X-Amz-Target, the query protocols in the parameter Action, CBOR in the path, the REST
protocols by method and path, whose templates are in botocore's service models (https://smithy.io/2.0/aws/protocols/).
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any
from urllib.parse import unquote_plus

import botocore.loaders
import botocore.model

from localcloud.control.access import credential

#: Signing name -> boto3's name of the service, where they differ.
_NAMES = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "email": "ses",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
_ACTION = re.compile(rb"(?:^|&)Action=([^&]+)")
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")
_LABEL = re.compile(r"\{([^}]+)\}")


@dataclasses.dataclass(frozen=True, slots=True)
class Callee:
    """service: boto3's name; protocol: json, query, ec2, cbor or rest; access_key: whoever signed the request."""

    service: str
    operation: str
    protocol: str
    access_key: str = ""


def callee_of(environ: dict[str, Any], body: bytes) -> Callee | None:
    """What a signed request calls, operation "?" if it cannot be told; None for an unsigned one."""
    found = credential(environ)
    if found is None:
        return None
    access_key, signing_name = found
    service = _NAMES.get(signing_name, signing_name)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return Callee(service, target.rpartition(".")[2], "json", access_key)
    if in_path := _CBOR_PATH.match(environ["PATH_INFO"]):
        return Callee(service, in_path[1], "cbor", access_key)
    query = environ["QUERY_STRING"].encode()
    if match := _ACTION.search(body[:4096]) or _ACTION.search(query):
        return Callee(service, unquote_plus(match[1].decode()), "ec2" if service == "ec2" else "query", access_key)
    return Callee(service, _rest_operation(service, environ), "rest", access_key)


def _rest_operation(service: str, environ: dict[str, Any]) -> str:
    """The operation that fits best: most query parameters, longest template, then the plainest name (ListBuckets and
    ListDirectoryBuckets differ by host only)."""
    path = environ["PATH_INFO"].rstrip("/") or "/"
    given = {item.partition("=")[0] for item in environ["QUERY_STRING"].split("&")}
    fitting = [
        (len(literals), len(template), -len(name), name)
        for name, method, template, pattern, literals in _templates(service)
        if method == environ["REQUEST_METHOD"] and literals <= given and pattern.fullmatch(path)
    ]
    return max(fitting)[3] if fitting else "?"


@functools.cache
def _templates(service: str) -> list[tuple[str, str, str, re.Pattern[str], frozenset[str]]]:
    """(operation, method, path template, pattern of paths, query parameters that must be there) of a REST service."""
    loader = botocore.loaders.create_loader()
    if service not in loader.list_available_services("service-2"):
        return []
    model = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
    found = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        http = operation.http
        path, _, query = http["requestUri"].partition("?")
        path = path.rstrip("/") or "/"
        literals = {item.partition("=")[0] for item in query.split("&") if item}
        found.append(
            (name, http["method"], path, _pattern(path), frozenset(literals | _required(operation.input_shape)))
        )
    return found


def _required(shape: Any) -> set[str]:
    """The query parameters that a request must have: ListParts is GetObject with an uploadId."""
    members = {} if shape is None else shape.members
    return {
        members[name].serialization["name"]
        for name in (shape.required_members if shape is not None else ())
        if members[name].serialization.get("location") == "querystring"
    }


def _pattern(template: str) -> re.Pattern[str]:
    parts = _LABEL.split(template)
    shown = [
        (".+" if part.endswith("+") else "[^/]+") if index % 2 else re.escape(part) for index, part in enumerate(parts)
    ]
    return re.compile("".join(shown))
