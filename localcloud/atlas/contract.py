# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request and response against contract.yaml, with openapi-core; violations are counted and kept."""

from __future__ import annotations

import collections
import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("contract.yaml")
#: Violations kept word by word; all are counted.
_KEPT = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the contract."""

    id: str
    method: str
    template: str
    pattern: re.Pattern[str]
    versioned: bool


@dataclasses.dataclass(slots=True)
class Request:
    """A request as openapi-core wants it (its Request and SupportsPathPattern protocols)."""

    method: str
    path: str
    path_pattern: str
    content_type: str
    body: bytes
    parameters: RequestParameters
    host_url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Response:
    """A response as openapi-core wants it."""

    status_code: int
    content_type: str
    data: bytes
    headers: Headers


class Contract:
    """The contract, loaded once; thread-unsafe as everything in this process."""

    def __init__(self) -> None:
        spec = yaml.safe_load(FILE.read_text())
        self.operations = tuple(_operations(spec))
        kinds = sorted({kind for kind in _media_types(spec) if kind.startswith("application/vnd.")})
        self._api = OpenAPI.from_dict(
            spec, config=Config(extra_media_type_deserializers=dict.fromkeys(kinds, json.loads))
        )
        self.count: collections.Counter[str] = collections.Counter()
        self.violations: collections.deque[dict[str, str]] = collections.deque(maxlen=_KEPT)

    def find(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation of a request and its path parameters, decoded. raw_path keeps its escapes: %2F is no slash."""
        for operation in self.operations:
            match = operation.pattern.fullmatch(raw_path)
            if match and operation.method == method:
                return operation, {name: unquote(value) for name, value in match.groupdict().items()}
        return None

    def request(
        self, operation: Operation, path: Mapping[str, str], query: Mapping[str, str], content_type: str, body: bytes
    ) -> Request:
        """A request to validate."""
        parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(), cookie=ImmutableMultiDict(), path=dict(path)
        )
        return Request(
            operation.method.lower(), operation.template, operation.template, content_type.lower(), body, parameters
        )

    def check_request(self, operation: Operation, request: Request) -> str | None:
        """What is wrong with a request, None if nothing; counted."""
        return self._check("request", operation, lambda: self._api.validate_request(request))

    def check_response(self, operation: Operation, request: Request, response: Response) -> str | None:
        """What is wrong with a response, None if nothing; counted."""
        return self._check("response", operation, lambda: self._api.validate_response(request, response))

    def note(self, what: str, operation: str, problem: str) -> None:
        """Count a violation."""
        self.count[what] += 1
        self.violations.append({"what": what, "operation": operation, "problem": problem})

    def _check(self, what: str, operation: Operation, validate: Any) -> str | None:
        try:
            validate()
        except OpenAPIError as error:
            problem = _tell(error)
            self.note(what, operation.id, problem)
            return problem
        return None


def _tell(error: OpenAPIError) -> str:
    """The error with the schema's own words, which openapi-core keeps in its cause."""
    words = [str(error)]
    cause = error.__cause__
    while cause is not None:
        words.extend(found.message for found in getattr(cause, "schema_errors", ()))
        cause = cause.__cause__
    return "; ".join(words)


def _operations(spec: Mapping[str, Any]) -> list[Operation]:
    found = []
    for template, methods in spec["paths"].items():
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace(".", r"\.")))
        for method, operation in methods.items():
            if method != "parameters":
                versioned = "/v2/" in template
                found.append(Operation(operation["operationId"], method.upper(), template, pattern, versioned))
    return found


def _media_types(node: Any) -> list[str]:
    if isinstance(node, list):
        return [kind for item in node for kind in _media_types(item)]
    if not isinstance(node, dict):
        return []
    own = [kind for kind in node.get("content", {}) if isinstance(node.get("content"), dict)]
    return own + [kind for value in node.values() for kind in _media_types(value)]
