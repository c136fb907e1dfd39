# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of a snapshot: where its traffic is, and what stands behind it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.environment.model_plan import WantedService
from ansible_collections.slipway.ops.plugins.module_utils.environment.services_plan import Found, service

DIGEST = f"sha256:{'1a' * 32}"


def definition(digest: str = DIGEST, **variables: str) -> dict[str, Any]:
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    environment.append({"name": "SLIPWAY_IMAGE_DIGEST", "value": digest})
    return {"containerDefinitions": [{"name": "api", "image": f"repo/api@{digest}", "environment": environment}]}


def ecs(name: str, revision: int, desired: int, **tags: str) -> dict[str, Any]:
    return {
        "serviceName": name,
        "taskDefinition": f"td/{name}:{revision}",
        "desiredCount": desired,
        "runningCount": desired,
        "pendingCount": 0,
        "Tags": {key.replace("_", ":"): value for key, value in tags.items()},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    }


def rule(blue: int, green: int) -> dict[str, Any]:
    groups = [
        {"TargetGroupArn": f"tg/{color}", "Weight": weight} for color, weight in (("blue", blue), ("green", green))
    ]
    return {
        "Priority": "100",
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        "Conditions": [
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}},
            {"Field": "host-header", "Values": ["api.example.com"]},
        ],
    }


def targets(*states: str, first: int = 1) -> list[dict[str, Any]]:
    return [
        {"Target": {"Id": f"10.0.0.{number}"}, "TargetHealth": {"State": state}}
        for number, state in enumerate(states, first)
    ]


def pair(blue: int, green: int, **changes: Any) -> Found:
    given: dict[str, Any] = {
        "cluster": "c",
        "ecs": {"api-blue": ecs("api-blue", 1, 0), "api-green": ecs("api-green", 2, 2)},
        "definitions": {"td/api-green:2": definition(OPENAI_BASE_URL="https://api.openai.com/v1")},
        "groups": {"blue": "tg/blue", "green": "tg/green"},
        "health": {"tg/green": targets("healthy", "healthy", "draining")},
        "rules": {"production": [rule(blue, green)], "preview": [rule(green, blue)]},
        **changes,
    }
    return Found(**given)


def test_two_services():
    records = [
        {"id": "2026-11-24T10:00:00.000Z#1", "kind": "deploy", "outcome": "failed", "digest": ""},
        {
            "id": "2026-11-24T09:00:00.000Z#2",
            "kind": "deploy",
            "outcome": "promoted",
            "digest": DIGEST,
            "git_sha": "3f7",
        },
    ]
    schedule = {
        "Name": "report",
        "ScheduleExpression": "rate(5 minutes)",
        "State": "ENABLED",
        "Target": {"EcsParameters": {"TaskDefinitionArn": "td/api-green:2"}},
    }
    wanted = WantedService("api", workers=("tally",), providers=("openai", "other"))
    shown = service(
        wanted,
        pair(
            0,
            100,
            records=records,
            schedules=[schedule],
            targets={"service/c/api-green": {"MinCapacity": 2, "MaxCapacity": 6}},
            warm={"service/c/api-green": "2026-11-24T10:10:00Z"},
            alarms=[{"name": "c-api-5xx", "state": "OK", "since": None, "reason": None}],
        ),
    )
    blue, green = shown["colors"]
    assert (shown["engine"], shown["live_color"], shown["host"], shown["priority"]) == (
        "two_service",
        "green",
        "api.example.com",
        100,
    )
    assert (blue["weight"], blue["preview_weight"], blue["digest"], blue["task_definition"]) == (
        0,
        100,
        None,
        "td/api-blue:1",
    )
    assert (green["weight"], green["healthy"], green["targets"], green["running"]) == (100, 2, 2, 2)
    assert (green["digest"], green["git_sha"], green["image"]) == (DIGEST, "3f7", f"repo/api@{DIGEST}")
    assert green["subnets"] == ["subnet-1"]
    assert shown["scaling"] == {"min": 2, "max": 6, "suspended": False}
    assert shown["warm"] == {"color": "green", "until": "2026-11-24T10:10:00Z"}
    assert (shown["last_release"]["outcome"], shown["proven"]["outcome"]) == ("failed", "promoted")
    assert shown["last_release"]["at"] == "2026-11-24T10:00:00.000Z"
    assert shown["workers"] == [{"name": "tally", "desired": 0, "running": 0, "pending": 0, "digest": None}]
    assert shown["scheduled"] == [
        {"name": "report", "schedule": "rate(5 minutes)", "state": "ENABLED", "digest": DIGEST}
    ]
    assert shown["providers"] == [
        {"name": "openai", "url": "https://api.openai.com/v1"},
        {"name": "other", "url": None},
    ]
    assert shown["alarms"] == [{"name": "c-api-5xx", "state": "OK"}]


@pytest.mark.parametrize(
    ("weights", "candidate", "live"),
    [
        ((100, 0), None, "blue"),
        ((0, 0), None, None),
        ((50, 50), None, None),
        ((90, 10), "green", "blue"),
        ((10, 90), "green", "blue"),
    ],
    ids=["all-blue", "nobody", "split-by-hand", "shift-begun", "shift-almost-done"],
)
def test_the_live_color(weights, candidate, live):
    services = {name: ecs(name, 1, 2) for name in ("api-blue", "api-green")}
    if candidate:
        services[f"api-{candidate}"]["Tags"] = {"slipway:candidate": f"td/api-{candidate}:1"}
    assert service(WantedService("api"), pair(*weights, ecs=services))["live_color"] == live


def test_who_waits_for_a_person():
    services = {name: ecs(name, 1, 2) for name in ("api-blue", "api-green")}
    services["api-green"]["Tags"] = {"slipway:awaiting-approval": "td/api-green:1"}
    assert service(WantedService("api"), pair(100, 0, ecs=services))["awaiting_approval"] == "green"


def task(address: str, revision: int, status: str = "RUNNING") -> dict[str, Any]:
    details = [{"name": "subnetId", "value": "subnet-1"}, {"name": "privateIPv4Address", "value": address}]
    return {
        "taskDefinitionArn": f"td/api:{revision}",
        "lastStatus": status,
        "attachments": [{"details": details}] if address else [],
    }


def test_a_service_that_ecs_shifts_itself():
    tasks = [task("10.0.0.1", 1), task("10.0.0.11", 2), task("10.0.0.12", 2, "PENDING"), task("", 2, "PROVISIONING")]
    shown = service(
        WantedService("api", engine="native"),
        pair(
            100,
            0,
            ecs={"api": ecs("api", 2, 2)},
            definitions={"td/api:1": definition(), "td/api:2": definition("sha256:new")},
            tasks=tasks,
            health={"tg/blue": targets("healthy"), "tg/green": targets("healthy", "initial", first=11)},
            targets={"service/c/api": {"MinCapacity": 1, "MaxCapacity": 2, "SuspendedState": {"Dynamic": True}}},
        ),
    )
    blue, green = shown["colors"]
    assert (shown["engine"], shown["live_color"], shown["scaling"]["suspended"]) == ("native", "blue", True)
    assert (blue["task_definition"], blue["digest"], blue["running"], blue["pending"]) == ("td/api:1", DIGEST, 1, 0)
    assert (green["task_definition"], green["running"], green["pending"], green["desired"]) == ("td/api:2", 1, 1, 2)
    # Half-way the traffic still belongs to the color that the service no longer has as its definition.
    given = {
        "ecs": {"api": ecs("api", 2, 2)},
        "tasks": tasks,
        "health": {"tg/blue": targets("healthy"), "tg/green": targets("healthy", first=11)},
    }
    given["ecs"]["api"]["Tags"] = {"slipway:awaiting-approval": "td/api:2"}
    shown = service(WantedService("api"), pair(50, 50, **given))
    assert (shown["live_color"], shown["awaiting_approval"]) == ("blue", "green")
    # Afterwards nobody is behind green; without tasks the live color runs what the service says.
    shown = service(WantedService("api"), pair(100, 0, ecs={"api": ecs("api", 2, 0)}, health={}))
    assert [each["task_definition"] for each in shown["colors"]] == ["td/api:2", None]


def test_a_worker_has_no_color():
    found = Found(cluster="c", ecs={"queue": ecs("queue", 3, 1)}, definitions={"td/queue:3": definition()})
    shown = service(WantedService("queue", kind="worker"), found)
    assert (shown["engine"], shown["live_color"], shown["awaiting_approval"]) == ("rolling", None, None)
    (only,) = shown["colors"]
    assert (only["color"], only["weight"], only["digest"], only["running"]) == ("-", None, DIGEST, 1)


def test_nothing_is_there():
    shown = service(WantedService("api", engine="native"), Found())
    assert (shown["engine"], shown["live_color"], shown["priority"], shown["scaling"]) == ("native", None, None, None)
    assert {each["weight"] for each in shown["colors"]} == {None}
    assert (shown["last_release"], shown["proven"], shown["warm"]) == (None, None, None)
