# SPDX-License-Identifier: GPL-3.0-or-later
"""What a blue-green swap relies on, over real sockets: weights, health, fail-open, draining, stickiness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.unit.localcloud.alb.harness import (
    FAST,
    HOST,
    LONG,
    Cloud,
    cloud,
    forward,
    free_port,
    group,
    raw_target,
    rule,
    run,
    targets,
)


def split(blue: int, green: int, sticky: int | None = None) -> list[dict[str, Any]]:
    return [rule(forward(("blue", blue), ("green", green), sticky=sticky))]


async def healthy(local: Cloud, *arns: str) -> None:
    await local.until(lambda: all(set(local.states(arn)) == {"healthy"} for arn in arns))


def test_weights_choose_the_group_and_a_client_connection_survives_their_change() -> None:
    async def scenario() -> None:
        async with targets("blue", "green") as (blue, green), cloud() as local, asyncio.timeout(10):
            groups = group("blue", blue.port), group("green", green.port)
            await local.apply(split(100, 0), *groups)
            await healthy(local, "blue", "green")
            async with local.connect() as client:
                assert (await client.request()).body == b"blue"
                await local.apply(split(0, 100), *groups)
                assert (await client.request()).body == b"green"
                await local.apply(split(90, 10), *groups)
                local.numbers = [0.899, 0.9]
                assert [(await client.request()).body for _ in range(2)] == [b"blue", b"green"]

    run(scenario())


def test_change_of_weights_waits_for_the_delay() -> None:
    async def scenario() -> None:
        async with targets("blue", "green") as (blue, green), cloud() as local:
            groups = group("blue", blue.port), group("green", green.port)
            await local.apply(split(100, 0), *groups)
            await healthy(local, "blue", "green")
            await local.apply(split(0, 100), *groups, delay=LONG)
            assert (await local.get()).body == b"blue"
            await local.apply(split(50, 50), *groups, delay=LONG)
            await local.apply(split(0, 100), *groups, delay=0.05)
            async with local.connect() as client:
                while (await client.request()).body != b"green":
                    pass  # each round waits for an answer

    run(scenario())


def test_targets_are_registered_at_once_whatever_the_weight_delay() -> None:
    async def scenario() -> None:
        async with targets("blue", "second") as (blue, second), cloud() as local:
            await local.apply(split(100, 0), group("blue", blue.port), group("green"))
            await healthy(local, "blue")
            await local.apply(split(100, 0), group("blue", second.port), group("green"), delay=LONG)
            await local.until(lambda: sorted(local.states("blue")) == ["draining", "healthy"])
            assert (await local.get()).body == b"second"

    run(scenario())


def test_request_in_flight_finishes_on_its_old_target() -> None:
    async def scenario() -> None:
        async with targets("blue", "green") as (blue, green), cloud() as local:
            groups = group("blue", blue.port), group("green", green.port)
            await local.apply(split(100, 0), *groups)
            slow = asyncio.create_task(local.get("/slow"))
            await blue.entered.wait()
            await local.apply(split(0, 100), *groups)
            assert (await local.get()).body == b"green"
            blue.gate.set()
            assert (await slow).body == b"blue"

    run(scenario())


@pytest.mark.parametrize("weights", [(0, 100), (0, 0)])
def test_group_chosen_by_weight_first_so_an_empty_one_answers_503(weights: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            await local.apply(split(*weights), group("blue", blue.port), group("green"))
            await healthy(local, "blue")
            reply = await local.get()
            assert (reply.status, reply.header("Server")) == (503, "awselb/2.0")
            assert b"<center><h1>503 Service Temporarily Unavailable</h1></center>" in reply.body
            assert reply.header("Content-Type") == "text/html"
            assert local.metrics()["load_balancers"]["alb"]["elb_503"] == 1

    run(scenario())


def test_unhealthy_target_gets_nothing_while_another_is_healthy_and_all_get_something_when_none_is() -> None:
    async def scenario() -> None:
        async with targets("good", "bad") as (good, bad), cloud() as local:
            bad.health_status = 500
            await local.apply(split(1, 0), group("blue", good.port, bad.port, check=FAST), group("green"))
            await local.until(lambda: sorted(local.states("blue")) == ["healthy", "unhealthy"])
            assert {(await local.get()).body for _ in range(4)} == {b"good"}
            good.health_status = 503
            await local.until(lambda: local.states("blue") == ["unhealthy", "unhealthy"])
            assert {(await local.get()).body for _ in range(4)} == {b"good", b"bad"}
            bad.health_status = 200
            await local.until(lambda: "healthy" in local.states("blue"))
            assert {(await local.get()).body for _ in range(4)} == {b"bad"}

    run(scenario())


def test_first_passed_check_is_enough_and_settings_reach_the_target() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            check = {"HealthyThresholdCount": 10}
            await local.apply(split(1, 0), group("blue", blue.port, check=check), group("green"))
            await healthy(local, "blue")
            assert len(blue.checks) == 1
            assert blue.checks[0]["User-Agent"] == "ELB-HealthChecker/2.0"
            assert blue.checks[0]["Host"] == f"{HOST}:{blue.port}"
            reasons = [line["target_groups"]["blue"][0]["reason"] for line in local.lines if line["type"] == "health"]
            assert reasons == ["Elb.RegistrationInProgress", "Elb.InitialHealthChecking", None]

    run(scenario())


@pytest.mark.parametrize(
    ("matcher", "status", "state"),
    [("200", 204, "unhealthy"), ("200-299", 204, "healthy"), ("200,302", 302, "healthy")],
)
def test_matcher(matcher: str, status: int, state: str) -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            blue.health_status = status
            check = {**FAST, "Matcher": {"HttpCode": matcher}}
            await local.apply(split(1, 0), group("blue", blue.port, check=check), group("green"))
            await local.until(lambda: local.states("blue") == [state])

    run(scenario())


async def reason_at(port: int) -> dict[str, Any]:
    async with cloud() as local:
        check = {**FAST, "HealthCheckTimeoutSeconds": 0.1}
        await local.apply(split(1, 0), group("blue", port, check=check), group("green"))
        await local.until(lambda: local.states("blue") == ["unhealthy"])
        return local.health("blue")[0]


def test_reasons_of_failed_health_checks() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"nonsense\r\n\r\n")

    async def scenario() -> None:
        async with targets("failing", "hanging") as (failing, hanging), raw_target(garbage) as malformed:
            failing.health_status, hanging.health_gate = 503, asyncio.Event()
            found = [await reason_at(port) for port in (failing.port, hanging.port, free_port(), malformed)]
        assert [(item["reason"], item["description"]) for item in found] == [
            ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
            ("Target.Timeout", "Request timed out"),
            ("Target.FailedHealthChecks", "Health checks failed"),
            ("Target.FailedHealthChecks", "Health checks failed"),
        ]

    run(scenario())


def test_health_check_on_a_port_of_its_own() -> None:
    async def scenario() -> None:
        async with targets("blue", "admin") as (blue, admin), cloud() as local:
            check = {"HealthCheckPort": str(admin.port)}
            await local.apply(split(1, 0), group("blue", blue.port, check=check), group("green"))
            await healthy(local, "blue")
            assert (len(blue.checks), len(admin.checks)) == (0, 1)
            assert (await local.get()).body == b"blue"

    run(scenario())


def test_group_that_no_rule_names_is_unused_and_not_checked_until_one_does() -> None:
    async def scenario() -> None:
        async with targets("blue", "green") as (blue, green), cloud() as local:
            groups = group("blue", blue.port), group("green", green.port)
            await local.apply([rule(forward(("blue", 1)))], *groups)
            await healthy(local, "blue")
            assert [(item["state"], item["reason"]) for item in local.health("green")] == [
                ("unused", "Target.NotInUse")
            ]
            assert green.checks == []
            await local.apply(split(1, 0), *groups, delay=LONG)
            await healthy(local, "green")
            assert len(green.checks) == 1

    run(scenario())


def test_draining_target_finishes_its_request_and_gets_no_other() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            await local.apply(split(1, 0), group("blue", blue.port), group("green"))
            slow = asyncio.create_task(local.get("/slow"))
            await blue.entered.wait()
            await local.apply(split(1, 0), group("blue"), group("green"))
            assert [(item["state"], item["reason"]) for item in local.health("blue")] == [
                ("draining", "Target.DeregistrationInProgress")
            ]
            assert (await local.get()).status == 503
            blue.gate.set()
            assert (await slow).body == b"blue"
            assert local.states("blue") == ["draining"]

    run(scenario())


def test_request_still_in_flight_when_the_deregistration_delay_ends_is_cut() -> None:
    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            delay = {"deregistration_delay__timeout_seconds": 0.05}
            await local.apply(split(1, 0), group("blue", blue.port, **delay), group("green"))
            await local.get()  # leaves a connection in the pool: /slow must not be tried anew on a fresh one
            slow = asyncio.create_task(local.get("/slow"))
            await blue.entered.wait()
            await local.apply(split(1, 0), group("blue", **delay), group("green"))
            assert (await slow).status == 502
            assert [seen.target for seen in blue.seen] == ["/", "/slow"]
            await local.until(lambda: local.states("blue") == [])

    run(scenario())


def test_round_robin_takes_turns_and_least_outstanding_avoids_the_busy() -> None:
    async def scenario() -> None:
        async with targets("one", "two") as (one, two), cloud() as local:
            await local.apply(split(1, 0), group("blue", one.port, two.port), group("green"))
            await healthy(local, "blue")
            bodies = [(await local.get()).body for _ in range(4)]
            assert bodies[:2] == bodies[2:]
            assert set(bodies) == {b"one", b"two"}
            least = {"load_balancing__algorithm__type": "least_outstanding_requests"}
            await local.apply(split(1, 0), group("blue", one.port, two.port, **least), group("green"))
            slow = asyncio.create_task(local.get("/slow"))
            busy, idle = await _first_entered(one, two)
            assert {(await local.get()).body for _ in range(4)} == {idle.name.encode()}
            in_flight = {target.key.port: target.in_flight for target in local.plane._groups["blue"].targets.values()}
            assert in_flight == {busy.port: 1, idle.port: 0}
            busy.gate.set()
            await slow

    run(scenario())


async def _first_entered(one: Any, two: Any) -> tuple[Any, Any]:
    waits = {asyncio.create_task(one.entered.wait()): (one, two), asyncio.create_task(two.entered.wait()): (two, one)}
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return waits[done.pop()]


def test_group_stickiness_beats_the_weights() -> None:
    async def scenario() -> None:
        async with targets("blue", "green") as (blue, green), cloud() as local:
            groups = group("blue", blue.port), group("green", green.port)
            await local.apply(split(100, 0, sticky=60), *groups)
            first = await local.get()
            cookie = first.cookie("AWSALBTG")
            assert cookie is not None
            await local.apply(split(0, 100, sticky=60), *groups)
            kept = await local.get("/", f"Cookie: {cookie}")
            assert (kept.body, kept.cookie("AWSALBTG") is not None) == (b"blue", True)
            assert (await local.get()).body == b"green"
            await local.apply(split(0, 100), *groups)
            assert (await local.get("/", f"Cookie: {cookie}")).body == b"green"
            await local.apply(split(0, 100, sticky=60), group("blue"), groups[1])
            assert (await local.get("/", f"Cookie: {cookie}")).status == 503

    run(scenario())


def test_target_stickiness() -> None:
    async def scenario() -> None:
        async with targets("one", "two") as (one, two), cloud() as local:
            sticky = {"stickiness__enabled": "true", "stickiness__type": "lb_cookie"}
            await local.apply(split(1, 0), group("blue", one.port, two.port, **sticky), group("green"))
            await healthy(local, "blue")
            first = await local.get()
            cookie = first.cookie("AWSALB")
            assert {(await local.get("/", f"Cookie: {cookie}")).body for _ in range(4)} == {first.body}
            assert {(await local.get()).body for _ in range(4)} == {b"one", b"two"}

    run(scenario())


def test_response_still_streaming_when_the_deregistration_delay_ends_is_cut() -> None:
    async def stream(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100
        await response.prepare(request)
        await response.write(b"half")
        await asyncio.Event().wait()
        return response

    async def scenario() -> None:
        async with targets("blue") as (blue,), cloud() as local:
            blue.answer = stream
            await local.apply(split(1, 0), group("blue", blue.port), group("green"))
            async with local.connect() as client:
                client.send()
                assert (await client.head()).status == 200
                delay = {"deregistration_delay__timeout_seconds": 0.05}
                await local.apply(split(1, 0), group("blue", **delay), group("green"))
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await client.reader.readexactly(100)

    run(scenario())
