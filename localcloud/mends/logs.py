# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs: saved queries of Logs Insights, which moto does not have. They are kept; nothing runs them.

See https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse


def install() -> None:
    """Put the mend in place."""
    LogsResponse.put_query_definition = _put
    LogsResponse.describe_query_definitions = _describe
    LogsResponse.delete_query_definition = _delete


def _kept(self: Any) -> dict[str, dict[str, Any]]:
    """Id to definition. In moto's backend, so that a reset takes them along."""
    kept: dict[str, dict[str, Any]] = self.logs_backend.__dict__.setdefault("query_definitions", {})
    return kept


def _put(self: Any) -> str:
    given = json.loads(self.body)
    identity = given.get("queryDefinitionId") or str(uuid.uuid4())
    if "queryDefinitionId" in given and identity not in _kept(self):
        raise ResourceNotFoundException("The specified query definition does not exist.")
    _kept(self)[identity] = {
        "queryLanguage": given.get("queryLanguage", "CWLI"),
        "queryDefinitionId": identity,
        "name": given["name"],
        "queryString": given["queryString"],
        "logGroupNames": given.get("logGroupNames", []),
        "lastModified": int(time.time() * 1000),
    }
    return json.dumps({"queryDefinitionId": identity})


def _describe(self: Any) -> str:
    given = json.loads(self.body)
    prefix, start = given.get("queryDefinitionNamePrefix", ""), int(given.get("nextToken", 0))
    stop = start + int(given.get("maxResults", 1000))
    found = sorted((each for each in _kept(self).values() if each["name"].startswith(prefix)), key=_name)
    more = {"nextToken": str(stop)} if stop < len(found) else {}
    return json.dumps({"queryDefinitions": found[start:stop]} | more)


def _name(definition: dict[str, Any]) -> str:
    name: str = definition["name"]
    return name


def _delete(self: Any) -> str:
    if _kept(self).pop(json.loads(self.body)["queryDefinitionId"], None) is None:
        raise ResourceNotFoundException("The specified query definition does not exist.")
    return json.dumps({"success": True})
