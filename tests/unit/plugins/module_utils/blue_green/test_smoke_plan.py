# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer to a smoke check means, and that a failure tells all but secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import Probe, Smoke
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.smoke_plan import (
    Answer,
    Result,
    complaints_of,
    described,
    failure,
    printable,
    routes_of,
    shown_url,
)

PROBE = Probe("https://api.test/version?x=1", "api.test", "X-Color", 3, 9)
CHECK = Smoke("http://p.test:8081/healthz", contains="fine", headers={"Content-Type": "json"}, seconds=2)
GOOD = Answer(200, {"content-type": "application/json", "x-color": "green"}, "all is fine", 0.05)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"status": 503}, "status 503 instead of 200"),
        ({"body": "broken"}, "the body does not contain 'fine'"),
        ({"headers": {"content-type": "text/html"}}, "header Content-Type text/html does not contain 'json'"),
        ({"headers": {}}, "header Content-Type is absent and does not contain 'json'"),
        ({"seconds": 2.5}, "it took 2.50 s, more than 2 s"),
        ({"headers": {**GOOD.headers, "x-color": "blue"}}, "it came from blue, not from green"),
        ({"status": None, "error": "no answer: refused"}, "no answer: refused"),
    ],
)
def test_what_is_wrong_with_an_answer(change, complaint):
    assert complaints_of(CHECK, replace(GOOD, **change), "green", PROBE) == (complaint,)


def test_all_that_is_wrong_comes_at_once():
    bad = Answer(500, {"x-color": "blue"}, "broken", 3)
    assert len(complaints_of(CHECK, bad, "green", PROBE)) == 5


def test_a_good_answer():
    assert complaints_of(CHECK, GOOD, "green", PROBE) == ()
    assert complaints_of(CHECK, replace(GOOD, headers={"content-type": "json"}), "green", PROBE) == ()
    assert complaints_of(CHECK, replace(GOOD, headers={**GOOD.headers, "x-color": "blue"}), "green", None) == ()
    assert complaints_of(Smoke("http://x.test/"), Answer(200), "green", PROBE) == ()


def test_a_failure_names_every_check_that_failed():
    passed = Result(CHECK, GOOD, (), 2)
    broken = Result(CHECK, replace(GOOD, status=503, body="no\ndatabase"), ("status 503 instead of 200",), 3)
    silent = Result(CHECK, Answer(None, seconds=2), ("no answer: timed out",), 1)
    assert failure("green", [passed]) is None
    assert failure("green", [passed, broken, silent]) == (
        "2 of 3 smoke checks of green failed: "
        "GET http://p.test:8081/healthz: status 503 instead of 200 (after 0.05 s, attempt 3 of 3); "
        "the body says 'no database' | "
        "GET http://p.test:8081/healthz: no answer: timed out (after 2.00 s)"
    )
    assert described(passed) == "GET http://p.test:8081/healthz: 200 in 0.05 s, attempt 2 of 3"


def test_the_result_of_a_check():
    check = replace(CHECK, url="http://u:p@p.test/healthz?token=abc")
    assert Result(check, replace(GOOD, seconds=0.12345), (), 1).shown() == {
        "url": "http://p.test/healthz?token=***",
        "status": 200,
        "seconds": 0.123,
        "passed": True,
        "detail": "GET http://p.test/healthz?token=***: 200 in 0.12 s",
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"db_password": "hunter2", "ok": 1}', '{"db_password": ***, "ok": 1}'),
        ("api_key=hunter2&x=1", "api_key=***&x=1"),
        ("Authorization: Bearer hunter2.hunter2", "Authorization: *** ***"),
        ("said bearer hunter2", "said bearer ***"),
        ("key AKIAABCDEFGHIJKLMNOP of", "key *** of"),
        ("jwt eyJhbGciOi.eyJzdWIi.sig of", "jwt *** of"),
        ("sk-abcdefghijklmnopqrstuv", "***"),
        ("password='hunter2", "password=***"),
        ("monkey: 5, tokens are words", "monkey: 5, tokens are words"),
        ("a\x1b[31mred\n\tline", "a [31mred line"),
        ("x" * 12, "x" * 10 + "..."),
    ],
)
def test_no_secret_and_no_control_character_is_shown(text, shown):
    assert printable(text, 10 if text.startswith("xx") else 200) == shown
    assert "hunter2" not in printable(text, 200)


def test_a_secret_in_a_header_is_not_shown_either():
    check = Smoke("http://x.test/", headers={"Set-Cookie": "other"})
    (complaint,) = complaints_of(check, Answer(200, {"set-cookie": "session=hunter2"}), "green", None)
    assert complaint == "header Set-Cookie *** does not contain 'other'"


def test_urls_are_shown_without_user_and_values():
    assert shown_url("https://u:p@x.test:1/a?b=c&d=e#f") == "https://x.test:1/a?b=***&d=***"


def test_each_place_is_asked_at_the_probe_s_path():
    checks = [
        Smoke("http://p.test:8081/a"),
        Smoke("http://p.test:8081/b"),
        Smoke("http://p.test:8081/b", host="other.test"),
        Smoke("https://q.test/"),
    ]
    assert [(route.url, route.host) for route in routes_of(checks, PROBE)] == [
        ("http://p.test:8081/version?x=1", "api.test"),
        ("http://p.test:8081/version?x=1", "other.test"),
        ("https://q.test/version?x=1", "api.test"),
    ]
