# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of S3 objects over one kept connection, begun again where they broke."""

from __future__ import annotations

import http.client
import random
import re
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from slipway_llm.aws import endpoint
from slipway_llm.credentials import Credentials
from slipway_llm.errors import HostError
from slipway_llm.sigv4 import UNSIGNED, Scope, sign

TRIES = 8
"""Failures in a row, without one byte between them, until a range is given up."""
TIMEOUT = 20
AGAIN = {408, 429, 500, 502, 503, 504}


class _BrokenError(Exception):
    """The connection or the answer broke; the same request may succeed."""


class StoppedError(Exception):
    """Another thread has failed; there is no point in going on."""


class Source:
    """A bucket in a region. On AWS it is a host of its own; elsewhere, or with a dot in its name, in the path."""

    def __init__(self, bucket: str, region: str, credentials: Credentials) -> None:
        base = endpoint("s3", region)
        own = base.startswith("https://s3.") and base.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        if own and "." not in bucket:
            self.base = base.replace("https://", f"https://{bucket}.", 1)
        else:
            self.base = f"{base}/{bucket}"
        self.bucket, self.scope, self.credentials = bucket, Scope(region, "s3"), credentials
        self.tls = ssl.create_default_context() if base.startswith("https:") else None

    def url(self, key: str) -> str:
        """The address of an object."""
        return f"{self.base}/{urllib.parse.quote(key, safe='/-_.~')}"


class Objects:
    """One connection to a Source. For one thread. stopped: ends waits and streams early, by StoppedError."""

    def __init__(self, source: Source, stopped: threading.Event) -> None:
        self._source = source
        self._stopped = stopped
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def whole(self, key: str, limit: int) -> bytes:
        """A small object of at most `limit` bytes. Raises HostError."""
        for failures in range(1, TRIES + 1):
            try:
                response = self._ask(key, None)
                body = response.read(limit + 1)
            except (_BrokenError, OSError, http.client.HTTPException) as error:
                self._pause(key, failures, error)
                continue
            self.close()
            if len(body) > limit:
                raise HostError(f"{self._name(key)} is larger than {limit} bytes")
            return body
        raise AssertionError("unreachable")

    def stream(
        self, key: str, start: int, end: int, buffer: memoryview, sink: Callable[[int, memoryview], None]
    ) -> None:
        """Bytes start to end of an object, piece by piece into sink(offset, piece), each of them exactly once.

        Raises HostError for what will not go away, and when TRIES failures came in a row; what sink raises passes.
        """
        position, failures = start, 0
        while position < end:
            pieces = self._pieces(key, position, end, buffer)
            while True:
                try:
                    piece = next(pieces, None)
                except _BrokenError as error:
                    failures += 1
                    self._pause(key, failures, error)
                    break
                if piece is None:
                    break
                sink(position, piece)
                position += len(piece)
                failures = 0

    def _pieces(self, key: str, start: int, end: int, buffer: memoryview) -> Iterator[memoryview]:
        response = self._ask(key, (start, end))
        left = end - start
        while left:
            if self._stopped.is_set():
                raise StoppedError
            try:
                size = response.readinto(buffer[:left])
            except (OSError, http.client.HTTPException) as error:
                raise _BrokenError(str(error) or type(error).__name__) from error
            if not size:
                raise _BrokenError(f"the answer ended {left} bytes early")
            left -= size
            yield buffer[:size]

    def _ask(self, key: str, extent: tuple[int, int] | None) -> http.client.HTTPResponse:
        """Send a GET; the answer whose body is what was asked for. Raises HostError or _BrokenError."""
        headers = {"range": f"bytes={extent[0]}-{extent[1] - 1}"} if extent else {}
        source, url, now = self._source, self._source.url(key), datetime.now(timezone.utc)
        signed = sign("GET", url, headers, UNSIGNED, source.scope, source.credentials.keys(), now)
        try:
            connection = self._connected(url)
            connection.request("GET", urllib.parse.urlsplit(url).path, headers=signed)
            response = connection.getresponse()
            if response.status >= 300:
                self._refused(key, response.status, response.read(4096), response.headers.get("x-amz-bucket-region"))
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(str(error) or type(error).__name__) from error
        if extent and (response.status != 206 or response.length != extent[1] - extent[0]):
            self.close()
            what = f"bytes {extent[0]} to {extent[1]} are {response.length}"
            raise HostError(f"{self._name(key)} is not what the manifest says: {what}")
        return response

    def _connected(self, url: str) -> http.client.HTTPConnection:
        if self._connection is None:
            netloc = urllib.parse.urlsplit(url).netloc
            tls = self._source.tls
            self._connection = (
                http.client.HTTPSConnection(netloc, timeout=TIMEOUT, context=tls)
                if tls
                else http.client.HTTPConnection(netloc, timeout=TIMEOUT)
            )
        return self._connection

    def _refused(self, key: str, status: int, body: bytes, region: str | None) -> None:
        """Raise what an error answer means."""
        self.close()
        found = re.search(rb"<Code>(\w+)</Code>", body)
        code = found[1].decode() if found else ""
        if status in AGAIN or code in {"ExpiredToken", "RequestTimeout"}:
            raise _BrokenError(f"{status} {code}".strip())
        hints = {
            403: "the instance's role needs s3:GetObject on it, and the bucket and its key must allow it",
            404: "upload it beside its manifest",
            416: "it is smaller than the manifest says: upload it anew",
            301: f"the bucket is in {region}, not in {self._source.scope.region}",
        }
        hint = hints.get(status, "see the code in the Amazon S3 API reference")
        raise HostError(f"{self._name(key)}: S3 answers {status} {code}: {hint}")

    def _pause(self, key: str, failures: int, error: Exception) -> None:
        """Wait before the next try, longer each time; raises HostError after the last."""
        self.close()
        if failures >= TRIES:
            raise HostError(f"{self._name(key)}: {failures} failures in a row, the last: {error}") from error
        # Full jitter, so that all connections do not come back at once.
        if self._stopped.wait(random.uniform(0, min(10.0, 0.1 * 2**failures))):  # noqa: S311
            raise StoppedError from error

    def _name(self, key: str) -> str:
        return f"s3://{self._source.bucket}/{key}"
