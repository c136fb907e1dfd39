# SPDX-License-Identifier: GPL-3.0-or-later
"""Health checks of container definitions."""

from __future__ import annotations

import pytest

from localcloud.fargate.spec import HealthCheck, parse_health_check


@pytest.mark.parametrize("definition", [None, {}, {"command": []}, {"command": ["NONE"]}])
def test_none(definition):
    assert parse_health_check(definition, "127.9.16.1") is None


def test_defaults():
    assert parse_health_check({"command": ["CMD", "check"]}, "127.9.16.1") == HealthCheck(("check",), 30, 5, 3, 0)


def test_everything():
    definition = {
        "command": ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"],
        "interval": 5,
        "timeout": 2,
        "retries": 2,
        "startPeriod": 7,
    }
    command = ("/bin/sh", "-c", "curl -f http://127.9.16.1:8080/ || exit 1")
    assert parse_health_check(definition, "127.9.16.1") == HealthCheck(command, 5, 2, 2, 7)


@pytest.mark.parametrize(
    ("word", "local"),
    [
        ("http://127.0.0.1:80/", "http://T:80/"),
        ("localhost", "T"),
        ("mylocalhost", "mylocalhost"),
        ("localhost.example.com", "localhost.example.com"),
        ("127.0.0.12", "127.0.0.12"),
    ],
)
def test_localhost_is_the_task(word, local):
    check = parse_health_check({"command": [word]}, "T")
    assert check is not None
    assert check.command == (local,)
