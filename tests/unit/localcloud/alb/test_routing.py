# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule matching, weighted choice, redirects and delayed rules, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from localcloud.alb.config import Forward, Redirect, parse_config
from localcloud.alb.routing import Facts, RuleSchedule, RuleTable, choose_group, host_name, redirect_location
from tests.unit.localcloud.alb.harness import fixed, forward, rule


def rules_of(*raw: dict[str, Any]) -> Any:
    listener = {"arn": "l", "load_balancer_arn": "a", "host": "h", "port": 1, "protocol": "HTTP", "rules": list(raw)}
    return parse_config({"listeners": [listener], "target_groups": []}).listeners["l"].rules


def facts(**changes: Any) -> Facts:
    base = {"method": "GET", "host": "api.example", "path": "/", "query": "", "source_ip": "127.0.0.1"}
    return Facts(**{**base, "headers": CIMultiDict(), **changes})


def config(name: str, field: str, values: list[Any], **extra: Any) -> dict[str, Any]:
    return {"Field": field, name: {"Values": values, **extra}}


HOSTS = config("HostHeaderConfig", "host-header", ["*.Example.com", "a?.example.org"])
PATHS = config("PathPatternConfig", "path-pattern", ["/img/*", "/v?/x"])
METHODS = config("HttpRequestMethodConfig", "http-request-method", ["PUT", "POST"])
HEADER = config("HttpHeaderConfig", "http-header", ["*Chrome*", "exact"], HttpHeaderName="User-Agent")
QUERY = config("QueryStringConfig", "query-string", [{"Key": "version", "Value": "v1"}, {"Value": "*example*"}])
ESCAPED = config("QueryStringConfig", "query-string", [{"Key": "q", "Value": "a\\*b"}])
SOURCE = config("SourceIpConfig", "source-ip", ["127.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("condition", "request_facts", "expected"),
    [
        (HOSTS, {"host": "WWW.example.COM"}, True),
        (HOSTS, {"host": "www.example.com:8080"}, True),
        (HOSTS, {"host": "example.com"}, False),
        (HOSTS, {"host": "ab.example.org"}, True),
        (HOSTS, {"host": "abc.example.org"}, False),
        (HOSTS, {"host": "aXexampleXorg"}, False),
        (PATHS, {"path": "/img/a/b.png"}, True),
        (PATHS, {"path": "/img/"}, True),
        (PATHS, {"path": "/img"}, False),
        (PATHS, {"path": "/IMG/a"}, False),
        (PATHS, {"path": "/v1/x"}, True),
        (PATHS, {"path": "/v12/x"}, False),
        (PATHS, {"path": "/other", "query": "/img/a"}, False),
        ({"Field": "path-pattern", "Values": ["/old"]}, {"path": "/old"}, True),
        (METHODS, {"method": "PUT"}, True),
        (METHODS, {"method": "put"}, False),
        (METHODS, {"method": "GET"}, False),
        (HEADER, {"headers": CIMultiDict([("user-agent", "my chrome 1")])}, True),
        (HEADER, {"headers": CIMultiDict([("user-agent", "curl"), ("User-Agent", "EXACT")])}, True),
        (HEADER, {"headers": CIMultiDict([("user-agent", "inexact")])}, False),
        (HEADER, {}, False),
        (QUERY, {"query": "a=b&VERSION=V1"}, True),
        (QUERY, {"query": "version=v2"}, False),
        (QUERY, {"query": "any=an%20example%21"}, True),
        (ESCAPED, {"query": "q=a*b"}, True),
        (ESCAPED, {"query": "q=axb"}, False),
        (SOURCE, {"source_ip": "127.9.9.9"}, True),
        (SOURCE, {"source_ip": "10.0.0.1", "headers": CIMultiDict([("X-Forwarded-For", "127.0.0.1")])}, False),
        (SOURCE, {"source_ip": "2001:db8::1"}, True),
    ],
)
def test_condition(condition: dict[str, Any], request_facts: dict[str, Any], expected: bool) -> None:
    matched = RuleTable(rules_of(rule(fixed(200), condition))).match(facts(**request_facts))
    assert (matched is not None) is expected


def test_all_conditions_of_a_rule_must_hold() -> None:
    table = RuleTable(rules_of(rule(fixed(200), PATHS, METHODS)))
    assert table.match(facts(path="/img/a", method="PUT")) is not None
    assert table.match(facts(path="/img/a")) is None
    assert table.match(facts(method="PUT")) is None


def test_rules_are_evaluated_by_number_and_the_default_last() -> None:
    shuffled = [rule(fixed(200), priority=name) for name in ("default", "100", "20", "3")]
    assert [item.priority for item in rules_of(*shuffled)] == [3, 20, 100, None]
    matched = RuleTable(rules_of(*shuffled)).match(facts())
    assert matched is not None
    assert matched.priority == 3


@pytest.mark.parametrize(
    ("weights", "number", "sticky", "expected"),
    [
        ({"blue": 100, "green": 0}, 0.999999, None, "blue"),
        ({"blue": 0, "green": 100}, 0.0, None, "green"),
        ({"blue": 90, "green": 10}, 0.89, None, "blue"),
        ({"blue": 90, "green": 10}, 0.9, None, "green"),
        ({"blue": 1, "green": 999}, 0.0009, None, "blue"),
        ({"blue": 1, "green": 999}, 0.0011, None, "green"),
        ({"blue": 0, "green": 0}, 0.5, None, None),
        ({"blue": 100, "green": 0}, 0.5, "green", "green"),
        ({"blue": 0, "green": 0}, 0.5, "green", "green"),
        ({"blue": 100}, 0.5, "green", "blue"),
    ],
)
def test_weighted_choice(weights: dict[str, int], number: float, sticky: str | None, expected: str | None) -> None:
    assert choose_group(Forward(tuple(weights.items())), lambda: number, sticky) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "http://api.example:8080/a/b?x=1"),
        ({"protocol": "HTTPS", "port": "443"}, "https://api.example:443/a/b?x=1"),
        ({"path": "/new/#{path}", "query": "#{query}&y=2"}, "http://api.example:8080/new/a/b?x=1&y=2"),
        ({"host": "www.#{host}", "query": ""}, "http://www.api.example:8080/a/b"),
        ({"path": "/#{host}/#{port}/#{protocol}"}, "http://api.example:8080/api.example/8080/http?x=1"),
    ],
)
def test_redirect_location(parts: dict[str, str], expected: str) -> None:
    asked = facts(host="api.example:8080", path="/a/b", query="x=1")
    assert redirect_location(Redirect(301, **parts), protocol="HTTP", port=8080, facts=asked) == expected


@pytest.mark.parametrize(
    ("host", "name"), [("a.b:80", "a.b"), ("a.b", "a.b"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("", "")]
)
def test_host_name(host: str, name: str) -> None:
    assert host_name(host) == name


BLUE, GREEN, SPLIT = (
    rules_of(rule(forward(*weights)))
    for weights in ([("blue", 100), ("green", 0)], [("blue", 0), ("green", 100)], [("blue", 1), ("canary", 1)])
)


def test_first_rules_are_in_force_at_once() -> None:
    schedule = RuleSchedule(BLUE)
    assert (schedule.active.rules, schedule.due) == (BLUE, None)


def test_change_takes_effect_after_its_delay_and_not_before() -> None:
    schedule = RuleSchedule(BLUE)
    schedule.change(GREEN, now=100.0, delay=5.0)
    assert (schedule.latest, schedule.due) == (GREEN, 105.0)
    assert not schedule.advance(104.9)
    assert schedule.active.rules == BLUE
    assert schedule.advance(105.0)
    assert (schedule.active.rules, schedule.due) == (GREEN, None)


def test_repeating_a_pending_change_does_not_put_it_off() -> None:
    schedule = RuleSchedule(BLUE)
    schedule.change(GREEN, now=100.0, delay=5.0)
    schedule.change(GREEN, now=104.0, delay=5.0)
    assert schedule.advance(105.0)
    assert schedule.due is None
    schedule.change(GREEN, now=106.0, delay=5.0)
    assert schedule.due is None


def test_changes_take_effect_in_the_order_they_came() -> None:
    schedule = RuleSchedule(BLUE)
    schedule.change(GREEN, now=100.0, delay=5.0)
    schedule.change(BLUE, now=102.0, delay=5.0)
    schedule.advance(105.0)
    assert schedule.active.rules == GREEN
    schedule.advance(107.0)
    assert schedule.active.rules == BLUE


def test_later_change_with_a_shorter_delay_replaces_the_earlier_for_good() -> None:
    schedule = RuleSchedule(BLUE)
    schedule.change(SPLIT, now=100.0, delay=60.0)
    schedule.change(GREEN, now=101.0, delay=0.0)
    assert schedule.due == 101.0
    schedule.advance(101.0)
    assert (schedule.active.rules, schedule.due) == (GREEN, None)


def test_groups_of_pending_rules_are_in_use_already() -> None:
    schedule = RuleSchedule(BLUE)
    schedule.change(SPLIT, now=0.0, delay=5.0)
    assert schedule.group_arns() == {"blue", "green", "canary"}
    schedule.advance(5.0)
    assert schedule.group_arns() == {"blue", "canary"}
