# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request names: its scalar parameters, so that the log can tell which resource was meant. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of a request that names more, the log keeps these: the shallowest first, as they come.
_KEPT = 24
#: Characters; longer ones are documents and no names.
_LONGEST = 256
_DEEPEST = 3
#: What no log should have, though nothing here is a real secret.
_SECRET = frozenset({"SecretString", "SecretBinary", "Value"})


def named(protocol: str, environ: dict[str, Any], body: bytes) -> dict[str, str]:
    """Parameter to value: "cluster", "Key.service.S", "tasks.0"; of a REST request its "path", its query and its JSON.

    protocol: as Callee has it. Nothing of a request whose body cannot be read.
    """
    if protocol == "rest":
        found = [("path", environ["PATH_INFO"]), *parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)]
        if environ.get("CONTENT_TYPE") == "application/json":
            known = {name for name, _value in found}
            found += [item for item in _in_json(body) if item[0] not in known]
    elif protocol == "json":
        found = _in_json(body)
    elif protocol in ("query", "ec2"):
        found = parse_qsl(body.decode("utf-8", "replace") or environ["QUERY_STRING"])
    else:
        found = []
    return dict([item for item in found if item[0] not in _SECRET and len(item[1]) <= _LONGEST][:_KEPT])


def _in_json(body: bytes) -> list[tuple[str, str]]:
    try:
        document = json.loads(body)
    except ValueError:
        return []
    return [(name, value) for _depth, name, value in sorted(_scalars(document), key=lambda item: item[0])]


def _scalars(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[int, str, str]]:
    """(depth, name, value) of each string and number."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items if depth < _DEEPEST else ():
            yield from _scalars(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif value is not None:
        yield depth, name, str(value)
