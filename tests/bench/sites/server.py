# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 in memory, quick enough to measure clients with: `python -m tests.bench.sites.server --delay 0.03`.

It prints its URL and the edge's as its first line and ends with its standard input. On loopback only. GET /_bench/stats
tells requests by kind, bytes received and its own processor seconds; /_bench/reset begins all that anew, with ?empty=1
without any object. Python's own event loop unless uvloop is there.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qs

from tests.bench.sites.front import Front
from tests.bench.sites.memory import Memory

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

_REASONS = {200: b"OK", 204: b"No Content", 304: b"Not Modified", 404: b"Not Found", 412: b"Precondition Failed"}


class Service:
    """What all connections share."""

    def __init__(self, delay):
        self.delay = delay
        self.memory = Memory()
        self.front = Front(self.memory)
        self.received = 0
        self.began = _cpu()

    def answer(self, method, target, headers, body, edge):
        if edge:
            return self.front.edge(target)
        return self.front.answer(method, target, body) or self.memory.answer(method, target, headers, body)

    def control(self, target):
        name, _mark, query = target.partition("?")
        asked = parse_qs(query)
        if name == "/_bench/reset":
            self.memory.counts.clear()
            self.received, self.began = 0, _cpu()
            if "empty" in asked:
                self.memory.objects.clear()
        stats = {
            "requests": dict(self.memory.counts),
            "received": self.received,
            "cpu": _cpu() - self.began,
            "objects": len(self.memory.objects),
        }
        return 200, {"content-type": "application/json"}, json.dumps(stats).encode()


def _cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Connection(asyncio.Protocol):
    """One client. Requests of one connection are answered one after the other."""

    def __init__(self, service, loop, edge=False):
        self._service = service
        self._edge = edge
        self._loop = loop
        self._buffer = bytearray()
        self._head = None

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._buffer += data
        while self._next():
            pass

    def _next(self):
        """Whether a whole request was there."""
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._head = _parse(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if self._head[2].get("expect"):
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        method, target, headers = self._head
        body = self._body(headers)
        if body is None:
            return False
        self._head = None
        self._service.received += len(body)
        if target.startswith("/_bench/"):
            self._write(method, *self._service.control(target))
            return bool(self._buffer)
        answer = self._service.answer(method, target, headers, body, self._edge)
        if self._service.delay:
            self._loop.call_later(self._service.delay, self._write, method, *answer)
        else:
            self._write(method, *answer)
        return bool(self._buffer)

    def _body(self, headers):
        if "chunked" in headers.get("transfer-encoding", ""):
            return self._chunked()
        size = int(headers.get("content-length", "0"))
        if len(self._buffer) < size:
            return None
        body = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return body

    def _chunked(self):
        if not self._buffer.endswith(b"0\r\n\r\n"):
            return None
        pieces, position = [], 0
        while size := int(self._buffer[position : (end := self._buffer.index(b"\r\n", position))], 16):
            pieces.append(bytes(self._buffer[end + 2 : end + 2 + size]))
            position = end + 4 + size
        self._buffer.clear()
        return b"".join(pieces)

    def _write(self, method, status, headers, body):
        head = [b"HTTP/1.1 %d %s" % (status, _REASONS.get(status, b"-"))]
        head += [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
        if status not in (204, 304):
            head.append(b"content-length: %d" % len(body))
        head.append(b"x-amz-request-id: BENCH\r\n\r\n")
        text = b"\r\n".join(head)
        self._transport.write(text if method == "HEAD" else text + body)


def _parse(head):
    lines = head.decode("latin-1").split("\r\n")
    method, target, _version = lines[0].split(" ")
    headers = {}
    for line in lines[1:]:
        name, _colon, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return method, target, headers


async def _serve(delay):
    loop = asyncio.get_running_loop()
    service = Service(delay)
    urls = []
    for edge in (False, True):
        server = await loop.create_server(partial(Connection, service, loop, edge), "127.0.0.1", 0, backlog=1024)
        urls.append("http://{}:{}".format(*server.sockets[0].getsockname()))
    print(*urls, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0, help="seconds added to each answer")
    gc.disable()
    loop = new_event_loop()
    with suppress(KeyboardInterrupt):
        loop.run_until_complete(_serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
