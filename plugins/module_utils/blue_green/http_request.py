# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One request over one new connection, as a fresh client would send it, to an address of the caller's choice."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Response:
    """headers: lower-case name -> value, of several the last. body: as far as it was read. seconds: until then."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def tls_context(validate_certs: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def addresses_of(parts: SplitResult) -> list[str]:
    """Every address of the URL's host, in a stable order. Raises OSError when the name does not resolve."""
    found = socket.getaddrinfo(parts.hostname, parts.port or PORTS[parts.scheme], type=socket.SOCK_STREAM)
    return sorted({str(info[4][0]) for info in found})


def exchange(
    parts: SplitResult,
    address: str,
    *,
    context: ssl.SSLContext,
    host: str | None = None,
    method: str = "GET",
    timeout: float = 5.0,
    limit: int = 65536,
) -> Response:
    """Asks address for the URL; redirects are not followed.

    host: the Host header and the name in the certificate, by default the URL's. timeout: seconds for all of it, from
    connecting to the last byte; limit: bytes of the body to read. Raises OSError or http.client.HTTPException.
    """
    started = time.monotonic()
    connection = http.client.HTTPConnection(address, parts.port or PORTS[parts.scheme], timeout=timeout)
    try:
        connection.connect()
        with _cut_off(connection, timeout - (time.monotonic() - started)) as cut:
            try:
                response, body = _ask(connection, parts, context, host, method, limit)
            except (OSError, http.client.HTTPException) as error:
                raise TimeoutError(f"no whole answer within {timeout:g} s") if cut.is_set() else error from None
            if cut.is_set():
                raise TimeoutError(f"no whole answer within {timeout:g} s")
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, headers, body, time.monotonic() - started)
    finally:
        connection.close()


def _ask(
    connection: http.client.HTTPConnection,
    parts: SplitResult,
    context: ssl.SSLContext,
    host: str | None,
    method: str,
    limit: int,
) -> tuple[http.client.HTTPResponse, bytes]:
    named = host or parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        name = host.partition(":")[0] if host else parts.hostname
        # The handshake comes once the connection holds the socket, so that it can be cut off too.
        secure = context.wrap_socket(connection.sock, server_hostname=name, do_handshake_on_connect=False)
        connection.sock = secure
        secure.do_handshake()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, headers={"Host": named, "Connection": "close"})
    response = connection.getresponse()
    return response, response.read(limit)


@contextmanager
def _cut_off(connection: http.client.HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """Shuts the connection down after seconds: a socket's own timeout starts anew with every byte that trickles in."""
    cut = threading.Event()

    def end() -> None:
        cut.set()
        # With TLS too it is the plain connection that is shut, without a word to the peer.
        with suppress(OSError, TypeError):
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.001, seconds), end)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
