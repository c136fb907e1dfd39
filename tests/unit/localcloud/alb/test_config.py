# SPDX-License-Identifier: GPL-3.0-or-later
"""Parsing of the configuration message."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.alb.config import ConfigError, FixedResponse, Forward, HealthCheck, Redirect, TargetKey, parse_config
from tests.unit.localcloud.alb.harness import fixed, forward, rule

LISTENER = {"arn": "l", "load_balancer_arn": "a", "host": "h", "port": 1, "protocol": "HTTP", "rules": []}


def parse(*rules: dict[str, Any], **listener: Any) -> Any:
    return parse_config({"listeners": [{**LISTENER, "rules": list(rules), **listener}], "target_groups": []})


def action_of(action: dict[str, Any]) -> Any:
    return parse(rule(action)).listeners["l"].rules[0].action


def test_target_group_defaults_are_those_of_aws() -> None:
    config = parse_config({"listeners": [], "target_groups": [{"arn": "g"}]}).groups["g"]
    assert config.health_check == HealthCheck("HTTP", None, "/", 30.0, 5.0, 5, 2, ((200, 200),))
    assert (config.deregistration_delay, config.algorithm, config.sticky) == (300.0, "round_robin", False)


def test_target_group_settings() -> None:
    raw = {
        "arn": "g",
        "protocol": "HTTPS",
        "port": 8080,
        "health_check": {
            "HealthCheckPort": "9000",
            "HealthCheckPath": "/h",
            "Matcher": {"HttpCode": "200,204, 300-399"},
        },
        "attributes": {
            "deregistration_delay.timeout_seconds": "5",
            "load_balancing.algorithm.type": "least_outstanding_requests",
            "stickiness.enabled": "true",
            "stickiness.type": "lb_cookie",
            "stickiness.lb_cookie.duration_seconds": "60",
        },
        "targets": [{"id": "10.0.0.1"}, {"id": "10.0.0.1", "port": 81}],
    }
    config = parse_config({"listeners": [], "target_groups": [raw]}).groups["g"]
    assert config.targets == (TargetKey("10.0.0.1", 81), TargetKey("10.0.0.1", 8080))
    assert (config.protocol, config.deregistration_delay, config.sticky, config.cookie_seconds) == (
        "HTTPS",
        5,
        True,
        60,
    )
    assert config.health_check.port == 9000
    passing = [code for code in (199, 200, 201, 204, 299, 300, 399, 400) if config.health_check.matches(code)]
    assert passing == [200, 204, 300, 399]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"Type": "forward", "TargetGroupArn": "g"}, Forward((("g", 1),))),
        ({**forward(("a", 3), ("b", 0)), "TargetGroupArn": "a"}, Forward((("a", 3), ("b", 0)))),
        (forward(("a", 1), sticky=60), Forward((("a", 1),), 60)),
        (fixed(404, "no"), FixedResponse(404, "text/plain", "no")),
        ({"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Query": ""}}, Redirect(302, query="")),
    ],
)
def test_actions(action: dict[str, Any], expected: Any) -> None:
    assert action_of(action) == expected


def test_stickiness_that_is_off_is_no_stickiness() -> None:
    action = forward(("a", 1))
    action["ForwardConfig"]["TargetGroupStickinessConfig"] = {"Enabled": False}
    assert action_of(action) == Forward((("a", 1),), None)


def test_rule_with_authentication_is_not_forwarded_without_it() -> None:
    raw = {**rule(forward(("a", 1))), "actions": [{"Type": "authenticate-oidc"}, forward(("a", 1))]}
    config = parse(raw)
    assert config.listeners["l"].rules[0].action.status == 501
    assert config.problems == ("rule rule-10 answers 501: actions authenticate-oidc, forward are not supported",)


def test_rule_with_an_unknown_condition_is_left_out_and_the_others_stay() -> None:
    odd = rule(fixed(200), {"Field": "path-pattern", "RegexValues": ["^/x"]}, priority="1")
    config = parse(odd, rule(fixed(201)))
    assert [item.arn for item in config.listeners["l"].rules] == ["rule-10"]
    assert config.problems == (
        "rule rule-1 is left out: regular expressions in condition path-pattern are not supported",
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"target_groups": []}, "configuration lacks 'listeners'"),
        ({"listeners": 5, "target_groups": []}, "configuration is malformed: 'int' object is not iterable"),
        ({"listeners": [{**LISTENER, "protocol": "TCP"}], "target_groups": []}, "listener l: protocol TCP is not HTTP"),
        (
            {"listeners": [{**LISTENER, "protocol": "HTTPS"}], "target_groups": []},
            "listener l: HTTPS needs certificate",
        ),
        (
            {"listeners": [{**LISTENER, "rules": [rule(forward(("a", 1000)))]}], "target_groups": []},
            "weight 1000 is out",
        ),
        (
            {"listeners": [{**LISTENER, "port": "x"}], "target_groups": []},
            "configuration is malformed: invalid literal",
        ),
    ],
)
def test_what_is_no_configuration_is_refused_in_one_line(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(raw)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
