# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.platform_plan import (
    Image,
    image_of_manifest,
    platform_of_config,
    wanted_platform,
)

AMD = {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "amd64"}}
ARM = {"digest": "sha256:b", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}
ATTESTATION = {"digest": "sha256:c", "platform": {"os": "unknown", "architecture": "unknown"}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (
            {"manifests": [ARM, AMD, ATTESTATION, {}]},
            Image(("linux/amd64", "linux/arm64"), None, frozenset({"sha256:a", "sha256:b", "sha256:c"})),
        ),
        ({"config": {"digest": "sha256:d"}, "layers": []}, Image(config="sha256:d")),
        ({"config": {}}, Image()),
        ({"schemaVersion": 1}, Image()),
        ([], Image()),
    ],
)
def test_what_a_manifest_says(manifest, expected):
    assert image_of_manifest(json.dumps(manifest)) == expected


def test_a_manifest_that_is_none():
    assert image_of_manifest("{") == Image()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"os": "linux", "architecture": "arm64"}, "linux/arm64"),
        ({"os": "linux"}, None),
        ({"architecture": "arm64"}, None),
        ({"os": "unknown", "architecture": "arm64"}, None),
    ],
)
def test_what_a_configuration_says(config, expected):
    assert platform_of_config(json.dumps(config)) == expected


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (None, "linux/amd64"),
        ({"cpuArchitecture": "ARM64"}, "linux/arm64"),
        ({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"}, "windows/amd64"),
        ({"cpuArchitecture": "RISCV"}, "linux/riscv"),
    ],
)
def test_what_a_task_asks_for(platform, expected):
    assert wanted_platform({"runtimePlatform": platform}) == expected
