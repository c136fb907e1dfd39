# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.task_definition_plan import (
    camelized,
    composed,
    digest_of,
    image_of,
    normalized,
    problems,
)

GIVEN = {
    "cpu": 256,
    "memory": 512,
    "task_role_arn": "arn:role/task",
    "execution_role_arn": None,
    "containers": [
        {
            "name": "api",
            "port_mappings": [{"container_port": 8080}],
            "environment": [{"name": "Z", "value": 1}, {"name": "SLIPWAY_COLOR", "value": "none"}],
            "secrets": [{"name": "KEY", "value_from": "arn:secret"}],
            "log_configuration": {"log_driver": "awslogs", "options": {"awslogs-group": "g", "keep_this": "x"}},
            "health_check": {"command": ["CMD", "true"]},
        },
        {"name": "proxy", "image": "proxy:1"},
        {"name": "helper"},
    ],
}


def request():
    return composed(GIVEN, "api-blue", "repo@sha256:1", "api", {"SLIPWAY_COLOR": "blue"})


def described():
    """What DescribeTaskDefinition answers for it: filled in and with members of its own."""
    made = request()
    for container in made["containerDefinitions"]:
        container.update(cpu=0, essential=True, mountPoints=[], volumesFrom=[], systemControls=[])
        container["environment"] = container["environment"][::-1]
    made["containerDefinitions"][0]["portMappings"] = [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    made["containerDefinitions"][0]["healthCheck"].update(interval=30, timeout=5, retries=3)
    made.update(revision=7, status="ACTIVE", taskDefinitionArn="arn:7", compatibilities=["EC2", "FARGATE"])
    made.update(placementConstraints=[], volumes=[], registeredBy="me")
    return made


def test_keys_become_camel_case_but_free_maps_stay():
    made = camelized({"a_b": [{"c_d": 1}], "options": {"keep_this": 1}, "docker_labels": {"x_y": 1}, "none": None})
    assert made == {"aB": [{"cD": 1}], "options": {"keep_this": 1}, "dockerLabels": {"x_y": 1}}
    assert camelized({"portMappings": 1}) == {"portMappings": 1}


def test_a_request_has_the_image_the_sizes_and_the_color():
    made = request()
    assert (made["family"], made["cpu"], made["memory"]) == ("api-blue", "256", "512")
    assert (made["networkMode"], made["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert "executionRoleArn" not in made
    assert [item["image"] for item in made["containerDefinitions"]] == ["repo@sha256:1", "proxy:1", "repo@sha256:1"]
    assert made["containerDefinitions"][0]["environment"] == [
        {"name": "SLIPWAY_COLOR", "value": "blue"},
        {"name": "Z", "value": "1"},
    ]
    assert made["containerDefinitions"][2]["environment"] == [{"name": "SLIPWAY_COLOR", "value": "blue"}]
    assert GIVEN["containers"][0]["environment"][0]["value"] == 1


def test_a_bootstrap_revision_keeps_the_images_it_names():
    made = composed({"containers": [{"name": "api", "image": "repo:unreleased"}]}, "f", "", "api", {})
    assert image_of(made, "api") == "repo:unreleased"
    assert digest_of(made, "api") == ""


def test_what_ecs_fills_in_makes_no_difference():
    assert normalized(request()) == normalized(described())


@pytest.mark.parametrize(
    "change",
    [
        {"cpu": "512"},
        {"taskRoleArn": "arn:role/other"},
        {"runtimePlatform": {"cpuArchitecture": "ARM64"}},
    ],
)
def test_what_was_asked_for_makes_a_difference(change):
    assert normalized(request()) != normalized({**request(), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"image": "repo@sha256:2"},
        {"environment": []},
        {"secrets": []},
        {"essential": False},
        {"portMappings": [{"containerPort": 8080, "hostPort": 80}]},
        {"portMappings": [{"containerPort": 8080, "protocol": "udp"}]},
        {"healthCheck": {"command": ["CMD", "true"], "interval": 5}},
        {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "h"}}},
    ],
)
def test_so_does_every_setting_of_a_container(change):
    other = request()
    other["containerDefinitions"][0].update(change)
    assert normalized(request()) != normalized(other)


def test_image_and_digest_of_the_app_container():
    made = request()
    assert digest_of(made, "api") == "sha256:1"
    assert image_of(made, "nobody") == ""
    assert normalized({}) == {}


@pytest.mark.parametrize(
    ("given", "image", "message"),
    [
        ({}, "i", "needs containers"),
        ({"containers": []}, "i", "needs containers"),
        ({"containers": "api"}, "i", "needs containers"),
        ({"containers": [{"image": "i"}]}, "i", "every container needs a name"),
        ({"containers": ["api"]}, "i", "every container needs a name"),
        ({"containers": [{"name": "web"}]}, "i", "no container is named 'api'"),
        ({"containers": [{"name": "api"}]}, "", "container api has no image"),
        (
            {
                "containers": [
                    {"name": "api", "environment": [{"name": "A", "value": None}, {"name": "B", "value": ""}]}
                ]
            },
            "i",
            "task_definition: A of container api has no value: give it one, or leave it out",
        ),
        ({"containers": [{"name": "api", "environment": [{"value": "x"}]}]}, "i", "None of container api has no value"),
    ],
)
def test_a_task_definition_that_cannot_be(given, image, message):
    (problem,) = problems(given, "api", image)
    assert message in problem


def test_a_task_definition_that_can_be():
    assert problems(GIVEN, "api", "i") == []
    assert problems({"container_definitions": [{"name": "api", "image": "i"}]}, "api", "") == []
