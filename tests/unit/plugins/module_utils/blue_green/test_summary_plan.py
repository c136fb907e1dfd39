# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run tells before its first change: how long it waits, what it costs, where the traffic is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.estimate_plan import cost, estimate
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    Alarm,
    Gates,
    Metric,
    Once,
    Rule,
    Scaling,
    Shift,
    Smoke,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import (
    AwaitApproval,
    Drain,
    Plan,
    Prove,
    RunOnce,
    ScheduleScaleDown,
    UpdateService,
    WaitHealthy,
    Watch,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.summary_plan import summary
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.swap_plan import plan_deploy, plan_rollback
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_steps_plan import RollWorker

from tests.unit.plugins.module_utils.blue_green.cases import PROBE, body, color, snapshot, wanted

CHECK = {"HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2}
UP = UpdateService("green", {"desiredCount": 3})
WAIT = WaitHealthy("green", 3, 300, 2)
LIVE = snapshot(
    replace(color("blue", "v1", 3, release="v1"), deregistration_delay=60), replace(color("green"), health_check=CHECK)
)
WARM = snapshot(color("blue", "v1", 3, release="v1"), color("green", "v2", 3, release="v2"), weights=(0, 100))
FRESH = snapshot(color("blue"), color("green"))


def watch(name, seconds):
    return Watch("green", name, seconds, 3, Gates(), 2)


@pytest.mark.parametrize(
    ("steps", "parts", "unknown", "text"),
    [
        ((), {}, (), "about 0 s of waiting by plan (none)"),
        (
            (UP, WAIT, Prove("green", PROBE), Drain("blue", 120.0, 60)),
            {"healthy": 12.0, "proof": 0.3, "drain": 120.0},
            ("the start of the tasks",),
            "about 132.3 s of waiting by plan (healthy 12, proof 0.3, drain 120), and the start of the tasks",
        ),
        (
            (WAIT, watch("pause", 60.0), Prove("green", PROBE, share=10), watch("pause", 30.0), watch("bake", 300.0)),
            {"healthy": 2.0, "pause": 90.0, "proof": 0.1, "bake": 300.0},
            (),
            "about 392.1 s of waiting by plan (healthy 2, pause 90, proof 0.1, bake 300)",
        ),
        (
            (RunOnce("green", Once(("migrate",), 60), "sha256:x"), UP, AwaitApproval("green")),
            {},
            ("the start of the tasks", "the one-off task", "a person's decision"),
            "about 0 s of waiting by plan (none), and the start of the tasks, the one-off task, a person's decision",
        ),
    ],
)
def test_how_long_a_plan_waits(steps, parts, unknown, text):
    found = estimate(LIVE, Plan(steps=steps, target="green"), wanted())
    assert (found.parts, found.unknown, found.text) == (parts, unknown, text)
    assert found.seconds == sum(parts.values())


def test_the_checks_that_the_release_brings_count():
    asked = wanted(health_check={"HealthCheckIntervalSeconds": 30})
    assert estimate(LIVE, Plan(steps=(UP, WAIT), target="green"), asked).seconds == 62


def price(state, steps, made=None):
    plan = Plan(steps=steps, target="green", origin="blue")
    return cost(state, plan, estimate(state, plan, wanted()), body("v2", "green") if made is None else made)


def test_what_running_double_costs():
    found = price(LIVE, (UP, WAIT, Drain("blue", 120.0, 60)))
    hourly = 0.25 * 0.04048 + 0.5 * 0.004445
    assert (found.tasks, found.seconds) == (3, 12 + 120 + 60 + 30)
    assert found.usd == pytest.approx(3 * hourly * 222 / 3600, abs=1e-4)
    assert (
        found.text
        == "3 tasks beside the others for about 222 s: $0.0023 (list price of us-east-1, Linux, as of 2026-06)"
    )

    warm = price(LIVE, (UP, WAIT, ScheduleScaleDown("blue", 3600.0)))
    assert warm.seconds == 12 + 3600
    windows = {**body("v2", "green"), "runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}
    without = price(LIVE, (UP, WAIT), made=windows)
    assert without.usd is None
    assert without.text == "3 tasks beside the others for about 102 s: no list price is kept for this platform"


def test_the_price_of_another_region_is_said_to_be_another():
    blue = LIVE.colors["blue"]
    moved = replace(blue, service=replace(blue.service, arn=blue.service.arn.replace("us-east-1", "eu-west-1")))
    found = price(replace(LIVE, colors={**LIVE.colors, "blue": moved}), (UP, WAIT))
    assert found.basis == "list price of us-east-1, other than in eu-west-1, Linux, as of 2026-06"


def test_nothing_runs_double():
    assert price(FRESH, (UP, WAIT)) is None
    assert price(LIVE, ()) is None
    plan = Plan(steps=(UP,))
    assert cost(LIVE, plan, estimate(LIVE, plan, wanted()), {}) is None


def text_of(state, plan, asked, lock=None):
    return summary(state, plan, asked, lock)["text"]


def test_a_deployment_is_told():
    gates = Gates((Smoke("http://x/"),), ("5xx", "gone"), (Metric("TargetResponseTime", "p99", 0.5),))
    asked = wanted(
        gates=gates, shifts=(Shift(10, 60.0), Shift(100, 0.0)), bake=30.0, pause_before_shift=True, keep_warm=3600.0
    )
    state = replace(LIVE, alarms=(Alarm("5xx", "OK", "fine"),))
    plan = plan_deploy(state, wanted())
    made = summary(state, plan, asked, "api is held by somebody")
    assert made["text"][:7] == [
        "api from blue to green with image sha256:v2: api.image",
        "traffic: blue 100 (3/3 healthy), green 0 (0/0 healthy), not sticky, by rule production",
        "requests for any host * match that rule first",
        "tasks: green has 0, needs 3, bounds 2..6",
        (
            "gates: 1 smoke checks, alarm 5xx OK, alarm gone unknown, p99 of TargetResponseTime at most 0.5; "
            "shift: a person's decision, then 10 % for 60 s, 100 %"
        ),
        "old color: bake 30 s, kept warm for 3600 s, deregistration up to 60 s, stop up to 30 s",
        "lock: api is held by somebody",
    ]
    assert made["text"][7].startswith("about ")
    assert made["text"][8].startswith("double: 3 tasks")
    assert (made["from"], made["to"], made["lock"]) == ("blue", "green", "api is held by somebody")
    assert made["rule"] == {"arn": "arn:rule/production", "weights": {"blue": 100, "green": 0}, "sticky_seconds": 0}
    assert made["alarms"] == [{"name": "5xx", "state": "OK", "reason": "fine"}]
    assert made["colors"]["blue"]["healthy"] == 3
    assert made["task_definition"] == [{"path": "api.image", "before": "repo@sha256:v1", "after": "repo@sha256:v2"}]
    assert made["double"]["tasks"] == 3


def test_a_first_deployment_is_told():
    text = text_of(FRESH, plan_deploy(FRESH, wanted(scaling=None)), wanted(scaling=None))
    assert text[0].startswith("api onto blue with image sha256:v2: ")
    assert text[3] == "tasks: blue has 0, needs 3"
    assert text[4] == "gates: none; shift: 100 %"
    assert text[5] == "old color: bake 0 s, drain 120 s, deregistration up to 0 s, stop up to 30 s"
    assert not any(line.startswith("double") for line in text)


def test_a_rollback_that_only_moves_the_traffic_is_told():
    asked = wanted(None)
    text = text_of(WARM, plan_rollback(WARM, asked), asked)
    assert text[0] == "api from green to blue with image sha256:v1: api.image"
    assert text[3] == "tasks: blue has 3, needs 3, bounds 2..6"


def test_nothing_to_do_is_told():
    state = snapshot(color("blue", "v2", 3, release="v2", scaling=Scaling(2, 6)), color("green"))
    made = summary(state, Plan(), wanted(), None)
    assert made["text"] == ["api: nothing to do", "about 0 s of waiting by plan (none)"]
    assert made["draining"]["deregistration_delay"] == 0


def test_a_worker_has_no_traffic_to_tell_of():
    state = replace(LIVE, colors={}, production=None)
    made = summary(state, Plan(steps=(RollWorker("api", None, 2, {}),)), wanted(None), None)
    assert made["text"][0].startswith("api: ")
    assert made["text"][1] == "about 0 s of waiting by plan (none), and the workers"
    assert (made["double"], made["rule"], made["colors"]) == (None, None, {})


def test_stickiness_and_rules_that_come_first_are_told():
    sticky = {"TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    actions = [{**LIVE.production.actions[0]}]
    actions[0]["ForwardConfig"] = {**actions[0]["ForwardConfig"], **sticky}
    path = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}
    own = replace(LIVE.production, actions=actions, conditions=[path], priority=20)
    earlier = Rule("arn:rule/other", [], [path], 10)
    state = replace(LIVE, production=own, ahead={"production": (earlier,)})
    text = text_of(state, replace(plan_deploy(LIVE, wanted())), wanted())
    assert text[1].endswith("green 0 (0/0 healthy), sticky for 60 s, by rule production")
    assert text[2] == "requests for any host /api/* match: arn:rule/other (priority 10: path-pattern = /api/*)"


def test_without_a_rule():
    state = replace(LIVE, production=None)
    made = summary(state, plan_deploy(LIVE, wanted()), wanted(), None)
    assert made["rule"] is None
    assert made["text"][1] == "traffic: there is no production rule"
    assert made["text"][2].startswith("tasks: ")
