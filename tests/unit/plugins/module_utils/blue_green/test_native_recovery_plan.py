# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done after a step of engine native failed, and what site.yml and a repair make of its states."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.converge_plan import Wishes, plan_converge
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_converge_plan import (
    plan_native_converge,
    plan_native_repair,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_plan import plan_native_deploy
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_recovery_plan import plan_native_recovery
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_retire_plan import creation, retire
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_strategy_plan import bootstrap
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Scaling
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    CreateService,
    Plan,
    SetScaling,
    UpdateService,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.traffic_plan import problems

from tests.unit.plugins.module_utils.blue_green.cases import BOUNDS, IDLE, body, color, group, snapshot
from tests.unit.plugins.module_utils.blue_green.native_cases import (
    BALANCING,
    FRESH,
    LIVE,
    ROLE,
    WITH_TWO,
    asked,
    gate,
    native,
    revision,
    rollout,
    titles,
)

V1, V2 = revision("v1", "blue"), revision("v2", "green")
FAILED = Plan(origin="blue", target="green", fallback="blue")
FIRST = replace(FAILED, first=True)
OLD = {"blue": color("blue", "v1", 3).service, "green": color("green").service}
LEFT = plan_native_deploy(LIVE, asked()).steps
BACK_TO_BLUE = "wait until ECS has taken the deployment back, to blue"
STOPS = "have ECS take the deployment to green back"
EMPTIES = ["scaling of blue to 0..0", "scale blue to 0"]


def migrating(weights=(100, 0), **other):
    return native(None, V2, weights, healthy={"blue": 3} | other.pop("healthy", {}), foreign=OLD, **other)


@pytest.mark.parametrize(
    ("state", "failed", "steps"),
    [
        (native(V1, V2, release="v1-blue", flying=rollout(V2)), FAILED, [STOPS, BACK_TO_BLUE]),
        (native(V1, V2, release="v1-blue", flying=gate(V2)), FAILED, ["answer ECS's hook: rollback", BACK_TO_BLUE]),
        (native(V1, release="v1-blue", flying=rollout(None, "", "ROLLBACK_REQUESTED")), FAILED, [BACK_TO_BLUE]),
        (native(None, V2, flying=rollout(V2)), FIRST, [STOPS, *EMPTIES, BACK_TO_BLUE]),
        (LIVE, FAILED, []),
        (native(None, V2, (0, 100)), FIRST, EMPTIES),
        (FRESH, FIRST, []),
        (native(None, revision("boot", "green", 0), (0, 100), scaling=None), FIRST, []),
        (native(exists=False), FAILED, []),
        (
            migrating(flying=rollout(V2)),
            FAILED,
            [STOPS, "preview weights to blue 100, green 0", "delete api of engine two_service"],
        ),
        (
            migrating((0, 100)),
            FAILED,
            [
                "production weights to blue 100, green 0",
                "preview weights to blue 100, green 0",
                "drain green for 120 s",
                "delete api of engine two_service",
            ],
        ),
    ],
)
def test_what_is_done_after_a_failure(state, failed, steps):
    preview = replace(
        state, preview=replace(state.preview, actions=snapshot(color("blue"), color("green"), (0, 100)).preview.actions)
    )
    found = titles(plan_native_recovery(preview if state.native.foreign else state, asked(), failed, LEFT))
    assert found == steps


def test_what_has_ended_and_was_not_proven_is_answered_by_the_release_before():
    plan = plan_native_recovery(native(None, V2, (0, 100), release="v1-blue"), asked(), FAILED, LEFT)
    assert titles(plan)[0] == "have ECS deploy to blue"
    assert "no earlier release" in str(plan_native_recovery(native(None, V2, (0, 100)), asked(), FAILED, LEFT).blocked)


def test_what_cannot_be_taken_back():
    tidied = plan_native_recovery(migrating((0, 100)), asked(), FAILED, LEFT[:0])
    assert "green is live and proven, only the tidying is left" in str(tidied.blocked)
    split = native(V1, V2, (50, 50), release="v1-blue")
    assert "exactly one color must have weight" in str(plan_native_recovery(split, asked(), FAILED, LEFT).blocked)
    shadowed = replace(split, standing=0, missing=("x",))
    assert plan_native_recovery(shadowed, asked(), FAILED, LEFT).blocked
    gone = migrating(healthy={"blue": 0})
    assert "no target of blue is healthy" in str(plan_native_recovery(gone, asked(), FAILED, LEFT).blocked)


def wishes(scaling=BOUNDS, **tags):
    settings = {
        name: {
            "launchType": "FARGATE",
            "networkConfiguration": {"x": 1},
            "loadBalancers": [{"targetGroupArn": "any", "containerName": "api", "containerPort": 8080}],
            "deploymentConfiguration": bootstrap(),
            "infrastructureRole": ROLE,
        }
        for name in ("blue", "green")
    }
    return Wishes({name: body("boot", name) for name in ("blue", "green")}, settings, scaling, tags)


def test_the_service_is_created_with_no_tasks():
    plan = plan_native_converge(native(exists=False), wishes(team="x"))
    assert titles(plan) == [
        "register green task definition",
        "create service green",
        "scaling of green to 0..0",
        "wait for the end of the bake and of ECS's deployment to green",
    ]
    made = next(step for step in plan.steps if isinstance(step, CreateService))
    assert made.request["loadBalancers"] == [BALANCING]
    assert "infrastructureRole" not in made.request
    assert plan.after["service"] == "api"
    known = native(exists=False)
    known = replace(
        known, colors={**known.colors, "green": replace(known.colors["green"], latest=color("green").latest)}
    )
    assert titles(plan_native_converge(known, wishes(None)))[0] == "create service green"
    assert len(plan_native_converge(known, wishes(None)).steps) == 2


def test_the_pair_of_the_other_engine_goes_on_until_the_next_deployment():
    assert plan_native_converge(migrating(exists=False), wishes()).steps == ()


def settled(state, **other):
    now = {**state.native.settings, "networkConfiguration": {"x": 1}, "loadBalancers": [BALANCING]}
    return replace(state, native=replace(state.native, settings={**now, **other}))


@pytest.mark.parametrize(
    ("state", "wished", "steps"),
    [
        (settled(FRESH), wishes(), []),
        (settled(FRESH), wishes(None), []),
        (settled(native(V1, scaling=BOUNDS)), wishes(), []),
        (
            native(V1, scaling=Scaling(1, 1, scale_in_suspended=True)),
            wishes(),
            ["scaling of green to 2..6, scale-in suspended"],
        ),
        (native(V1, scaling=None), wishes(), ["scaling of green to 2..6"]),
        (settled(FRESH), wishes(team="x"), ["tag service green"]),
        (
            settled(FRESH, networkConfiguration={"x": 2}),
            wishes(),
            ["update service green", "wait for the end of the bake and of ECS's deployment to green"],
        ),
        (settled(native(V1), networkConfiguration={"x": 2}), wishes(), []),
    ],
)
def test_a_service_with_tasks_keeps_what_it_has(state, wished, steps):
    assert titles(plan_native_converge(state, wished)) == steps


def test_a_repair_touches_the_rule_alone():
    split = native(V1, weights=(50, 50), release="v1-blue", healthy={"green": 0})
    plan = plan_native_repair(split, asked(None))
    assert titles(plan) == [
        "production weights to blue 100, green 0",
        "preview weights to blue 100, green 0",
        "prove that blue answers",
    ]
    assert not any(isinstance(step, UpdateService | SetScaling) for step in plan.steps)
    flying = replace(split, native=replace(split.native, rollout=rollout(None)))
    assert "ECS is moving the traffic itself" in str(plan_native_repair(flying, asked(None)).blocked)
    assert plan_native_repair(WITH_TWO, asked(None)).steps == ()


def test_creation_copies_what_serves():
    state = replace(migrating(exists=False), preview=None)
    state = replace(
        state,
        native=replace(
            state.native,
            foreign={
                "blue": replace(
                    OLD["blue"], settings={"loadBalancers": [{"containerName": "api"}], "platformVersion": "LATEST"}
                )
            },
        ),
    )
    made = creation(state, asked(scaling=None), "green")
    assert (made["platformVersion"], made["desiredCount"]) == ("LATEST", 3)
    assert made["loadBalancers"][0]["targetGroupArn"] == group("blue")
    assert "testListenerRule" not in made["loadBalancers"][0]["advancedConfiguration"]
    idle = replace(state, native=replace(state.native, foreign={"blue": color("blue").service}))
    assert [type(step).__name__ for step in retire(idle, asked())] == ["RemoveColors"]
    assert retire(snapshot(color("blue"), color("green")), asked()) == []


def test_engine_two_service_leaves_a_service_of_engine_native_alone():
    taken = replace(snapshot(color("blue"), color("green")), standing=3)
    assert "Engine two_service cannot take over" in problems(taken)[0]
    plan = plan_converge(taken, Wishes({}, {}, None))
    assert "set ecs_service_engine to native again" in str(plan.blocked)
    assert IDLE.maximum == 0
