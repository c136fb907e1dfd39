# SPDX-License-Identifier: GPL-3.0-or-later
"""The site is published, published anew and rolled back while visitors load it. That site.yml leaves it alone is
tested in test_3_swap.py, which runs it afterwards."""

from __future__ import annotations

import urllib.request

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import release_record_plan

from localcloud.demo import site

OLD, NEW = "1.0.0", "2.0.0"


@pytest.fixture(scope="module")
def published(serving):
    """The three runs by name, what the visitors of the last two counted, and what a browser said, if there is one."""
    said = []
    with site.Window(said.append) as window:
        runs = {"first": serving.publish(OLD)}
        assert runs["first"].status == 0, runs["first"].output[-3000:]
        window.look(serving.site_url, OLD)
        with serving.visitors(OLD, NEW) as visitors:
            runs["second"] = serving.publish(NEW)
            window.go_on(OLD)
            window.look(serving.site_url, NEW)
            runs["back"] = serving.playbook("rollback_frontend")
            counted = visitors.stop()
    return runs, counted, said


def test_each_visitor_got_one_whole_release(published):
    _, counted, _ = published
    assert counted.summary["errors"] == {}, counted.summary["samples"]
    assert set(counted.summary["by_release"]) == {OLD, NEW}
    assert counted.summary["mixed"] == 0


def test_the_runs_say_what_is_live(published):
    runs, _, _ = published
    told = {name: done.deployment for name, done in runs.items()}
    assert [done.status for done in runs.values()] == [0, 0, 0], runs["back"].output[-3000:]
    assert [each["outcome"] for each in told.values()] == ["promoted", "promoted", "rolled_back"]
    assert told["back"]["live"] == told["second"]["previous"] == told["first"]["live"]
    assert [each["seq"] for each in told.values()] == [1, 2, 3]
    # react.js and the style sheet are in both releases; a rollback publishes nothing anew.
    assert (told["second"]["counts"]["added"], told["back"]["bytes"] < 2000) == ({"immutable": 3}, True)
    assert told["second"]["invalidation"]["paths"] == ["/", "/index.html"]
    assert all(each["proof"]["proven"] for each in told.values())


def test_each_run_has_a_record(serving, published):
    request = release_record_plan.query_request(f"{serving.prefix}-releases", "site")
    records = [release_record_plan.record_from(item) for item in serving.client("dynamodb").query(**request)["Items"]]
    told = [(record["kind"], record["outcome"]) for record in records]
    assert told == [("rollback", "rolled_back"), ("deploy", "promoted"), ("deploy", "promoted")]
    assert {record["digest"] for record in records} == {done.deployment["digest"] for done in published[0].values()}


def test_a_browser_saw_both(published):
    _, _, said = published
    assert (
        said == [f"a browser shows release {OLD}", *said[1:2], f"a browser shows release {NEW}"]
        or "no Chromium" in said[0]
    )


def test_the_edge_hands_the_api_to_the_load_balancer(serving, published):
    with urllib.request.urlopen(f"{serving.site_url}/api/version", timeout=10) as answer:
        assert answer.headers["X-Slipway-Color"] == serving.answer()["color"]
