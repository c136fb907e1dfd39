# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.fargate_plan import (
    amount,
    dollars,
    limit_problems,
    size_problem,
    stop_timeout,
    total_problems,
)


def task(cpu="256", memory="512", *containers, **more):
    return {"cpu": cpu, "memory": memory, "containerDefinitions": list(containers), **more}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("256", 256),
        (512, 512),
        (".25 vCPU", 256),
        ("1vcpu", 1024),
        ("0.5 GB", 512),
        ("2 GB", 2048),
        ("x", 0),
        (None, 0),
    ],
)
def test_amounts(text, expected):
    assert amount(text) == expected


@pytest.mark.parametrize(
    ("cpu", "memory", "problem"),
    [
        ("256", "512", None),
        (".25 vCPU", "2 GB", None),
        ("8192", "16384", None),
        ("8192", "20480", None),
        ("16384", "122880", None),
        ("32768", "249856", None),
        ("256", "1536", "memory 1536: with cpu 256 Fargate offers 512, 1024 or 2048 MiB"),
        ("1024", "1024", "memory 1024: with cpu 1024 Fargate offers 2048 to 8192 in steps of 1024 MiB"),
        ("8192", "17408", "memory 17408: with cpu 8192 Fargate offers 16384 to 61440 in steps of 4096 MiB"),
        ("32768", "65536", "memory 65536: with cpu 32768 Fargate offers 61440, 122880 or 249856 MiB"),
        ("300", "512", "cpu 300: Fargate offers 256, 512, 1024, 2048, 4096, 8192, 16384, 32768 units"),
        (None, None, "cpu None: Fargate offers 256, 512, 1024, 2048, 4096, 8192, 16384, 32768 units"),
    ],
)
def test_sizes(cpu, memory, problem):
    assert size_problem(task(cpu, memory)) == problem


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (task("256", "512", {"name": "a"}, {"name": "b", "cpu": 256, "memoryReservation": 128, "memory": 512}), []),
        (task(None, None, {"name": "a", "cpu": 9999}), []),
        (
            task("256", "512", {"name": "a", "cpu": 200, "memory": 512}, {"name": "b", "cpu": 100, "memory": 64}),
            [
                "the containers ask for 300 units of cpu, the task has 256",
                "the containers ask for 576 MiB of memory, the task has 512",
            ],
        ),
        (task("256", "512", *({"name": str(n)} for n in range(11))), ["11 containers, Amazon ECS takes 10"]),
    ],
)
def test_totals(body, problems):
    assert total_problems(body) == problems


def test_a_definition_that_is_too_long():
    found = total_problems(task("256", "512", {"name": "a", "environment": [{"name": "A", "value": "x" * 70000}]}))
    assert len(found) == 1
    assert "bytes, Amazon ECS takes 65536" in found[0]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (task("256", "512", {"name": "a", "stopTimeout": 120}, ephemeralStorage={"sizeInGiB": 21}), []),
        (
            task("256", "512", {"name": "a", "stopTimeout": 121}),
            ["stopTimeout 121 s of container a is outside 2 to 120"],
        ),
        (task("256", "512", {"name": "a", "stopTimeout": 0}), ["stopTimeout 0 s of container a is outside 2 to 120"]),
        (task(ephemeralStorage={"sizeInGiB": 201}), ["ephemeralStorage 201 GiB is outside 21 to 200"]),
        (task(ephemeralStorage={"sizeInGiB": 20}), ["ephemeralStorage 20 GiB is outside 21 to 200"]),
        ({}, []),
    ],
)
def test_limits(body, problems):
    assert limit_problems(body) == problems


def test_the_slowest_container_stops_last():
    assert stop_timeout(task("256", "512", {"name": "a", "stopTimeout": 5}, {"name": "b"})) == 30
    assert stop_timeout({}) == 0


@pytest.mark.parametrize(
    ("body", "tasks", "seconds", "expected"),
    [
        (task("1024", "2048"), 1, 3600, 0.04048 + 2 * 0.004445),
        (task("256", "512"), 4, 1800, 4 * 0.5 * (0.25 * 0.04048 + 0.5 * 0.004445)),
        (task("1024", "2048"), 1, 1, (0.04048 + 2 * 0.004445) / 60),
        (task("1024", "2048", runtimePlatform={"cpuArchitecture": "ARM64"}), 1, 3600, 0.03238 + 2 * 0.00356),
        (task("1024", "2048", ephemeralStorage={"sizeInGiB": 120}), 1, 3600, 0.04048 + 2 * 0.004445 + 0.0111),
        (task(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}), 1, 3600, None),
        (task(runtimePlatform={"cpuArchitecture": "RISCV"}), 1, 3600, None),
    ],
)
def test_list_prices(body, tasks, seconds, expected):
    found = dollars(body, tasks, seconds)
    assert found == (None if expected is None else pytest.approx(expected))
