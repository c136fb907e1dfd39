# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners (TLS, taken ports, reopening) and the process behind `python -m localcloud.alb`."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from localcloud.alb.config import Config
from tests.unit.localcloud.alb.harness import (
    HOST,
    cloud,
    fixed,
    forward,
    free_port,
    group,
    ok,
    raw_target,
    rule,
    run,
    serving,
    targets,
)


def certificate() -> str:
    """A self-signed certificate and its key, as one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.example")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (signed + private).decode()


def trusting_client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_https_listener_serves_its_certificate_from_tls_1_2_on() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            pem = certificate()
            local.listener = {"protocol": "HTTPS", "certificate_pem": pem}
            await local.apply([rule(forward(("blue", 1)))], group("blue", blue.port))
            reader, writer = await asyncio.open_connection(HOST, local.port, ssl=trusting_client())
            presented = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            assert ssl.DER_cert_to_PEM_cert(presented) in pem
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"blue")
            assert blue.seen[0].headers["X-Forwarded-Proto"] == "https"
            writer.close()
            old = trusting_client()
            old.set_ciphers("DEFAULT:@SECLEVEL=0")  # else this side would refuse TLS 1.1
            with pytest.deprecated_call():
                old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection(HOST, local.port, ssl=old)

    run(scenario())


def test_https_target_is_reached_without_trust_in_its_certificate(tmp_path: Any) -> None:
    pem = tmp_path / "target.pem"
    pem.write_text(certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(answer, HOST, 0, ssl=context)
        async with cloud() as local:
            port = server.sockets[0].getsockname()[1]
            secure = group("blue", port, protocol="HTTPS", check={"HealthCheckProtocol": "HTTPS"})
            await local.apply([rule(forward(("blue", 1)))], secure)
            await local.until(lambda: local.states("blue") == ["healthy"])
            assert (await local.get()).body == b"secret"
        server.close()

    run(scenario())


def test_taken_port_is_an_error_and_is_tried_again_with_the_next_configuration() -> None:
    async def scenario() -> None:
        async with cloud() as local:
            with socket.socket() as taken:
                taken.bind((HOST, local.port))
                taken.listen()
                await local.apply([])
            (message,) = local.errors()
            assert message.startswith(f"listener listener: {HOST}:{local.port}: ")
            await local.apply([])
            assert [line["type"] for line in local.lines] == ["error", "listening"]
            assert (await local.get()).body == b"default"

    run(scenario())


def test_unusable_certificate_is_an_error() -> None:
    async def scenario() -> None:
        async with cloud() as local:
            local.listener = {"protocol": "HTTPS", "certificate_pem": "no certificate"}
            await local.apply([])
            assert len(local.errors()) == 1

    run(scenario())


def test_listener_that_moves_to_another_port_leaves_the_old_one() -> None:
    async def scenario() -> None:
        async with cloud() as local:
            await local.apply([])
            before, local.port = local.port, free_port()
            await local.apply([])
            assert (await local.get()).status == 404
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, before)

    run(scenario())


def test_unsupported_rule_is_reported_once() -> None:
    async def scenario() -> None:
        async with cloud() as local:
            for _ in range(2):
                await local.apply([rule({"Type": "authenticate-oidc"})])
            assert local.errors() == ["rule rule-10 answers 501: action authenticate-oidc is not supported"]
            assert (await local.get()).status == 501

    run(scenario())


@contextlib.asynccontextmanager
async def process() -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "localcloud.alb", stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


def config_line(port: int) -> bytes:
    place = {"arn": "listener", "load_balancer_arn": "alb", "host": HOST, "port": port, "protocol": "HTTP"}
    listener = {**place, "certificate_pem": None, "rules": [rule(fixed(200, "x" * 100_000), priority="default")]}
    message = {"type": "config", "weight_delay": 0, "listeners": [listener], "target_groups": [group("blue")]}
    return json.dumps(message).encode() + b"\n"


async def lines_of(started: asyncio.subprocess.Process, kind: str) -> dict[str, Any]:
    assert started.stdout is not None
    while line := await started.stdout.readline():
        message: dict[str, Any] = json.loads(line)
        if message["type"] == kind:
            return message
    raise AssertionError(f"the process ended without a {kind} line")


def test_process_takes_lines_reports_lines_and_ends_with_its_input() -> None:
    async def scenario() -> None:
        async with process() as started:
            assert started.stdin is not None
            port = free_port()
            started.stdin.write(b"not json\n")
            assert (await lines_of(started, "error"))["message"].startswith("configuration ignored: ")
            started.stdin.write(b'{"listeners": []}\n')
            assert "lacks 'target_groups'" in (await lines_of(started, "error"))["message"]
            started.stdin.write(config_line(port))
            assert (await lines_of(started, "health"))["target_groups"] == {"blue": []}
            listening = await lines_of(started, "listening")
            assert (listening["listener"], listening["host"], listening["port"]) == ("listener", HOST, port)
            metrics = await lines_of(started, "metrics")
            assert set(metrics["target_groups"]) == {"blue"}
            assert set(metrics["load_balancers"]) == {"alb"}
            started.stdin.close()
            assert await started.wait() == 0
            assert started.stderr is not None
            assert await started.stderr.read() == b""

    run(scenario())


def test_process_ends_cleanly_on_sigterm() -> None:
    async def scenario() -> None:
        async with process() as started:
            assert started.stdin is not None
            started.stdin.write(config_line(free_port()))
            await lines_of(started, "listening")
            started.send_signal(signal.SIGTERM)
            assert await started.wait() == 0

    run(scenario())


def test_listener_and_group_that_are_gone_from_the_configuration_are_gone() -> None:
    closed = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(ok("blue"))
        if not asked.startswith(b"GET /health") and await reader.read() == b"":
            closed.set()

    async def scenario() -> None:
        async with raw_target(answer) as port, cloud() as local:
            await local.apply([rule(forward(("blue", 1)))], group("blue", port))
            async with local.connect() as client:
                assert (await client.request()).body == b"blue"
                await local.plane.apply(Config())
                assert await client.reader.read() == b""
                await closed.wait()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, local.port)
            assert local.lines[-1] == {"type": "health", "target_groups": {}}
            await local.apply([])
            assert (await local.get()).body == b"default"

    run(scenario())


def test_connection_to_a_target_is_closed_when_idle_for_too_long() -> None:
    """By the once-a-second housekeeping; a long timeout leaves the connection open, as the other tests rely on."""
    closed = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(ok())
        if not asked.startswith(b"GET /health") and await reader.read() == b"":
            closed.set()

    async def scenario() -> None:
        async with raw_target(answer) as port, serving(port, idle_timeout__timeout_seconds="0.01") as local:
            await local.get()
            housekeeping = asyncio.create_task(local.plane.report_metrics())
            await closed.wait()
            housekeeping.cancel()
            seconds = [line["second"] for line in local.lines if line["type"] == "metrics"]
            assert seconds == list(range(seconds[0], seconds[0] + len(seconds)))

    run(scenario())
