# SPDX-License-Identifier: GPL-3.0-or-later
"""A data plane in this process, tiny real targets, and raw clients, for the tests beside it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from localcloud.alb.config import parse_config
from localcloud.alb.plane import DataPlane

HOST = "127.0.0.1"
DEADLINE = 20.0  # seconds until a test that waits gives up
LONG = 3600  # seconds: never within a test


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine, but not for ever."""

    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE):
            await scenario

    asyncio.run(bounded())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Seen:
    """A request as a target saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """A real HTTP server. /health answers `health_status`; /slow waits for `gate`; all else answers `name`."""

    name: str
    port: int = 0
    health_status: int = 200
    health_gate: asyncio.Event | None = None
    checks: list[dict[str, str]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/health":
            self.checks.append(dict(request.headers))
            if self.health_gate is not None:
                await self.health_gate.wait()
            return web.Response(status=self.health_status)
        if self.answer is not None:
            return await self.answer(request)
        self.seen.append(Seen(request.method, request.raw_path, dict(request.headers), await request.read()))
        if request.path == "/slow":
            self.entered.set()
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.left.set()
                raise
        return web.Response(text=self.name)


@contextlib.asynccontextmanager
async def targets(*names: str) -> AsyncIterator[list[Target]]:
    """Start one target for each name."""
    started, servers = [], []
    for name in names:
        target = Target(name)
        server = web.Server(target.handle, handler_cancellation=True, access_log=None)
        listening = await asyncio.get_running_loop().create_server(server, HOST, 0)
        target.port = listening.sockets[0].getsockname()[1]
        started.append(target)
        servers.append((listening, server))
    try:
        yield started
    finally:
        for listening, server in servers:
            listening.close()
            await server.shutdown(timeout=0.01)


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def raw_target(script: Script) -> AsyncIterator[int]:
    """A target that runs `script` on each connection; gives its port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()


def ok(body: str = "ok", *fields: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *fields, "", body)
    return "\r\n".join(lines).encode()


def forward(*weights: tuple[str, int], sticky: int | None = None) -> dict[str, Any]:
    """A forward action, as DescribeRules answers it."""
    config: dict[str, Any] = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]}
    if sticky is not None:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return {"Type": "forward", "ForwardConfig": config}


def fixed(status: int, body: str = "") -> dict[str, Any]:
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def rule(action: dict[str, Any], *conditions: dict[str, Any], priority: str = "10") -> dict[str, Any]:
    return {"arn": f"rule-{priority}", "priority": priority, "conditions": list(conditions), "actions": [action]}


def group(
    name: str, *ports: int, check: dict[str, Any] | None = None, protocol: str = "HTTP", **attributes: Any
) -> dict[str, Any]:
    """A target group; checks once and then not again within a test, unless `check` says otherwise."""
    settings = {
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": LONG,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        **(check or {}),
    }
    return {
        "arn": name,
        "protocol": protocol,
        "port": 80,
        "health_check": settings,
        "attributes": {key.replace("__", "."): str(value) for key, value in attributes.items()},
        "targets": [{"id": HOST, "port": port} for port in ports],
    }


FAST = {"HealthCheckIntervalSeconds": 0.02, "HealthCheckTimeoutSeconds": 5}


class Cloud:
    """One data plane with one listener at `port`, and what it emitted."""

    def __init__(self) -> None:
        self.port = free_port()
        self.lines: list[dict[str, Any]] = []
        self.numbers: list[float] = []  # what the weighted choice draws next; 0.0 when there are none
        self.listener: dict[str, Any] = {"protocol": "HTTP", "certificate_pem": None}
        self.balancer: dict[str, str] = {}
        self._emitted = asyncio.Event()
        self.plane = DataPlane(self._emit, lambda: self.numbers.pop(0) if self.numbers else 0.0)

    def _emit(self, message: Any) -> None:
        self.lines.append(message)
        self._emitted.set()

    async def apply(self, rules: list[dict[str, Any]], *groups: dict[str, Any], delay: float = 0.0) -> None:
        """Send a configuration; a default rule with 404 is added."""
        rules = [*rules, rule(fixed(404, "default"), priority="default")]
        place = {"arn": "listener", "load_balancer_arn": "alb", "host": HOST, "port": self.port}
        raw = {
            "weight_delay": delay,
            "load_balancers": [{"arn": "alb", "attributes": self.balancer}],
            "listeners": [{**place, **self.listener, "rules": rules}],
            "target_groups": list(groups),
        }
        await self.plane.apply(parse_config(raw))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for output that makes the condition true."""
        while not condition():
            self._emitted.clear()
            await self._emitted.wait()

    def health(self, arn: str) -> list[dict[str, Any]]:
        reports = [line["target_groups"] for line in self.lines if line["type"] == "health"]
        return reports[-1].get(arn, []) if reports else []

    def states(self, arn: str) -> list[str]:
        return [target["state"] for target in self.health(arn)]

    def errors(self) -> list[str]:
        return [line["message"] for line in self.lines if line["type"] == "error"]

    def metrics(self) -> dict[str, Any]:
        return self.plane._metrics.line(0, [], [])

    async def get(self, target: str = "/", *fields: str, method: str = "GET") -> Reply:
        """One request on a connection of its own."""
        async with self.connect() as client:
            return await client.request(target, *fields, method=method)

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def cookie(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key == "Set-Cookie" and value.startswith(f"{name}=")]
        return values[0].partition(";")[0] if values else None


@dataclass
class Client:
    """A raw HTTP/1.1 client on one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, target: str = "/", *fields: str, method: str = "GET", body: bytes = b"") -> None:
        lines = (f"{method} {target} HTTP/1.1", "Host: api.example", *fields, "", "")
        self.writer.write("\r\n".join(lines).encode() + body)

    async def head(self) -> Reply:
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *fields = raw.rstrip("\r\n").split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in fields)]
        return Reply(int(first.split(" ")[1]), headers, b"")

    async def chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return data

    async def reply(self, *, head: bool = False) -> Reply:
        reply = await self.head()
        if head or reply.status in (204, 304):
            return reply
        if reply.header("Transfer-Encoding") == "chunked":
            while data := await self.chunk():
                reply.body += data
        else:
            reply.body = await self.reader.readexactly(int(reply.header("Content-Length") or 0))
        return reply

    async def request(self, target: str = "/", *fields: str, method: str = "GET", body: bytes = b"") -> Reply:
        self.send(target, *fields, method=method, body=body)
        return await self.reply(head=method == "HEAD")


@contextlib.asynccontextmanager
async def cloud() -> AsyncIterator[Cloud]:
    started = Cloud()
    try:
        yield started
    finally:
        await started.plane.close()


@contextlib.asynccontextmanager
async def serving(port: int, **balancer: str) -> AsyncIterator[Cloud]:
    """A cloud whose every path goes to one target, which is waited for; balancer attributes by name, __ for a dot."""
    async with cloud() as started:
        started.balancer = {key.replace("__", "."): value for key, value in balancer.items()}
        await started.apply([rule(forward(("blue", 1)))], group("blue", port))
        yield started
