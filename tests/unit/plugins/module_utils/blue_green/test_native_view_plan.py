# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.found_plan import found_text
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_model_plan import Hook, rank
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_text_plan import expiry, in_flight
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.native_view_plan import rollout_of

from tests.unit.plugins.module_utils.blue_green.cases import ACCOUNT, color
from tests.unit.plugins.module_utils.blue_green.native_cases import (
    FRESH,
    LIVE,
    WITH_TWO,
    gate,
    native,
    revision,
    rollout,
)

DESCRIBED = {
    "serviceDeploymentArn": f"{ACCOUNT}:service-deployment/c/api/x",
    "status": "ROLLBACK_IN_PROGRESS",
    "statusReason": "told",
    "lifecycleStage": "BAKE_TIME",
    "rollback": {"reason": "why"},
    "targetServiceRevision": {"arn": "arn:r2", "requestedTaskCount": 2, "requestedProductionTrafficWeight": 10.0},
    "sourceServiceRevisions": [{"arn": "arn:r1"}],
    "lifecycleHookDetails": [
        {
            "hookId": "h",
            "status": "AWAITING_ACTION",
            "expiresAt": datetime(2026, 11, 25, 10, tzinfo=UTC),
            "timeoutAction": "ROLLBACK",
        },
        {"status": "SUCCEEDED"},
    ],
    "deploymentConfiguration": {
        "lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}]
    },
    "alarms": {"alarmNames": ["a"], "triggeredAlarmNames": ["a"]},
}
REVISIONS = {
    "arn:r2": {
        "taskDefinition": "td:2",
        "containerImages": [{"containerName": "api", "image": "repo@sha256:2", "imageDigest": "sha256:2"}],
        "resolvedConfiguration": {"loadBalancers": [{"targetGroupArn": "tg"}]},
    }
}


def test_a_deployment_as_ecs_describes_it():
    made = rollout_of(DESCRIBED, REVISIONS)
    assert (made.status, made.stage, made.reason, made.name) == ("ROLLBACK_IN_PROGRESS", "BAKE_TIME", "why", "x")
    assert (made.target.definition, made.target.group, made.target.production) == ("td:2", "tg", 10.0)
    assert made.target.images == {"api": ("repo@sha256:2", "sha256:2")}
    assert (made.sources[0].arn, made.sources[0].definition) == ("arn:r1", "")
    assert made.hooks == (Hook("h", "AWAITING_ACTION", "2026-11-25T10:00:00", "ROLLBACK"), Hook("", "SUCCEEDED"))
    assert (made.gated, made.gate_ahead, made.backward, made.in_flight) == (True, False, True, True)
    assert (made.watched, made.alarms, made.awaiting.id) == (("a",), ("a",), "h")
    bare = rollout_of({"serviceDeploymentArn": "a", "status": "PENDING", "statusReason": "r"}, {})
    assert (bare.target, bare.reason, bare.gated, bare.awaiting, rank(bare.stage)) == (None, "r", False, None, -1)


def test_the_colors_of_one_service():
    blue, green = WITH_TWO.colors["blue"], WITH_TWO.colors["green"]
    assert (blue.desired, blue.proven, blue.candidate, blue.definition.arn[-2:]) == (3, True, False, "v2")
    assert (green.desired, green.empty, green.released.arn[-2:], green.definition.arn[-2:]) == (0, True, "v1", "v1")
    assert FRESH.colors["blue"].definition is None
    flying = native(
        revision("v1", "blue"),
        revision("v2", "green"),
        release="v1-blue",
        approval="v2-green",
        flying=gate(revision("v2", "green")),
    )
    assert (flying.colors["green"].candidate, flying.colors["green"].awaiting) == (True, True)
    assert (flying.colors["green"].proven, flying.colors["blue"].awaiting) == (False, False)
    assert flying.colors["green"].released is None
    gone = native(exists=False)
    assert gone.colors["blue"].service is None


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (LIVE, "production: blue 100 (3/3 healthy, sha256:v1), green 0 (0/0 healthy, nothing)"),
        (
            native(
                revision("v1", "blue"),
                revision("v2", "green"),
                release="v1-blue",
                approval="v2-green",
                flying=gate(revision("v2", "green")),
            ),
            (
                "ECS deploys sha256:v2 to green (dep1: IN_PROGRESS POST_TEST_TRAFFIC_SHIFT; new 3/3 running, 0 %; hook "
                "ecs-pause-1 waits until 2026-11-25T10:00:00, then ROLLBACK), and awaits approval"
            ),
        ),
        (native(revision("v1", "blue"), flying=rollout(None, "", "PENDING")), "ECS deploys a revision (dep1: PENDING)"),
        (
            native(revision("v1", "blue"), last=rollout(None, "", "ROLLBACK_SUCCESSFUL", reason="bad")),
            "the last deployment, dep1, ended ROLLBACK_SUCCESSFUL: bad",
        ),
        (
            native(exists=False, foreign={"blue": color("blue", "v1", 3).service}),
            "engine native has no service api yet; of engine two_service: api-blue with 3 tasks",
        ),
    ],
)
def test_what_was_found(state, text):
    assert text in found_text(state)


def test_what_a_run_that_only_looks_tells_of_the_deployment():
    waits = in_flight(native(flying=gate(revision("v2", "green"))).native)
    assert (waits["status"], waits["hook_id"], waits["expires"]) == (
        "IN_PROGRESS",
        "ecs-pause-1",
        "2026-11-25T10:00:00",
    )
    assert expiry(waits) == "; ECS takes it back at 2026-11-25T10:00:00 UTC unless its hook ecs-pause-1 is answered"
    moves = in_flight(native(flying=rollout(revision("v2", "green"))).native)
    assert (moves["hook_id"], expiry(moves)) == (None, "")
    assert in_flight(None) == in_flight(LIVE.native) == {}
