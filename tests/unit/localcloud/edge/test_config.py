# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration line: path patterns, origins, and what one broken distribution does to the others."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from localcloud.edge.config import ConfigError, Selection, parse_config, path_pattern
from tests.unit.localcloud.alb.harness import HOST, free_port
from tests.unit.localcloud.edge.harness import behavior, cache_policy, site


def raw(**changed):
    """A site with one custom origin."""
    origin = {"Id": "app", "DomainName": "app.example", "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}}
    config = {"Enabled": True, "Origins": {"Items": [origin]}, "DefaultCacheBehavior": behavior()}
    return {
        "id": "E1",
        "arn": "arn",
        "account": "1",
        "host": HOST,
        "port": 1,
        "domain_name": "d.cloudfront.net",
        "config": config,
        "policies": {
            "CachePolicyConfig": {"docs": cache_policy()},
            "OriginRequestPolicyConfig": {},
            "ResponseHeadersPolicyConfig": {},
        },
        "access_controls": {},
        "functions": {},
        "addresses": {"app.example": {"443": {"host": "127.0.0.2", "port": 8443, "tls": True}}},
        **changed,
    }


def message(*sites):
    return {"type": "config", "endpoint": "127.0.0.1:4566", "token": "t", "sites": list(sites)}


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/api/*", "/api/x/y", True),
        ("/api/*", "/api", False),
        ("api/*", "/api/x", True),
        ("*.js", "/a/b.js", True),
        ("*.js", "/a/b.css", False),
        ("/a?c", "/abc", True),
        ("/a?c", "/ac", False),
        ("/A", "/a", False),
        ("/a.b", "/axb", False),
        ("*", "/", True),
    ],
)
def test_path_patterns(pattern, path, matches):
    assert (path_pattern(pattern).fullmatch(path) is not None) is matches


def test_a_site_is_read():
    config = parse_config(message(raw()))
    found = config.sites["E1"]
    assert (config.endpoint, found.enabled, found.web_acl) == (("127.0.0.1", 4566), True, None)
    assert found.behaviors[0].origin.address == ("127.0.0.2", 8443, True)


@pytest.mark.parametrize(("name", "selection"), [("a", True), ("b", False)], ids=["named", "not named"])
def test_selections(name, selection):
    assert Selection("whitelist", frozenset("a")).takes(name) is selection
    assert Selection("allExcept", frozenset("a")).takes(name) is not selection
    assert (Selection("all").takes(name), Selection("none").takes(name)) == (True, False)


def test_one_broken_distribution_leaves_the_others():
    config = parse_config(message(raw(), raw(id="E2", config={})))
    assert list(config.sites) == ["E1"]
    assert config.problems == ("distribution E2 is left out: KeyError: 'Origins'",)


@pytest.mark.parametrize("broken", [{}, {"endpoint": "x", "token": "", "sites": []}, {"endpoint": "h:1", "token": ""}])
def test_what_is_no_configuration(broken):
    with pytest.raises(ConfigError):
        parse_config(broken)


def test_a_problem_is_told_once():
    async def scenario():
        async with site() as made:
            for _ in range(2):
                await made.edge.apply(parse_config(message(raw(config={}))))
            assert [line["type"] for line in made.lines] == ["error"]

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_told():
    async def scenario():
        async with site() as made:
            await made.edge.apply(parse_config(message(raw(port=made.origin.port))))
            assert made.lines[-1]["message"].startswith(f"distribution E1: {HOST}:{made.origin.port}")

    asyncio.run(scenario())


def test_the_process_listens_reports_and_ends_with_its_input():
    lines = [
        "nonsense",
        json.dumps({"type": "config"}),
        json.dumps(message(raw(port=free_port()))),
        json.dumps({"type": "invalidate", "id": "I1", "distribution": "E1", "paths": ["/*"]}),
        json.dumps({"type": "invalidate", "id": "I2", "distribution": "E9", "paths": ["/*"]}),
    ]
    result = subprocess.run(
        [sys.executable, "-m", "localcloud.edge"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.returncode, result.stderr) == (0, "")
    assert [line["type"] for line in told] == ["error", "error", "listening", "invalidated", "invalidated"]
    assert [line["id"] for line in told[3:]] == ["I1", "I2"]
