# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 as the origin of distributions: GET of an object by the edge, under the bucket's policy.

A call of the edge's own, marked with the cloud's id, in the place of a request that CloudFront signs for the
distribution (origin access control). Who may: a bucket policy that allows s3:GetObject to the service principal
cloudfront.amazonaws.com for this distribution; without a signature, one that allows it to everybody. A key that is not
there is 404 to those who may s3:ListBucket, else 403 (API_GetObject, "Permissions").

A plus sign in the path is a space to S3, also when CloudFront asks: an object with a plus in its key is reached as %2B
only (known to everybody who met it: rust-lang/crates.io#4891, dnbert/prm#46).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from aiohttp import web
from moto.s3.models import FakeDeleteMarker, s3_backends

from localcloud.control.bucket_policy import Caller, allows, cloudfront
from localcloud.control.lock import MOTO

if TYPE_CHECKING:
    from localcloud.control.server import Handler

_PREFIX = "/_localcloud/s3-origin/"


class S3Origin:
    """The handler of such calls."""

    def __init__(self, token: str) -> None:
        """token: the cloud's id, which only its own processes know."""
        self._token = token

    @property
    def routes(self) -> dict[tuple[str, str], Handler]:
        """The handler by method and path."""
        return {("*", _PREFIX + "{rest:.*}"): self._get}

    async def _get(self, request: web.Request) -> web.Response:
        given = request.headers.get("X-Localcloud-Token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return web.Response(status=404)
        path = request.raw_path.partition("?")[0].removeprefix(_PREFIX)
        bucket, _, key = path.partition("/")
        account = request.headers.get("X-Localcloud-Account", "")
        caller = cloudfront(request.headers.get("X-Localcloud-Distribution", ""), account)
        if request.method not in ("GET", "HEAD"):
            return _error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        with MOTO:
            return _read(unquote_plus(bucket), unquote_plus(key), caller, request.headers.get("If-None-Match", ""))


def _read(name: str, key: str, caller: Caller, known: str) -> web.Response:
    bucket = _bucket(name)
    if bucket is None:
        return _error(
            404, "NoSuchBucket", "The specified bucket does not exist", f"<BucketName>{escape(name)}</BucketName>"
        )
    found = bucket.keys.get(key)
    if found is None or isinstance(found, FakeDeleteMarker):
        if allows(bucket.policy, "s3:ListBucket", f"arn:aws:s3:::{name}", caller):
            return _error(404, "NoSuchKey", "The specified key does not exist.", f"<Key>{escape(key)}</Key>")
        return _error(403, "AccessDenied", "Access Denied")
    if not allows(bucket.policy, "s3:GetObject", f"arn:aws:s3:::{name}/{key}", caller):
        return _error(403, "AccessDenied", "Access Denied")
    headers = _headers(found)
    if known and known.strip('"') == found.etag.strip('"'):
        return web.Response(status=304, headers={"ETag": found.etag} | _of_304(headers))
    return web.Response(body=found.value, headers=headers)


def _bucket(name: str) -> Any:
    """The bucket of this name in whichever account."""
    for partitions in list(s3_backends.values()):
        for backend in partitions.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None


def _headers(key: Any) -> dict[str, str]:
    """The object's headers as S3 gives them."""
    given = {**key.metadata, **key.response_dict}
    left_out = ("content-length", "x-amz-sdk-checksum-algorithm", "x-amz-content-sha256")
    headers = {
        name: str(value)
        for name, value in given.items()
        if name.lower() not in left_out and not name.lower().startswith("x-amz-checksum-")
    }
    names = {name.lower() for name in headers}
    if "content-type" not in names:
        headers["Content-Type"] = "binary/octet-stream"
    headers.update({"Server": "AmazonS3", "Accept-Ranges": "bytes"})
    if key.version_id and key.version_id != "null":
        headers["x-amz-version-id"] = str(key.version_id)
    return headers


def _of_304(headers: dict[str, str]) -> dict[str, str]:
    kept = ("cache-control", "expires", "last-modified")
    return {name: value for name, value in headers.items() if name.lower() in kept}


def _error(status: int, code: str, message: str, more: str = "") -> web.Response:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'
    )
    return web.Response(
        status=status, body=body.encode(), headers={"Content-Type": "application/xml", "Server": "AmazonS3"}
    )
