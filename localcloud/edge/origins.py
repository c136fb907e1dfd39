# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to origins: S3 by way of the control process, everything else over its loopback address.

Built on the load balancer's connections (localcloud.alb.upstream). An object that may be kept is fetched whole;
everything else is passed on as it comes (localcloud.alb.exchange).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import ClientError
from aiohttp.http_exceptions import HttpProcessingError

from localcloud.alb.headers import HOP_BY_HOP
from localcloud.alb.upstream import ConnectFailedError, Connection, ConnectTimeoutError, Pool
from localcloud.edge.config import Config, Origin

#: What CloudFront takes out of an origin's answer, lower-case ("Request and response behavior").
_DROPPED = frozenset(name.decode() for name in HOP_BY_HOP) | {"x-amz-request-id", "x-amz-id-2"}


class OriginError(Exception):
    """No answer from the origin; `status` is the viewer's: 502 or 504."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Fetched(NamedTuple):
    """A whole answer; header names lower-case."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how an origin is asked. fixed: headers that this place wants besides all others."""

    pool: Pool
    host: str
    prefix: str
    timeout: float
    fixed: tuple[tuple[str, str], ...]


def s3_headers(origin: Origin, arn: str, account: str, token: str) -> tuple[tuple[str, str], ...]:
    """What tells control who asks: the signature of origin access control, in plain words."""
    return (
        ("X-Localcloud-Token", token),
        ("X-Localcloud-Distribution", arn if origin.signing in ("always", "no-override") else ""),
        ("X-Localcloud-Account", account),
    )


class Pools:
    """Connections by address; those of an address nobody names any more are closed."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, int, bool], Pool] = {}

    def place(self, origin: Origin, arn: str, account: str, config: Config, tls: object) -> Place | None:
        """The origin's place; None when nothing on loopback answers for it."""
        if origin.bucket:
            address: tuple[str, int, bool] | None = (*config.endpoint, False)
            host = f"{config.endpoint[0]}:{config.endpoint[1]}"
            prefix = f"/_localcloud/s3-origin/{quote(origin.bucket)}{origin.path}"
            fixed = s3_headers(origin, arn, account, config.token)
        else:
            address, host, prefix, fixed = origin.address, origin.domain, origin.path, ()
        if address is None:
            return None
        pool = self._pools.get(address)
        if pool is None:
            context = tls if address[2] else None
            pool = self._pools[address] = Pool(address[0], address[1], context)  # type: ignore[arg-type]
        return Place(pool, host, prefix, origin.read_timeout, fixed)

    def prune(self, older_than: float) -> None:
        """Close connections that were idle since then."""
        for pool in self._pools.values():
            pool.prune(older_than)

    def close(self) -> None:
        """Close everything."""
        for pool in self._pools.values():
            pool.close(abort_active=True)


def request_head(method: str, target: str, host: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The head of a request to an origin."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


async def fetch(place: Place, method: str, head: bytes) -> Fetched:
    """The whole answer to a request without a body. Raises OriginError.

    GET, HEAD and OPTIONS may be repeated, so a connection that turns out dead costs a second try on a fresh one.
    """
    for fresh in (False, True):
        try:
            connection = await place.pool.acquire(fresh=fresh)
        except ConnectTimeoutError as error:
            raise OriginError(504) from error
        except ConnectFailedError as error:
            raise OriginError(502) from error
        try:
            return await _exchange(connection, method, head, place.timeout)
        except TimeoutError as error:
            connection.abort()
            raise OriginError(504) from error
        except (OSError, ClientError, HttpProcessingError) as error:
            connection.abort()
            if fresh or not connection.reused:
                raise OriginError(502) from error
        except asyncio.CancelledError:
            connection.abort()
            raise
    raise OriginError(502)


async def _exchange(connection: Connection, method: str, head: bytes, silence: float) -> Fetched:
    connection.expect_response(head=method == "HEAD", read_timeout=silence)
    connection.write(head)
    connection.start_timeout()
    message, payload = await connection.response()
    body = await payload.read()
    connection.release()
    return Fetched(message.code, *plain_headers(message.raw_headers), body)


def plain_headers(raw: Sequence[tuple[bytes, bytes]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Headers by lower-case name, and the cookies that are set, which cannot be joined."""
    headers: dict[str, str] = {}
    cookies = []
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "surrogateescape")
        if name == "set-cookie":
            cookies.append(value)
        elif name not in _DROPPED:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers, tuple(cookies)
