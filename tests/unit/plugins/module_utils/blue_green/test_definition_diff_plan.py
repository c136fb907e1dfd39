# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.definition_diff_plan import changes, shown_changes

from tests.unit.plugins.module_utils.blue_green.cases import definition

V1 = definition("v1", "blue").body


def container(**members):
    return {"containerDefinitions": [{"name": "api", **members}]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (V1, V1, {}),
        (V1, definition("v1", "green").body, {}),
        (V1, definition("v2", "green").body, {"api.image": ("repo@sha256:v1", "repo@sha256:v2")}),
        ({}, container(image="a"), {"api.name": (None, "api"), "api.image": (None, "a")}),
        (
            container(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            container(environment=[{"name": "B", "value": "3"}], secrets=[{"name": "C", "valueFrom": "arn"}]),
            {
                "api.environment.A": ("1", None),
                "api.environment.B": ("2", "3"),
                "api.secrets.C": (None, "arn"),
            },
        ),
        (
            container(portMappings=[{"containerPort": 80, "protocol": "tcp"}], command=["a"]),
            container(portMappings=[{"containerPort": 80, "protocol": "udp"}], command=["a", "b"]),
            {"api.command": (["a"], ["a", "b"]), "api.portMappings.80.protocol": ("tcp", "udp")},
        ),
        (
            container(mountPoints=[{"sourceVolume": "a"}]),
            container(mountPoints=[{"sourceVolume": "b"}]),
            {"api.mountPoints": ([{"sourceVolume": "a"}], [{"sourceVolume": "b"}])},
        ),
        ({"cpu": "256", "volumes": []}, {"cpu": "512"}, {"cpu": ("256", "512"), "volumes": ([], None)}),
    ],
)
def test_what_changes(before, after, expected):
    found = changes(before, after)
    assert {item["path"]: (item["before"], item["after"]) for item in found} == expected


def test_in_a_line():
    assert shown_changes([]) == "no change of the task definition"
    assert shown_changes([{"path": name} for name in "abcd"]) == "a, b, c, d"
    assert shown_changes([{"path": name} for name in "abcdef"]) == "a, b, c, d and 2 more"
