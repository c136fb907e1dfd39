# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator's HTTP client: what it makes of bytes, however they are cut, and of connections that end."""

from __future__ import annotations

import asyncio

import pytest

from localcloud.load import client

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\nhello"


class FakeTransport(asyncio.Transport):
    """Remembers what was written and whether it was aborted."""

    def __init__(self):
        super().__init__()
        self.written, self.aborted = b"", False

    def write(self, data):
        self.written += data

    def abort(self):
        self.aborted = True


def asked():
    """A connection with a request in flight, and the list that its result comes to."""
    connection, results = client.Connection(), []
    connection.connection_made(FakeTransport())
    connection.ask(b"GET", lambda _, result: results.append(result))
    return connection, results


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("data", [LENGTH, CHUNKED])
def test_an_answer_in_pieces(data, size):
    connection, results = asked()
    for start in range(0, len(data), size):
        connection.data_received(data[start : start + size])
    assert [(answer.status, answer.body) for answer in results] == [(200, b"hello")]
    assert connection.usable


def test_an_answer_that_ends_with_the_connection():
    connection, results = asked()
    connection.data_received(TO_THE_END)
    assert results == []
    connection.connection_lost(None)
    assert [(answer.status, answer.body) for answer in results] == [(503, b"hello")]
    assert not connection.usable


def test_a_connection_that_the_answer_closes_is_not_used_again():
    connection, _ = asked()
    connection.data_received(LENGTH.replace(b"X-A: b", b"Connection: close"))
    assert not connection.usable


@pytest.mark.parametrize(
    ("data", "lost_with", "kind"),
    [
        (b"", None, "closed without an answer"),
        (b"", ConnectionResetError(), "connection reset"),
        (LENGTH[:-1], None, "closed in the middle of an answer"),
        (CHUNKED[:-3], ConnectionResetError(), "closed in the middle of an answer"),
        (b"HTTP/1.1 2", None, "closed in the middle of an answer"),
    ],
)
def test_connections_that_break(data, lost_with, kind):
    connection, results = asked()
    if data:
        connection.data_received(data)
    connection.connection_lost(lost_with)
    assert results == [kind]


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 65537,
    ],
)
def test_bytes_that_are_no_answer(data):
    connection, results = asked()
    connection.data_received(data)
    assert len(results) == 1
    assert results[0].startswith("malformed answer")
    assert not connection.usable


def test_a_closed_connection_says_nothing_more():
    connection, results = asked()
    connection.close()
    connection.data_received(LENGTH)
    connection.connection_lost(None)
    assert results == []


def test_the_pool_hands_out_the_longest_idle_and_drops_the_stale():
    async def scenario():
        pool = client.Pool("127.0.0.1", 1)
        first, second, stale, gone = (client.Connection() for _ in range(4))
        for connection in (gone, stale, first, second):
            connection.connection_made(FakeTransport())
            pool.give(connection)
        gone.connection_lost(None)
        stale.idle_since -= client.IDLE_SECONDS + 1
        assert pool.take() is first
        pool.give(first)
        assert pool.take() is second
        pool.close()
        return pool.take(), first.usable

    assert asyncio.run(scenario()) == (None, False)
