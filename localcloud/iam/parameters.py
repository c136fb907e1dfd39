# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a request, as the API names them, whatever the protocol puts where. Pure.

For the REST protocols that is in botocore's service models (https://smithy.io/2.0/aws/protocols/). Of XML bodies only
those are read that say which resource is meant: keys of S3's DeleteObjects, tags and a function's name of CloudFront.
"""

from __future__ import annotations

import functools
import html
import io
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import botocore.loaders
import botocore.model
from botocore.parsers import RpcV2CBORParser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.control.callee import Callee

type Parameters = dict[str, Any]

_LABEL = re.compile(r"\{(\w+)(\+?)\}")
_TAG = re.compile(rb"<Tag>\s*<Key>(.*?)</Key>\s*<Value>(.*?)</Value>\s*</Tag>", re.S)
_NAME = re.compile(rb"<Name>(.*?)</Name>", re.S)
_KEY = re.compile(rb"<Key>(.*?)</Key>", re.S)


def parameters(callee: Callee, environ: dict[str, Any], body: bytes) -> Parameters:
    """Name to value: texts, numbers, lists and mappings. Nothing of a body that cannot be read."""
    try:
        if callee.protocol == "json":
            return _mapping(json.loads(body))
        if callee.protocol in ("query", "ec2"):
            text = body.decode("utf-8", "replace") or environ["QUERY_STRING"]
            return _nested(parse_qsl(text, keep_blank_values=True))
        if callee.protocol == "cbor":
            return _mapping(RpcV2CBORParser().parse_data_item(io.BytesIO(body)))
        return _of_rest(callee, environ, body)
    except ValueError:
        return {}


def _mapping(value: Any) -> Parameters:
    return value if isinstance(value, dict) else {}


def _nested(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Filter.1.Value.2 and Tags.member.1.Key, as lists of what they are; a list is a mapping of numbers until then."""
    found: Parameters = {}
    for name, value in pairs:
        *way, last = [part for part in name.split(".") if part != "member"]
        place = found
        for part in way:
            inner = place.setdefault(part, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return {name: _with_lists(value) for name, value in found.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _of_rest(callee: Callee, environ: dict[str, Any], body: bytes) -> Parameters:
    template, members = _model(callee.service, callee.operation)
    found: Parameters = {}
    if environ.get("CONTENT_TYPE", "").startswith("application/json") and body:
        found |= _mapping(json.loads(body))
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    if match := template.fullmatch(path.rstrip("/") or "/"):
        found |= match.groupdict()
    query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    for member, (place, name) in members.items():
        value = query.get(name) if place == "querystring" else environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        if value is not None:
            found[member] = value
    found |= _of_xml(callee, body)
    # By this header alone a copy differs from a PutObject or UploadPart.
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        found["CopySource"] = unquote(source.partition("?")[0]).lstrip("/")
    return found


def _of_xml(callee: Callee, body: bytes) -> Parameters:
    operation = callee.operation
    if operation == "DeleteObjects":
        return {"Keys": [html.unescape(key.decode()) for key in _KEY.findall(body)]}
    if callee.service == "cloudfront" and operation in ("CreateDistributionWithTags", "TagResource"):
        pairs = ([html.unescape(part.decode()) for part in pair] for pair in _TAG.findall(body))
        return {"Tags": [{"Key": key, "Value": value} for key, value in pairs]}
    match = _NAME.search(body) if operation == "CreateFunction" else None
    return {"Name": html.unescape(match[1].decode())} if match else {}


@functools.cache
def _model(service: str, operation: str) -> tuple[re.Pattern[str], dict[str, tuple[str, str]]]:
    """The path as a pattern that names its labels, and the members that are in the query or in headers."""
    model = _service(service)
    if model is None or operation not in model.operation_names:
        return re.compile("(?!)"), {}
    found = model.operation_model(operation)
    path = found.http["requestUri"].partition("?")[0].rstrip("/") or "/"
    parts = _LABEL.split(path)
    shown = re.escape(parts[0])
    for label, greedy, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        shown += f"(?P<{label}>{'.+' if greedy else '[^/]+'}){re.escape(rest)}"
    members = found.input_shape.members if found.input_shape else {}
    placed = {
        member: (shape.serialization["location"], shape.serialization["name"])
        for member, shape in members.items()
        if shape.serialization.get("location") in ("querystring", "header")
    }
    return re.compile(shown), placed


@functools.cache
def _service(service: str) -> botocore.model.ServiceModel | None:
    loader = botocore.loaders.create_loader()
    if service not in loader.list_available_services("service-2"):
        return None
    return botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
