# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests per second and latency of the ALB data plane: `python -m tests.bench.alb_proxy [SECONDS] [CONNECTIONS]`.

Three processes on loopback: one target (a bare asyncio server with a fixed answer, so that it costs little), the data
plane, and this load generator (bare sockets, keep-alive, small GETs). The processor seconds that the data plane spent
per request are the figure to compare between changes: they do not depend on who shares the machine.
Measured on the local cloud's proxy; says nothing about AWS.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Slipway-Color: blue\r\nContent-Length: 6\r\n\r\nhello\n"
REQUEST = b"GET /api/items?page=1 HTTP/1.1\r\nHost: api.example\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"


class FixedAnswer(asyncio.Protocol):
    """A target that answers each request head with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve_target(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(FixedAnswer, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def configuration(port: int, target: int) -> dict[str, object]:
    """One listener with two weighted groups, the first of which has the target."""
    groups = [{"TargetGroupArn": "blue", "Weight": 100}, {"TargetGroupArn": "green", "Weight": 0}]
    rule = {
        "arn": "rule",
        "priority": "10",
        "conditions": [{"Field": "path-pattern", "Values": ["/api/*"]}],
        "actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    }
    default = {
        "arn": "default",
        "priority": "default",
        "actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    }
    listener = {"arn": "listener", "load_balancer_arn": "alb", "host": "127.0.0.1", "port": port, "protocol": "HTTP"}
    return {
        "type": "config",
        "listeners": [{**listener, "rules": [rule, default]}],
        "target_groups": [
            {"arn": "blue", "port": target, "targets": [{"id": "127.0.0.1", "port": target}]},
            {"arn": "green", "port": target, "targets": []},
        ],
    }


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def client(port: int, until: float, latencies: list[float], errors: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
        if not head.startswith(b"HTTP/1.1 200"):
            errors.append(head)
    writer.close()


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(seconds: float, connections: int) -> None:
    target = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.alb_proxy", "target", stdout=asyncio.subprocess.PIPE
    )
    plane = await asyncio.create_subprocess_exec(
        sys.executable,
        *os.environ.get("ALB_PYTHON_OPTIONS", "").split(),
        "-m",
        "localcloud.alb",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await measure(target, plane, seconds, connections)
    finally:
        assert plane.stdin is not None
        plane.stdin.close()
        target.terminate()
        await asyncio.gather(plane.wait(), target.wait())


async def measure(
    target: asyncio.subprocess.Process, plane: asyncio.subprocess.Process, seconds: float, connections: int
) -> None:
    assert target.stdout is not None
    assert plane.stdin is not None
    assert plane.stdout is not None
    target_port, port = int(await target.stdout.readline()), free_port()
    plane.stdin.write(json.dumps(configuration(port, target_port)).encode() + b"\n")
    while b'"healthy"' not in await plane.stdout.readline():
        pass
    latencies: list[float] = []
    errors: list[bytes] = []
    before, started = processor_seconds(plane.pid), time.perf_counter()
    await asyncio.gather(*(client(port, started + seconds, latencies, errors) for _ in range(connections)))
    spent, elapsed = processor_seconds(plane.pid) - before, time.perf_counter() - started
    latencies.sort()
    count = len(latencies)
    print(f"connections           {connections}")
    print(f"requests              {count}, {len(errors)} failed")
    print(f"requests/s            {count / elapsed:.0f}")
    print(f"proxy CPU per request {spent / count * 1e6:.0f} us, so {count / spent:.0f} requests/s on a core of its own")
    print(
        f"latency p50/p99/max   {latencies[count // 2] * 1e3:.2f} / {latencies[count * 99 // 100] * 1e3:.2f} / "
        f"{latencies[-1] * 1e3:.2f} ms"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["target"]:
        asyncio.run(serve_target(0))
    else:
        asyncio.run(main(float((sys.argv[1:2] or ["5"])[0]), int((sys.argv[2:3] or ["8"])[0])))
