# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes that Fargate has, and others."""

from __future__ import annotations

import pytest
from moto.ecs.exceptions import EcsClientException

from localcloud.ecs.sizes import check


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [
        ("256", "512"),
        ("256", "2048"),
        (".25 vCPU", "0.5 GB"),
        ("1 vcpu", "8GB"),
        ("8192", "20480"),
        ("16384", "122880"),
    ],
)
def test_there_is(cpu, memory):
    check(cpu, memory)


@pytest.mark.parametrize(
    ("cpu", "memory", "message"),
    [
        ("256", "4096", "No Fargate configuration exists for given values: 256 CPU, 4096 memory."),
        ("300", "512", "No Fargate configuration"),
        ("8192", "17408", "No Fargate configuration"),
        ("much", "512", "No Fargate configuration"),
        (None, "512", "Fargate requires that 'cpu' be defined"),
        ("256", None, "Fargate requires that 'memory' be defined"),
    ],
)
def test_there_is_not(cpu, memory, message):
    with pytest.raises(EcsClientException, match=message):
        check(cpu, memory)


def test_registering_one_that_there_is_not(cloud):
    container = {"name": "app", "image": "app", "memory": 100}
    arguments = {"family": "odd", "containerDefinitions": [container], "networkMode": "awsvpc"}
    with pytest.raises(cloud.ecs.exceptions.ClientException, match="No Fargate"):
        cloud.ecs.register_task_definition(**arguments, requiresCompatibilities=["FARGATE"], cpu="1", memory="1")
    definition = cloud.ecs.register_task_definition(**arguments)["taskDefinition"]["taskDefinitionArn"]
    with pytest.raises(cloud.ecs.exceptions.InvalidParameterException, match="does not support launch_type FARGATE"):
        cloud.create(definition)
