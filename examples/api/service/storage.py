# SPDX-License-Identifier: GPL-3.0-or-later
"""/items/<key>: objects of one S3 bucket. On AWS the way to S3 is the VPC's gateway endpoint, by route, not by setting.

boto3 is imported on first use: it takes longer to load than all the rest, and a task should be healthy before.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from typing import Any

from aiohttp import web

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
# Everything that the service stores lies under one prefix, which is also what the task role's policy grants.
_PREFIX = "items/"


class StorageError(Exception):
    """What S3 said no to, as an HTTP status and one line that names no bucket."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bucket:
    """One bucket behind a lazily made client (which is thread-safe once made; the session that makes it is not)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client: Any = None
        self._lock = threading.Lock()

    async def get(self, key: str) -> tuple[bytes, str]:
        """The object's bytes and content type."""
        answer: tuple[bytes, str] = await self._run(self._get, key)
        return answer

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        """Store BODY under KEY, in place of what was there."""
        await self._run(
            lambda client, name: client.put_object(Bucket=self._name, Key=name, Body=body, ContentType=content_type),
            key,
        )

    async def names(self, limit: int) -> list[str]:
        """The first LIMIT keys, sorted (S3 lists in that order)."""
        answer = await self._run(
            lambda client, prefix: client.list_objects_v2(Bucket=self._name, Prefix=prefix, MaxKeys=limit), ""
        )
        return [item["Key"].removeprefix(_PREFIX) for item in answer.get("Contents", [])]

    def _get(self, client: Any, name: str) -> tuple[bytes, str]:
        answer = client.get_object(Bucket=self._name, Key=name)
        return answer["Body"].read(), answer.get("ContentType") or "application/octet-stream"

    async def _run(self, call: Callable[[Any, str], Any], key: str) -> Any:
        return await asyncio.to_thread(self._call, call, _PREFIX + key)

    def _call(self, call: Callable[[Any, str], Any], name: str) -> Any:
        from botocore import exceptions

        try:
            return call(self._connected(), name)
        except exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                raise StorageError(404, "no such item") from error
            print(f"S3: {error.response['Error']['Code']} in {error.operation_name}", flush=True)
            raise StorageError(502, "the storage refused the request") from error
        except (exceptions.BotoCoreError, exceptions.HTTPClientError) as error:
            print(f"S3: {type(error).__name__}", flush=True)
            raise StorageError(503, "the storage cannot be reached") from error

    def _connected(self) -> Any:
        import boto3
        from botocore.config import Config

        with self._lock:
            if self._client is None:
                config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
                self._client = boto3.client("s3", config=config)
        return self._client


BUCKET = web.AppKey("bucket", Bucket)


def attach(app: web.Application, bucket: str | None) -> None:
    """Add GET and PUT /items/<key> to APP; without a bucket they answer 501."""
    if bucket:
        app[BUCKET] = Bucket(bucket)
    app.router.add_get("/items/{key}", _get)
    app.router.add_put("/items/{key}", _put)


def of(request: web.Request) -> Bucket:
    """The request's bucket, or the answer 501."""
    if BUCKET not in request.app:
        raise web.HTTPNotImplemented(text="no BUCKET is set")
    return request.app[BUCKET]


def _key_of(request: web.Request) -> str:
    key = request.match_info["key"]
    if not _KEY.fullmatch(key):
        raise web.HTTPBadRequest(text="a key has 1 to 200 letters, digits, dots, dashes or underscores")
    return key


async def _get(request: web.Request) -> web.Response:
    body, content_type = await of(request).get(_key_of(request))
    # Stored by anyone who may PUT: the browser must neither guess a type nor run what it finds.
    headers = {"Content-Type": content_type, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return web.Response(body=body, headers=headers)


async def _put(request: web.Request) -> web.Response:
    bucket, key = of(request), _key_of(request)
    await bucket.put(key, await request.read(), request.headers.get("Content-Type", "application/octet-stream"))
    return web.json_response({"stored": key}, status=201)
