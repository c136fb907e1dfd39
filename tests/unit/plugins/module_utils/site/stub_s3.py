# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 over real sockets that misbehaves on command. What it is not told about it answers from memory."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter, deque
from contextlib import suppress

import boto3

from tests.bench.sites.memory import Memory


def client(url, **options):
    """A boto3 client for a server at url."""
    wanted = {"region_name": "us-east-1", "aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret", **options}
    return boto3.client("s3", endpoint_url=url, **wanted)


def refusal(status, code, **headers):
    """An answer with an error document of S3's."""

    def act(request):
        body = f"<Error><Code>{code}</Code><Message>said so</Message><RequestId>REQ1</RequestId></Error>".encode()
        request.send(status, headers, body)

    return act


def plain(status, body=b"", **headers):
    """An answer as it is given here. Of the names of headers, each _ becomes a -."""
    return lambda request: request.send(status, headers, body)


def drop(request):
    """Nothing is done, and the connection closes after the body was read."""
    request.close()


def lose(request):
    """The request is done, and the connection closes without an answer."""
    request.stub.memory.answer(request.method, request.target, request.headers, request.body)
    request.close()


def hang(request):
    """Nothing comes until the stub is closed."""
    request.stub.closing.wait(30)
    request.close()


def truncate(request):
    """The answer ends within its body."""
    request.sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n<ListBucketResult>")
    request.close()


def chunked(request):
    """The answer in chunks, after an interim one."""
    status, headers, body = request.stub.memory.answer(request.method, request.target, request.headers, request.body)
    lines = [f"HTTP/1.1 {status} OK", "transfer-encoding: chunked", *(f"{k}: {v}" for k, v in headers.items())]
    frames = b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:]) if part)
    request.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n")
    request.sock.sendall(frames + b"0\r\nx-trailer: 1\r\n\r\n")


def to_the_end(request):
    """The answer's end is the connection's."""
    status, _headers, body = request.stub.memory.answer(request.method, request.target, request.headers, request.body)
    request.sock.sendall(b'HTTP/1.0 %d OK\r\netag: "x"\r\n\r\n' % status + body)
    request.close()


def raw(answer):
    """These bytes, and the end."""

    def act(request):
        request.sock.sendall(answer)
        request.close()

    return act


def quietly_closing(request):
    """A good answer, after which the kept connection closes without a word."""
    request.answer()
    request.close()


class Request:
    def __init__(self, stub, sock, method, target, headers, body):
        self.stub, self.sock = stub, sock
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.closed = False

    def close(self):
        """Ends the connection when this request is over."""
        self.closed = True

    def send(self, status, headers, body):
        lines = [f"HTTP/1.1 {status} X", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        if status != 204:
            lines.append(f"content-length: {len(body)}")
        text = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.sock.sendall(text if self.method == "HEAD" else text + body)

    def answer(self):
        self.send(*self.stub.memory.answer(self.method, self.target, self.headers, self.body))


class StubS3:
    """acts: what to do with the next requests, one each; None is a good answer. by_key: what to do for some targets.

    early: answers to send instead of reading a body, upon which the connection closes.
    seen: every request. connections: opened. most_at_once: requests in progress at the same time.
    """

    def __init__(self, context=None, pause=0.0):
        self.memory = Memory()
        self.acts = deque()
        self.by_key = {}
        self.early = deque()
        self.seen = []
        self.connections = 0
        self.most_at_once = self._now = 0
        self.closing = threading.Event()
        self.pause = pause
        self._context = context
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def methods(self):
        return Counter(request.method for request in self.seen)

    def close(self):
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with suppress(OSError):
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            with sock, sock.makefile("rb") as reader:
                while self._one(sock, reader):
                    pass

    def _one(self, sock, reader):
        line = reader.readline()
        if not line:
            return False
        method, target, _version = line.decode().split(" ")
        headers = {}
        while (line := reader.readline().decode("latin-1").strip()) != "":
            name, _colon, value = line.partition(":")
            headers[name] = value.strip()
        if self.early:
            sock.sendall(self.early.popleft())
            return False
        body = reader.read(int(headers.get("content-length", "0")))
        with self._lock:
            request = Request(self, sock, method, target, headers, body)
            self.seen.append(request)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            act = self.by_key.get(target) or (self.acts.popleft() if self.acts else None)
        time.sleep(self.pause)
        (act or Request.answer)(request)
        with self._lock:
            self._now -= 1
        return not request.closed


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
