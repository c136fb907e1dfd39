# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront: functions with their two stages, and their test runs.

moto has one stage and neither publishing, updates nor tests. A function is made and changed in DEVELOPMENT;
PublishFunction copies it to LIVE, where distributions run it. Sources: API_CreateFunction, API_UpdateFunction,
API_PublishFunction, API_TestFunction, API_DescribeFunction of
https://docs.aws.amazon.com/cloudfront/latest/APIReference/.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.edge.functions import FunctionError, Runner
from localcloud.mends.cloudfront.errors import CloudFrontError, check_etag, invalid
from localcloud.mends.cloudfront.references import refuse_in_use
from localcloud.mends.cloudfront.store import Function, Stage, Store, page, store_of

MAX_SIZE = 10 * 1024  # bytes of code; "Quotas", CloudFront Functions
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_RUNTIMES = ("cloudfront-js-1.0", "cloudfront-js-2.0")


def create_function(self: CloudFrontResponse) -> ActionResult:
    """A new function in DEVELOPMENT; its name is unique in the account."""
    store, name = store_of(self.backend), self._get_param("Name")
    if not _NAME.fullmatch(name or ""):
        raise invalid("The function name is not valid.")
    if name in store.functions:
        raise CloudFrontError("FunctionAlreadyExists", f"A function with the same name already exists: {name}")
    function = Function(store.account_id, name, _stage(self))
    store.functions[name] = function
    store.tagger.tag_resource(function.arn, self._get_param("Tags.Items", []) or [])
    location = f"https://cloudfront.amazonaws.com/2020-05-31/function/{function.arn}"
    return ActionResult(
        {"FunctionSummary": _summary(function, "DEVELOPMENT"), "Location": location, "ETag": function.development.etag}
    )


def update_function(self: CloudFrontResponse) -> ActionResult:
    """Changes DEVELOPMENT; LIVE stays until it is published."""
    function = _find(self)
    check_etag(self._get_param("IfMatch"), function.development.etag)
    function.development = _stage(self)
    return ActionResult({"FunctionSummary": _summary(function, "DEVELOPMENT"), "ETag": function.development.etag})


def publish_function(self: CloudFrontResponse) -> ActionResult:
    """Copies DEVELOPMENT to LIVE; distributions that use the function have it from then on."""
    function = _find(self)
    check_etag(self._get_param("IfMatch"), function.development.etag)
    function.live = Stage(function.development.config, function.development.code)
    return ActionResult({"FunctionSummary": _summary(function, "LIVE")})


def describe_function(self: CloudFrontResponse) -> ActionResult:
    """Summary and ETag of a stage, DEVELOPMENT unless LIVE is asked for."""
    function, name, stage = _staged(self)
    return ActionResult({"FunctionSummary": _summary(function, name), "ETag": stage.etag})


def get_function(self: CloudFrontResponse) -> ActionResult:
    """The code of a stage."""
    _, _, stage = _staged(self)
    return ActionResult({"FunctionCode": stage.code, "ETag": stage.etag, "ContentType": "application/octet-stream"})


def list_functions(self: CloudFrontResponse) -> ActionResult:
    """The functions that have the stage; without one, each function's DEVELOPMENT."""
    wanted = self._get_param("Stage") or "DEVELOPMENT"
    found = [item for item in store_of(self.backend).functions.values() if item.stage(wanted)]
    limit = self._get_int_param("MaxItems")
    items, next_marker = page(found, "name", self._get_param("Marker"), limit)
    listing: dict[str, Any] = {"MaxItems": limit or 100, "Quantity": len(items)}
    if next_marker:
        listing["NextMarker"] = next_marker
    if items:
        listing["Items"] = [_summary(item, wanted) for item in items]
    return ActionResult({"FunctionList": listing})


def delete_function(self: CloudFrontResponse) -> ActionResult:
    """Deletes both stages, unless a distribution uses the function."""
    function = _find(self)
    check_etag(self._get_param("IfMatch"), function.development.etag)
    store = store_of(self.backend)
    refuse_in_use(store, "FunctionInUse", "function", member="FunctionARN", value=function.arn)
    del store.functions[function.name]
    store.tagger.delete_all_tags_for_resource(function.arn)
    return EmptyResult()


def test_function(self: CloudFrontResponse) -> ActionResult:
    """Runs the function on an event object, in the engine in which the edge runs it."""
    function = _find(self)
    name = self._get_param("Stage") or "DEVELOPMENT"
    stage = function.stage(name)
    if stage is None:
        raise _missing(function.name)
    check_etag(self._get_param("IfMatch"), stage.etag)
    event = _bytes(self._get_param("EventObject"))
    try:
        json.loads(event)
    except ValueError as error:
        raise invalid("The event object is not valid JSON.") from error
    output, message, logs = "", "", []
    try:
        runner = Runner(stage.code.decode("utf-8", "replace"), stage.config["Runtime"])
        output = runner.run(event.decode())
        logs = runner.logs()
    except FunctionError as error:
        message, logs = str(error), error.logs
    result = {
        "FunctionSummary": _summary(function, name),
        "ComputeUtilization": "20",
        "FunctionExecutionLogs": logs,
        "FunctionErrorMessage": message,
        "FunctionOutput": _output(output),
    }
    return ActionResult({"TestResult": result})


def _output(text: str) -> str:
    """What the function gave back, under the name of what it is."""
    if not text:
        return ""
    value = json.loads(text)
    return json.dumps({"response" if "statusCode" in value else "request": value})


def _stage(self: CloudFrontResponse) -> Stage:
    config, code = dict(self._get_param("FunctionConfig", {})), _bytes(self._get_param("FunctionCode"))
    if config.get("Runtime") not in _RUNTIMES:
        raise invalid("The function runtime is not valid.")
    if len(code) > MAX_SIZE:
        raise CloudFrontError("FunctionSizeLimitExceeded", "The function is too large.")
    return Stage({"Comment": "", **config}, code)


def _bytes(value: Any) -> bytes:
    """A blob as moto's parser hands it on: decoded, or in base64 still."""
    if isinstance(value, bytes):
        return value
    return base64.b64decode(value or "")


def _find(self: CloudFrontResponse) -> Function:
    store: Store = store_of(self.backend)
    name = self._get_param("Name")
    if name not in store.functions:
        raise _missing(name)
    return store.functions[name]


def _staged(self: CloudFrontResponse) -> tuple[Function, str, Stage]:
    function = _find(self)
    name = self._get_param("Stage") or "DEVELOPMENT"
    stage = function.stage(name)
    if stage is None:
        raise _missing(function.name)
    return function, name, stage


def _missing(name: str) -> CloudFrontError:
    return CloudFrontError("NoSuchFunctionExists", f"The specified function does not exist: {name}")


def _summary(function: Function, name: str) -> dict[str, Any]:
    stage = function.stage(name)
    assert stage is not None
    associated = name == "LIVE" or (function.live is not None and function.live.code == function.development.code)
    return {
        "Name": function.name,
        "Status": "UNASSOCIATED" if associated else "UNPUBLISHED",
        "FunctionConfig": stage.config,
        "FunctionMetadata": {
            "FunctionARN": function.arn,
            "Stage": name,
            "CreatedTime": function.created,
            "LastModifiedTime": stage.modified,
        },
    }
