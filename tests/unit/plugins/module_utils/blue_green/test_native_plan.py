# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment, a continuation and a rollback make of each state, with engine native."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.inputs_plan import (
    continue_planner,
    deploy_planner,
    problems,
    rollback_planner,
    wishes_from,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_plan import (
    plan_native_continue,
    plan_native_deploy,
    plan_native_rollback,
    preflight,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_steps_plan import (
    AnswerHook,
    StartRollout,
    StopRollout,
    WaitRollout,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    TAG_PREVIOUS,
    WITHDRAWN,
    Gates,
    Metric,
    Scaling,
    Shift,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    RegisterDefinition,
    SetScaling,
    TagService,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.summary_plan import summary

from tests.unit.plugins.module_utils.blue_green.cases import BOUNDS, arn, color, snapshot
from tests.unit.plugins.module_utils.blue_green.native_cases import (
    BALANCING,
    FRESH,
    LIVE,
    SMOKE,
    WITH_TWO,
    asked,
    gate,
    native,
    revision,
    rollout,
    titles,
)
from tests.unit.plugins.module_utils.blue_green.test_inputs_plan import DIGEST, GOOD, IMAGE

SMOKED = Gates(smoke=(SMOKE,))
V1, V2 = revision("v1", "blue"), revision("v2", "green")
AT_GATE = native(V1, V2, release="v1-blue", flying=gate(V2, sources=(V1,)))
APPROVED = native(V1, V2, release="v1-blue", approval="v2-green", flying=gate(V2))
TWO_SERVICE = native(
    weights=(100, 0), exists=False, healthy={"blue": 3}, foreign={"blue": color("blue", "v1", 3).service}
)
UP = "wait until ECS has brought up green"
MOVED = "wait until ECS has moved the traffic to green"
PROVED = "prove that green answers"
ENDED = "wait for the end of the bake and of ECS's deployment to green"
MARKED = "mark the release of green"
ASKS = "wait until ECS asks at its hook, green on the preview route"
THROUGH = [MOVED, PROVED, ENDED, MARKED]


def only(plan, kind):
    return [step for step in plan.steps if isinstance(step, kind)]


def test_a_deployment_is_begun_followed_proven_and_marked():
    plan = plan_native_deploy(LIVE, asked())
    assert titles(plan) == ["register green task definition", "have ECS deploy to green", UP, *THROUGH]
    assert (plan.origin, plan.target, plan.first, plan.awaits) == ("blue", "green", False, False)
    start = only(plan, StartRollout)[0]
    assert (start.definition, start.create, start.known) == (None, False, frozenset({"arn:old"}))
    assert set(start.changes) == {"deploymentConfiguration"}, "autoscaling decides about the count"
    assert only(plan, TagService)[0].tags == {TAG_PREVIOUS: arn("v1", "blue")}


def test_the_first_deployment_sizes_the_service_and_opens_its_bounds():
    plan = plan_native_deploy(FRESH, asked())
    assert (plan.origin, plan.target, plan.first) == ("green", "blue", True)
    assert only(plan, StartRollout)[0].changes["desiredCount"] == 3
    assert only(plan, SetScaling) == [SetScaling("blue", BOUNDS)]
    assert only(plan, TagService)[0].tags == {}
    assert not only(plan_native_deploy(native(None, None, scaling=None), asked(scaling=None)), SetScaling)


def test_suspensions_of_a_person_stay():
    held = Scaling(1, 9, scale_in_suspended=True)
    plan = plan_native_deploy(native(V1, release="v1-blue", scaling=held), asked())
    assert only(plan, SetScaling)[0].scaling == replace(held, minimum=2, maximum=6)


def test_smoke_checks_wait_at_the_gate():
    plan = plan_native_deploy(LIVE, asked(gates=SMOKED))
    assert titles(plan)[2:7] == [UP, ASKS, "1 smoke checks of green", "answer ECS's hook: continue", MOVED]


def test_a_person_is_asked_once():
    wanted = asked(gates=SMOKED, pause_before_shift=True)
    plan = plan_native_deploy(LIVE, wanted)
    assert titles(plan)[-3:] == [ASKS, "1 smoke checks of green", "leave green to a person's decision"]
    assert plan.awaits
    again = plan_native_deploy(APPROVED, wanted)
    assert (again.steps, again.awaits) == ((), True)


def test_metrics_are_watched_while_the_traffic_moves():
    metric = Metric("RequestCount", "Sum", 1.0)
    waits = only(plan_native_deploy(LIVE, asked(gates=Gates(metrics=(metric,)))), WaitRollout)
    assert [wait.metrics for wait in waits] == [(), (metric,), (metric,)]


def test_what_is_in_flight_is_gone_on_with():
    plan = plan_native_deploy(AT_GATE, asked(gates=SMOKED))
    assert titles(plan) == [UP, ASKS, "1 smoke checks of green", "answer ECS's hook: continue", *THROUGH]
    baking = native(V1, V2, (0, 100), release="v1-blue", flying=rollout(V2, "BAKE_TIME"))
    assert titles(plan_native_deploy(baking, asked(gates=SMOKED))) == [UP, *THROUGH]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (native(V1, V2, flying=rollout(V2, "", "ROLLBACK_IN_PROGRESS")), "ECS takes a deployment back"),
        (native(V1, flying=rollout(None, "", "PENDING")), "a deployment has just begun"),
        (native(V1, flying=rollout(revision("v2", "green"), "PENDING")), "a deployment has just begun"),
        (
            native(V1, revision("v3", "green"), flying=rollout(revision("v3", "green"))),
            "another deployment is in flight",
        ),
        (native(exists=False), "service api missing"),
        (native(V1, weights=(100, 50)), "exactly one color must have weight"),
        (native(V1, weights=(0, 100)), "ECS runs the tasks of api in blue"),
        (native(V1, healthy={"blue": 0}), "none of the 3 tasks of blue is healthy"),
    ],
)
def test_what_blocks_a_deployment(state, text):
    plan = plan_native_deploy(state, asked())
    assert text in str(plan.blocked) or "moves all to a healthy one" in str(plan.blocked)
    assert "ansible-playbook" in str(plan.blocked)
    assert not plan.steps


def test_who_insists_deploys_although_nothing_is_healthy():
    assert plan_native_deploy(native(V1, healthy={"blue": 0}), asked(insist=True)).steps


def test_the_two_rules_must_differ():
    same = replace(LIVE, preview=LIVE.production)
    assert "production and preview are the same rule" in preflight(same, asked())[0]
    assert preflight(replace(LIVE, preview=None), asked()) == []


def test_what_runs_already_is_only_finished():
    done = native(V2 and revision("v2", "blue"), release="v2-blue", previous="v1-green")
    assert plan_native_deploy(done, asked()).steps == ()
    unmarked = native(None, V2, (0, 100), release="v1-blue")
    assert titles(plan_native_deploy(unmarked, asked())) == [PROVED, MARKED]
    approved = native(None, V2, (0, 100), release="v2-green", approval="v2-green")
    assert titles(plan_native_deploy(approved, asked()))[-1] == "remove slipway:awaiting-approval from green"


def test_a_stale_approval_goes_before_a_new_deployment():
    plan = plan_native_deploy(native(V1, release="v1-blue", approval="v2-green"), asked())
    assert titles(plan)[0] == "remove slipway:awaiting-approval from green"


def test_rules_that_were_made_again_are_told_to_ecs():
    state = replace(LIVE, production=replace(LIVE.production, arn="arn:rule/new"))
    balancing = only(plan_native_deploy(state, asked()), StartRollout)[0].changes["loadBalancers"]
    assert balancing[0]["advancedConfiguration"]["productionListenerRule"] == "arn:rule/new"
    assert balancing[0]["targetGroupArn"] == BALANCING["targetGroupArn"]


def test_engine_two_service_is_replaced_by_a_deployment():
    plan = plan_native_deploy(TWO_SERVICE, asked())
    assert titles(plan)[-4:] == [ENDED, MARKED, "drain blue for 120 s", "delete api-blue of engine two_service"]
    start = only(plan, StartRollout)[0]
    assert start.create
    assert start.changes["desiredCount"] == 3
    assert only(plan, TagService)[0].tags == {TAG_PREVIOUS: arn("v1", "blue")}
    assert not plan.first


def test_continue_answers_the_hook():
    plan = plan_native_continue(APPROVED, asked(None, gates=SMOKED, pause_before_shift=True))
    assert titles(plan)[:4] == [UP, ASKS, "1 smoke checks of green", "answer ECS's hook: continue"]
    assert titles(plan)[-2:] == [MARKED, "remove slipway:awaiting-approval from green"]


@pytest.mark.parametrize("state", [LIVE, AT_GATE, native(V1, weights=(100, 50))])
def test_nothing_awaits_approval(state):
    assert plan_native_continue(state, asked(None)).blocked


@pytest.mark.parametrize(
    ("state", "first"),
    [
        (AT_GATE, AnswerHook("green", "ROLLBACK")),
        (native(V1, V2, release="v1-blue", flying=rollout(V2)), StopRollout("green")),
        (native(V1, V2, flying=rollout(V2, "", "ROLLBACK_IN_PROGRESS")), None),
        (native(V1, flying=rollout(None, "", "PENDING")), StopRollout("green")),
    ],
)
def test_rollback_takes_back_what_is_in_flight(state, first):
    plan = plan_native_rollback(state, asked(None))
    assert (plan.origin, plan.target) == ("green", "blue")
    assert [step for step in plan.steps if not isinstance(step, WaitRollout)] == ([first] if first else [])
    assert titles(plan)[-1] == "wait until ECS has taken the deployment back, to blue"


def test_rollback_clears_the_approval():
    assert titles(plan_native_rollback(APPROVED, asked(None)))[-1] == "remove slipway:awaiting-approval from green"


def test_rollback_deploys_the_release_before():
    plan = plan_native_rollback(WITH_TWO, asked(None, gates=SMOKED, bake=60.0))
    start = only(plan, StartRollout)[0]
    assert start.definition == arn("v1", "green")
    assert start.changes["deploymentConfiguration"]["bakeTimeInMinutes"] == 2  # the drain floor
    assert start.changes["deploymentConfiguration"]["lifecycleHooks"] == []
    assert only(plan, TagService)[0].tags == {TAG_PREVIOUS: WITHDRAWN}


def test_rollback_of_a_release_of_the_other_color_is_told_apart():
    state = native(revision("v2", "blue"), release="v2-blue", previous="v1-blue")
    plan = plan_native_rollback(state, asked(None))
    body = only(plan, RegisterDefinition)[0].request
    assert body["family"] == "api-green"
    assert {"name": "SLIPWAY_COLOR", "value": "green"} in body["containerDefinitions"][0]["environment"]


def test_rollback_of_what_was_never_marked_returns_to_the_release():
    plan = plan_native_rollback(native(None, V2, (0, 100), release="v1-blue"), asked(None))
    assert only(plan, StartRollout)[0].definition == arn("v1", "blue")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (LIVE, "no earlier release"),
        (native(V1, release="v1-blue", previous=WITHDRAWN), "no earlier release"),
        (TWO_SERVICE, "engine native has no release"),
        (native(V1, weights=(50, 50)), "exactly one color must have weight"),
    ],
)
def test_what_blocks_a_rollback(state, text):
    assert text in str(plan_native_rollback(state, asked(None)).blocked)


def test_a_state_of_the_other_engine_is_no_service():
    assert "missing" in str(plan_native_deploy(snapshot(color("blue"), color("green")), asked()).blocked)


def test_a_plan_of_ecs_is_told_with_what_it_waits_for():
    wanted = asked(bake=300.0, drain_floor=0, shifts=(Shift(10, 120.0), Shift(100, 0.0)))
    told = summary(LIVE, plan_native_deploy(LIVE, wanted), wanted, None)
    assert told["waiting"]["parts"] == {"shifted": 120.0, "proof": 0.3, "done": 300.0}
    assert "the start of the tasks" in told["waiting"]["unknown"]
    assert told["double"]["tasks"] == 3


def test_the_planners_of_this_engine_are_taken():
    given = {**GOOD, "engine": "native", "infrastructure_role_arn": "arn:role"}
    state = replace(LIVE, image_digest=DIGEST)
    plan, _wanted = deploy_planner(given, reference(IMAGE))(state)
    assert isinstance(plan.steps[1], StartRollout)
    assert "nothing awaits approval; production: blue 100" in str(continue_planner(given, None)(state)[0].blocked)
    assert "no earlier release" in str(rollback_planner({**given, "action": "rollback"})(state)[0].blocked)
    wishes = wishes_from({**given, "image": ""}, state)
    assert wishes.settings["green"]["infrastructureRole"] == "arn:role"
    assert problems({**given, "infrastructure_role_arn": ""})
