# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Rule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.shadow_plan import (
    covers,
    matched,
    overlaps,
    requests_of,
    shadow_problems,
    shadow_warnings,
    shadows,
)

from tests.unit.plugins.module_utils.blue_green.cases import color, snapshot

PLAIN = snapshot(color("blue", "v1", 2), color("green"))


def host(*values):
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}, "Values": list(values)}


def path(*values):
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}, "Values": list(values)}


def header(name, *values):
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": list(values)}}


METHOD = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}
QUERY = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "x"}]}}
SOURCE = {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}
REGEX = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/api/.*$"]}}


def rule(*conditions, priority=5):
    return Rule(f"arn:rule/{priority}", [], list(conditions), priority, "arn:listener")


def own(*conditions):
    return rule(*conditions, priority=10)


def taken(mine, *earlier):
    """What the earlier rules take of ours: "whole", "part", "unsure"; nothing for none of it."""
    return [
        "whole" if shadow.whole else "unsure" if shadow.unsure else "part" for shadow in shadows(mine, list(earlier))
    ]


@pytest.mark.parametrize(
    ("pattern", "other", "covered", "overlap"),
    [
        ("/*", "/api/*", True, True),
        ("/api/*", "/*", False, True),
        ("/api/*", "/api/*", True, True),
        ("/api/*", "/api", False, False),
        ("/api*", "/api", True, True),
        ("/a?i/*", "/api/*", True, True),
        ("/api/*", "/a?i/*", False, True),
        ("/a?i", "/a*i", False, True),
        ("*", "?*?", True, True),
        ("**", "*", True, True),
        ("*?", "", False, False),
        ("/??", "/?", False, False),
        ("/a", "/A", False, False),
        ("*.example.com", "api.example.com", True, True),
        ("*.example.com", "example.com", False, False),
        ("*.example.com", "*.api.example.com", True, True),
        ("*.api.example.com", "*.example.com", False, True),
        ("/*/x", "/y/*", False, True),
        ("/x/*", "/y/*", False, False),
        ("*a*", "*b*", False, True),
        ("", "*", False, True),
        ("", "?", False, False),
    ],
)
def test_patterns(pattern, other, covered, overlap):
    assert covers(pattern, other) is covered
    assert overlaps(pattern, other) is overlaps(other, pattern) is overlap


@pytest.mark.parametrize(
    ("mine", "earlier", "answer"),
    [
        # Another service before this one.
        ([path("/*")], [path("/*")], ["whole"]),
        ([path("/*")], [path("/api/*")], ["part"]),
        ([path("/api/*")], [path("/*")], ["whole"]),
        ([path("/api/*")], [path("/web/*")], []),
        ([path("/api/*")], [path("/API/*")], []),
        ([path("/api/*", "/v1/*")], [path("/v1/*")], ["whole"]),
        ([path("/api/*", "/v1/*")], [path("/web/*", "/*")], ["whole", "whole"]),
        # Hosts are compared without regard to case; a rule without one is for any.
        ([host("api.example.com"), path("/*")], [host("API.Example.com")], ["whole"]),
        ([host("api.example.com"), path("/*")], [host("*.example.com"), path("/*")], ["whole"]),
        ([host("*.example.com"), path("/*")], [host("api.example.com"), path("/*")], ["part"]),
        ([host("api.example.com"), path("/*")], [host("web.example.com"), path("/*")], []),
        ([path("/*")], [host("api.example.com"), path("/*")], ["part"]),
        ([host("api.example.com")], [path("/*")], ["part"]),
        # Further conditions.
        ([path("/*")], [path("/*"), METHOD], ["unsure"]),
        ([path("/*")], [QUERY], ["unsure"]),
        ([path("/*")], [SOURCE], ["unsure"]),
        ([path("/*")], [header("X-Test", "1")], ["unsure"]),
        ([path("/*")], [path("/api/*"), SOURCE], ["unsure"]),
        ([path("/*")], [SOURCE, host("x.example.com"), path("/*")], ["unsure"]),
        ([path("/*"), header("X-Test", "1")], [header("x-test", "1")], ["whole"]),
        ([path("/*"), header("X-Test", "1")], [header("x-test", "2")], ["unsure"]),
        ([path("/*"), METHOD], [path("/*"), METHOD], ["whole"]),
        # Regular expressions are not read.
        ([path("/api/*")], [REGEX], ["unsure"]),
        ([REGEX], [REGEX], ["whole"]),
        ([REGEX], [path("/api/*")], ["part"]),
    ],
)
def test_what_an_earlier_rule_takes(mine, earlier, answer):
    assert taken(own(*mine), rule(*earlier)) == answer


def test_the_order_of_the_listener_counts():
    mine, part, whole, late = own(path("/*")), rule(path("/a"), priority=1), rule(path("/*"), priority=2), rule(QUERY)
    assert taken(mine, part, whole, late) == ["part", "whole"]
    assert shadows(None, [whole]) == []


def test_every_pair_of_host_and_path_is_asked_for():
    both = own(host("A.example.com", "b.example.com"), path("/x", "/y"))
    assert [request.text for request in requests_of(both)] == [
        "a.example.com /x",
        "a.example.com /y",
        "b.example.com /x",
        "b.example.com /y",
    ]
    assert [request.text for request in requests_of(own(METHOD))] == ["any host *"]


def state(*ahead, preview=()):
    mine = own(host("api.example.com"), path("/*"))
    return replace(
        PLAIN,
        production=replace(mine, arn="arn:rule/mine", actions=PLAIN.production.actions),
        preview=replace(mine, arn="arn:rule/preview", actions=PLAIN.production.actions),
        ahead={"production": ahead, "preview": preview},
    )


def test_a_service_whose_requests_another_rule_takes_is_blocked_and_told_which():
    shadowed = state(rule(host("*.example.com"), path("/*")))
    (problem,) = shadow_problems(shadowed)
    shadow = "arn:rule/5 (priority 5: host-header = *.example.com; path-pattern = /*)"
    assert problem.startswith(f"requests for api.example.com /* match rule {shadow} before the production rule of api")
    assert "(priority 10): give the service a smaller ecs_service_priority" in problem
    assert "`ansible-playbook -i INVENTORY playbooks/site.yml -e service=api`, or delete that rule" in problem
    assert shadow_warnings(shadowed) == []
    assert shadow_problems(shadowed, "preview") == []
    assert "before the preview rule of api" in shadow_problems(state(preview=(rule(path("/*")),)), "preview")[0]


def test_what_may_take_some_requests_is_told_and_blocks_nothing():
    doubtful = state(rule(METHOD, QUERY), rule(path("/admin/*"), priority=6))
    assert shadow_problems(doubtful) == []
    (warning,) = shadow_warnings(doubtful)
    assert warning.startswith(
        "requests for api.example.com /*: a rule before the production rule may take part of them"
    )
    assert warning.endswith("arn:rule/5 (priority 5: http-request-method = GET; query-string = v=2, x)")


def test_the_plan_shows_which_rules_a_request_matches():
    mine = "arn:rule/mine (priority 10), this service's"
    assert matched(state()) == {"api.example.com /*": [mine]}
    assert matched(state(rule(REGEX), rule(header("X-A", "1"), host("*"), priority=6))) == {
        "api.example.com /*": [
            "may take part of them: arn:rule/5 (priority 5: path-pattern = ^/api/.*$)",
            "may take part of them: arn:rule/6 (priority 6: header x-a = 1; host-header = *)",
            mine,
        ]
    }
    assert matched(state(rule(path("/a")))) == {
        "api.example.com /*": ["takes part of them: arn:rule/5 (priority 5: path-pattern = /a)", mine]
    }
    assert matched(state(rule(path("/*")))) == {"api.example.com /*": ["arn:rule/5 (priority 5: path-pattern = /*)"]}
    assert matched(state(), "preview") == {"api.example.com /*": ["arn:rule/preview (priority 10), this service's"]}
    assert matched(replace(state(), production=None)) == {}
