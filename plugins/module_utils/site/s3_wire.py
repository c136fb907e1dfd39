# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""HTTP/1.1 to S3 over kept connections, for many threads: one exchange at a time, no retries.

botocore says where the bucket is and who asks; the rest is done here, since botocore, boto3 and urllib3 take 2 to 3 ms
of processor time for each small object, of which one thread runs at a time.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urlsplit

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import NoCredentialsError
    from botocore.httpsession import ProxyConfiguration, get_cert_path
    from botocore.utils import get_environ_proxies

from .s3_request_plan import Credentials, Scope

CONNECT_TIMEOUT = 10.0
# Seconds without a byte from or to S3.
IDLE_TIMEOUT = 30.0
# Seconds after which a kept connection is not trusted any more: servers close idle ones after 5 s at the earliest.
_KEPT = 4.0
PORTS = {"http": 80, "https": 443}
BLOCK = 256 * 1024
_LONGEST_LINE = 65536
_MOST_HEADERS = 200


class BrokenAnswerError(OSError):
    """The connection ended before the answer did, or what came is no HTTP.

    stale: it was a kept connection, and nothing came at all: the other side may have closed it before the request.
    """

    stale = False


class _FoundError(Exception):
    """Ends botocore's call once it has said what it was asked for."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """A body that is read from disk while it is sent. size: bytes, as it was when its hash was taken."""

    path: Path
    size: int

    def blocks(self) -> Iterator[bytes]:
        """Raises ValueError when the file is not as long as it was."""
        left = self.size
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                left -= len(block)
                if left < 0:
                    break
                yield block
        if left:
            raise ValueError(f"{self.path} changed while it was published: it had {self.size} bytes")


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: lower-case name -> value. body: empty where it went to a sink."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is, as botocore resolves it. prefix: of each key's path, ends in a slash."""

    scheme: str
    host: str
    prefix: str
    scope: Scope
    credentials: Callable[[], Credentials]
    agent: str
    proxies: Mapping[str, str] | None = None


def find_place(client: Any, bucket: str) -> Place:
    """Asks a boto3 S3 client for endpoint, addressing style, region and credentials, without sending anything.

    Environment, profile, dual stack, FIPS and path style count as they do for the client itself. The credentials are
    asked for anew each time they are used, so that botocore refreshes temporary ones.
    """
    found: dict[str, Any] = {}

    def look(request: Any, request_signer: Any, region_name: str, signing_name: str, **_rest: Any) -> None:
        signing = request.context.get("signing", {})
        found["url"] = urlsplit(request.url)
        found["scope"] = Scope(signing.get("region") or region_name, signing.get("signing_name") or signing_name)
        found["signer"] = request_signer
        raise _FoundError

    event = "before-sign.s3.HeadObject"
    client.meta.events.register_last(event, look)
    try:
        client.head_object(Bucket=bucket, Key="x")
    except _FoundError:
        pass
    finally:
        client.meta.events.unregister(event, look)
    url, scope, signer = found["url"], found["scope"], found["signer"]

    def credentials() -> Credentials:
        frozen = signer.get_auth_instance(scope.service, scope.region, "s3v4").credentials
        if frozen is None:
            raise NoCredentialsError
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")

    return Place(
        scheme=url.scheme,
        host=url.netloc,
        prefix=url.path.removesuffix("x"),
        scope=scope,
        credentials=credentials,
        agent=client.meta.config.user_agent,
        proxies=client.meta.config.proxies,
    )


def tls_context(verify: bool | str | None) -> ssl.SSLContext:
    """verify: a file of certificates, or whether to verify at all; None as botocore: AWS_CA_BUNDLE, else verify."""
    if verify is None:
        verify = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True
    context = ssl.create_default_context(cafile=get_cert_path(verify) or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    reader: BufferedReader
    used: float = 0.0

    def close(self) -> None:
        for end in (self.reader, self.sock):
            with suppress(OSError):
                end.close()


class Wire:
    """Kept connections to one place. exchange() may be called by any number of threads at once."""

    def __init__(
        self,
        place: Place,
        verify: bool | str | ssl.SSLContext | None = None,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT, IDLE_TIMEOUT),
    ) -> None:
        """timeouts: seconds to connect, and without a byte after that. verify: see tls_context()."""
        url = f"{place.scheme}://{place.host}"
        self._url = urlsplit(url)
        self._timeouts = timeouts
        self._tls = None
        if place.scheme == "https":
            self._tls = verify if isinstance(verify, ssl.SSLContext) else tls_context(verify)
        found = ProxyConfiguration(place.proxies or get_environ_proxies(url))
        proxy = found.proxy_url_for(url)
        self._proxy = _proxy_of(proxy) if proxy else None
        self._proxy_headers = found.proxy_headers_for(proxy) if proxy else {}
        # Last in, first out: as few connections as possible stay in use. Its ends are safe for threads.
        self._idle: deque[_Connection] = deque()

    def exchange(
        self,
        method: str,
        head: bytes,
        body: bytes | FileBody = b"",
        sink: Callable[[bytes], None] | None = None,
        fresh: bool = False,
    ) -> Answer:
        """Sends one request and reads its answer. sink: takes the body of a 2xx answer piece by piece.

        fresh: over a new connection.

        Raises OSError when there is no whole answer, ValueError when the file changed.
        """
        if self._proxy and not self._tls:
            head = self._through_proxy(head)
        connection = None if fresh else self._kept()
        reused = connection is not None
        if connection is None:
            connection = self._connect()
        try:
            answer, keep = _exchange(connection, method, head, body, sink)
        except BaseException as error:
            connection.close()
            if isinstance(error, BrokenAnswerError) and error.stale:
                error.stale = reused
                # Whoever closed this one has closed the others, too.
                self.close()
            raise
        if keep:
            connection.used = time.monotonic()
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Closes what is not in use."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _kept(self) -> _Connection | None:
        with suppress(IndexError):
            connection = self._idle.pop()
            if time.monotonic() - connection.used < _KEPT:
                return connection
            connection.close()
            self.close()
        return None

    def _connect(self) -> _Connection:
        to = self._proxy or self._url
        sock = socket.create_connection((to.hostname, to.port or PORTS[to.scheme]), self._timeouts[0])
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                if self._proxy:
                    self._open_tunnel(sock, self._proxy)
                sock = self._tls.wrap_socket(sock, server_hostname=self._url.hostname)
            sock.settimeout(self._timeouts[1])
            return _Connection(sock, sock.makefile("rb"))
        except BaseException:
            sock.close()
            raise

    def _open_tunnel(self, sock: socket.socket, proxy: SplitResult) -> None:
        target = f"{self._url.hostname}:{self._url.port or PORTS['https']}"
        lines = [f"CONNECT {target} HTTP/1.1", f"host: {target}", *self._proxy_lines()]
        sock.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii"))
        # Byte by byte: what comes after the proxy's answer belongs to the handshake.
        with sock.makefile("rb", buffering=1) as reader:
            status, _ignored = _read_head(reader)
        if status != 200:
            raise OSError(f"the proxy {proxy.hostname} answered {status} to CONNECT {target}")

    def _through_proxy(self, head: bytes) -> bytes:
        """The request as a proxy for plain HTTP wants it: with the whole URL, and with what the proxy asks for."""
        method, _space, rest = head.partition(b" ")
        line, _end, headers = rest.partition(b"\r\n")
        extra = "".join(f"{text}\r\n" for text in self._proxy_lines()).encode("ascii")
        return b"%s %s%s\r\n%s%s" % (method, self._url.geturl().encode("ascii"), line, extra, headers)

    def _proxy_lines(self) -> list[str]:
        return [f"{name.lower()}: {value}" for name, value in self._proxy_headers.items()]


def _proxy_of(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme != "http":
        raise ValueError(f"the proxy {parts.hostname} is reached by {parts.scheme}; only http proxies are supported")
    return parts


def _exchange(
    connection: _Connection, method: str, head: bytes, body: bytes | FileBody, sink: Callable[[bytes], None] | None
) -> tuple[Answer, bool]:
    """The answer, and whether the connection may be used again."""
    whole = _send(connection.sock, head, body)
    status, headers = _read_head(connection.reader)
    content, framed = _read_body(connection.reader, method, status, headers, sink if 200 <= status < 300 else None)
    keep = whole and framed and "close" not in headers.get("connection", "").lower()
    return Answer(status, headers, content), keep


def _send(sock: socket.socket, head: bytes, body: bytes | FileBody) -> bool:
    """Whether all was taken. Not so when the other side has had enough: then it may have said why."""
    try:
        if isinstance(body, FileBody):
            sock.sendall(head)
            for block in body.blocks():
                sock.sendall(block)
        elif len(body) <= BLOCK:
            sock.sendall(head + body)
        else:
            sock.sendall(head)
            sock.sendall(body)
    except (ConnectionError, ssl.SSLEOFError):
        return False
    return True


def _line(reader: BinaryIO) -> bytes:
    line = reader.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise BrokenAnswerError("the connection ended within the answer")
    return line.rstrip(b"\r\n")


def _read_head(reader: BinaryIO) -> tuple[int, dict[str, str]]:
    """Status and headers of the first answer that is no interim one."""
    while True:
        status, headers = _status(reader), _headers(reader)
        if status >= 200:
            return status, headers


def _status(reader: BinaryIO) -> int:
    try:
        line = reader.readline(_LONGEST_LINE)
    except ConnectionError as error:
        line, reason = b"", str(error)
    else:
        reason = "the connection was closed without an answer"
    if not line:
        broken = BrokenAnswerError(reason)
        broken.stale = True
        raise broken
    parts = line.split(None, 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise BrokenAnswerError(f"no HTTP answer: {line[:60]!r}")
    return int(parts[1])


def _headers(reader: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _number in range(_MOST_HEADERS):
        line = _line(reader)
        if not line:
            return headers
        name, _colon, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise BrokenAnswerError(f"an answer with more than {_MOST_HEADERS} headers")


def _read_body(
    reader: BinaryIO, method: str, status: int, headers: Mapping[str, str], sink: Callable[[bytes], None] | None
) -> tuple[bytes, bool]:
    """The body, empty where a sink took it; and whether its end was marked, so that another answer can follow."""
    if method == "HEAD" or status in (204, 304):
        return b"", True
    pieces: list[bytes] = []
    take = sink or pieces.append
    framed = True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        while size := _size(_line(reader).partition(b";")[0], 16):
            _copy(reader, size, take)
            _line(reader)
        while _line(reader):
            pass
    elif "content-length" in headers:
        _copy(reader, _size(headers["content-length"], 10), take)
    else:
        framed = False
        while block := reader.read(BLOCK):
            take(block)
    return b"".join(pieces), framed


def _size(text: bytes | str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise BrokenAnswerError(f"an answer of {text!r} bytes") from None


def _copy(reader: BinaryIO, size: int, take: Callable[[bytes], None]) -> None:
    while size:
        block = reader.read(min(size, BLOCK))
        if not block:
            raise BrokenAnswerError(f"the answer ended {size} bytes early")
        size -= len(block)
        take(block)
