# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.inputs_plan import (
    deploy_planner,
    problems,
    wanted_from,
    wishes_from,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Probe, Scaling
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.task_definition_plan import digest_of

from tests.unit.plugins.module_utils.blue_green.cases import GIVEN, color, snapshot

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/slipway-local/api:1.0.0"
DIGEST = "sha256:" + "0" * 64
GOOD = {
    "action": "deploy",
    "service": "api",
    "image": IMAGE,
    "task_definition": GIVEN,
    "app_container": None,
    "port": 8080,
    "network_configuration": {"subnets": ["s1"], "security_groups": ["g1"], "assign_public_ip": True},
    "desired_count": 2,
    "scaling": {"min": 2, "max": 4},
    "probe": {"url": "http://x/", "host": None, "header": "X-Color", "count": 3, "timeout": 9},
    "drain_floor": 120,
    "healthy_timeout": 300,
    "health_check_grace_period": 60,
    "health_check": None,
    "poll_interval": 2,
    "tags": {"a": "b"},
    "preview_url": None,
    "smoke": [],
    "alarms": [],
    "metrics": [],
    "ignore_alarms_at_start": False,
    "strategy": "all_at_once",
    "canary_steps": [{"weight": 10, "pause": 60}],
    "linear_step_percent": 20,
    "linear_step_pause": 60,
    "bake": 0,
    "pause_before_shift": False,
    "keep_warm": 0,
    "kind": "web",
    "engine": "two_service",
    "infrastructure_role_arn": None,
    "confirm": "",
    "exclusive": False,
    "workers": [],
    "schedules": [],
    "one_off_task": None,
}
FRESH = snapshot(color("blue"), color("green"), image_digest=DIGEST)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"service": "x" * 27}, "must have 1 to 26 characters"),
        ({"service": ""}, "must have 1 to 26 characters"),
        ({"desired_count": 0}, "desired_count 0 is less than 1"),
        ({"healthy_timeout": 0}, "healthy_timeout 0 is less than 1"),
        ({"drain_floor": -1}, "drain_floor -1 is less than 0"),
        ({"poll_interval": -1}, "poll_interval -1 is less than 0"),
        ({"port": 0}, "port 0 is outside 1 to 65535"),
        ({"port": 65536}, "port 65536 is outside 1 to 65535"),
        ({"scaling": {"min": 0, "max": 4}}, "scaling 0 to 4"),
        ({"scaling": {"min": 5, "max": 4}}, "scaling 5 to 4"),
        ({"image": "nginx"}, "is no Amazon ECR image"),
        ({"task_definition": {"containers": []}}, "needs containers"),
        ({"action": "converge", "port": None}, "converge needs port"),
        ({"action": "converge", "network_configuration": None}, "converge needs network_configuration"),
        ({"task_definition": None}, "needs containers"),
        ({"probe": {**GOOD["probe"], "count": 0}}, "probe.count 0 is less than 1"),
        ({"action": "continue", "image": "nginx"}, "is no Amazon ECR image"),
    ],
)
def test_bad_parameters_are_told_in_one_line(change, message):
    (problem,) = problems({**GOOD, "app_container": "api", **change})
    assert message in problem
    assert "\n" not in problem


def test_all_complaints_come_at_once():
    assert len(problems({**GOOD, "port": 0, "desired_count": 0, "image": "x"})) == 3
    assert len(problems({**GOOD, "image": None, "task_definition": None})) == 2


def test_good_parameters():
    assert problems(GOOD) == []
    assert problems({**GOOD, "action": "converge", "probe": None, "scaling": None}) == []
    assert problems({**GOOD, "action": "rollback", "task_definition": None, "image": None}) == []


def test_what_a_deployment_wants():
    wanted = wanted_from(GOOD, reference(IMAGE), DIGEST)
    assert digest_of(wanted.bodies["green"], "api") == DIGEST
    environment = wanted.bodies["green"]["containerDefinitions"][0]["environment"]
    assert environment == [
        {"name": "SLIPWAY_COLOR", "value": "green"},
        {"name": "SLIPWAY_IMAGE_DIGEST", "value": DIGEST},
    ]
    assert wanted.scaling == Scaling(2, 4)
    assert wanted.probe == Probe("http://x/", None, "X-Color", 3, 9)
    bare = wanted_from({**GOOD, "probe": None, "scaling": None}, None, "")
    assert (bare.bodies, bare.probe, bare.scaling) == ({}, None, None)


def test_a_digest_is_resolved_once():
    """A tag that moves, or an image that is deleted, while this runs changes nothing any more."""
    plan = deploy_planner(GOOD, reference(IMAGE))
    first, wanted = plan(FRESH)
    again, later = plan(replace(FRESH, image_digest="sha256:" + "f" * 64))
    gone, _ = plan(replace(FRESH, image_digest=None))
    assert first.blocked is again.blocked is gone.blocked is None
    assert wanted.bodies == later.bodies


def test_without_a_cluster_nothing_is_planned():
    plan, _wanted = deploy_planner(GOOD, reference(IMAGE))(replace(FRESH, missing=("cluster c",), image_digest=None))
    assert "cluster c missing: run site.yml first" in plan.blocked
    assert plan.steps == ()


def test_an_image_that_is_not_there_is_planned_like_any_other():
    """verify refuses it, together with whatever else it finds."""
    plan, wanted = deploy_planner(GOOD, reference(IMAGE))(replace(FRESH, image_digest=None))
    assert plan.blocked is None
    assert plan.steps
    assert wanted.bodies["blue"]["containerDefinitions"][0]["image"].endswith("api@")


def test_what_converge_wishes():
    wishes = wishes_from({**GOOD, "image": "repo:unreleased"}, FRESH)
    settings = wishes.settings["green"]
    assert settings["loadBalancers"] == [
        {"targetGroupArn": "arn:tg/api-green", "containerName": "api", "containerPort": 8080}
    ]
    assert settings["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    assert settings["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}
    assert wishes.bodies["green"]["family"] == "api-green"
    assert wishes.scaling == Scaling(2, 4)
    private = {**GOOD["network_configuration"], "assign_public_ip": False}
    hidden = wishes_from({**GOOD, "image": None, "network_configuration": private}, FRESH).settings["blue"]
    assert hidden["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
