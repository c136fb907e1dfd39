# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud serves its own machine: peers from elsewhere are cut off, and the keys it gives out are its own."""

from __future__ import annotations

import asyncio
import http.client
import socket
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.endpoint_plan import AWS_KEY, LOCAL_KEY
from moto.iam.models import iam_backends
from moto.moto_api._internal import moto_api_backend

from localcloud import accounts, guest
from localcloud.alb import server as alb
from localcloud.atlas.tls import Proxy
from localcloud.control.server import Server
from localcloud.edge import server as edge
from localcloud.network import free_port
from tests.unit.localcloud.fixtures.mended import all_mends

ELSEWHERE = ("192.0.2.7", 40000)


class Transport(asyncio.Transport):
    """A connection from a peer."""

    def __init__(self, peer):
        super().__init__({"peername": peer})
        self.aborted = False

    def abort(self):
        self.aborted = True

    def close(self):
        pass

    def is_closing(self):
        return True


@pytest.mark.parametrize(
    ("peer", "here"),
    [
        (("127.0.0.1", 1), True),
        (("127.200.16.3", 1), True),
        (("::1", 1, 0, 0), True),
        (ELSEWHERE, False),
        (("::ffff:192.0.2.7", 1, 0, 0), False),
        (("name", 1), False),
        ((), False),
        ("", False),
    ],
    ids=["loopback", "a task", "IPv6", "elsewhere", "mapped", "a name", "nothing", "a socket in the file system"],
)
def test_who_is_on_this_machine(peer, here):
    assert guest.is_on_this_machine(peer) is here
    transport = Transport(peer)
    assert guest.turned_away(transport) is not here
    assert transport.aborted is not here


def test_a_connection_that_is_gone_is_nobody():
    assert not guest.turned_away(None)
    assert not guest.turned_away(Transport(None))


@pytest.mark.parametrize("plane", [alb, edge])
@pytest.mark.parametrize("peer", [ELSEWHERE, ("127.0.0.1", 1)], ids=["elsewhere", "here"])
def test_data_planes_cut_off_who_is_elsewhere(plane, peer):
    async def connect():
        settings = SimpleNamespace(load_balancer=SimpleNamespace(idle_timeout=60, arn="arn"))
        proxy = SimpleNamespace(config=settings)
        counted = SimpleNamespace(balancers={"arn": {"new_connections": 0}})
        listener = plane.Listener(proxy, counted) if plane is alb else plane.Listener(proxy)
        transport = Transport(peer)
        connection = listener()
        connection.connection_made(transport)
        served = connection.transport is transport
        connection.connection_lost(None)
        return served, transport.aborted

    assert asyncio.run(connect()) == ((False, True) if peer is ELSEWHERE else (True, False))


def test_the_way_to_atlas_is_for_this_machine():
    async def connect():
        transport = Transport(ELSEWHERE)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        await Proxy("127.0.0.1", 9).handle(reader, writer)
        return transport.aborted

    assert asyncio.run(connect())


def own_address():
    """An address of this machine that is not loopback; a datagram socket picks it without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return None
        return probe.getsockname()[0]


def test_a_real_connection_from_another_address_gets_no_answer():
    address = own_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has loopback only")
    port = free_port("0.0.0.0", 20000)

    def answer(environ, start_response):
        start_response("200 OK", [])
        return [b"served"]

    server = Server("0.0.0.0", port, answer, {})
    server.start()
    try:
        for host, outcome in {"127.0.0.1": b"served", address: None}.items():
            connection = http.client.HTTPConnection(host, port, timeout=10)
            connection.request("GET", "/", headers={"Host": "127.0.0.1"})
            if outcome:
                assert connection.getresponse().read() == outcome
            else:
                with pytest.raises(ConnectionError):
                    connection.getresponse()
            connection.close()
    finally:
        server.stop()


def test_keys_of_the_local_cloud_are_no_keys_of_aws():
    made = [account.access_key for account in accounts.make("127.0")]
    with all_mends():
        try:
            user = iam_backends["111111111111"]["aws"]
            user.create_user("us-east-1", "someone")
            made += [user.create_access_key("someone").access_key_id for _ in range(2)]
        finally:
            moto_api_backend.reset()
    assert all(LOCAL_KEY.match(key) for key in made)
    assert not any(AWS_KEY.fullmatch(key) for key in made[:1] + made[3:])
    assert len(set(made)) == len(made)
