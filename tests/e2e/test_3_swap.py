# SPDX-License-Identifier: GPL-3.0-or-later
"""The swap: not one request is lost, and what site.yml does afterwards leaves the traffic where it is."""

from __future__ import annotations

import re
import time

import pytest

from localcloud.demo import watch
from tests.e2e.harness import NEW, wait_until

# The issue's own figure, and a rate at which it takes less than a minute.
LEAST, RATE = 20_000, 450.0


@pytest.fixture(scope="module")
def planned(serving, images):
    """What check mode says about the deployment, with the traffic before and after it."""
    before = serving.traffic()
    done = serving.playbook("deploy_backend", "--check", "--diff", extra={"image": images[NEW]})
    return done, before, serving.traffic()


@pytest.fixture(scope="module")
def swapped(serving, images, planned):
    """The deployment of the new release under load: what it returned, what was counted, what was seen."""
    service = serving.watched()
    with serving.load(RATE) as load, watch.Watcher(service) as seen:
        begun = time.monotonic()
        done = serving.deploy(images[NEW])
        wait_until("blue is gone", lambda: not service.tasks("blue"))
        time.sleep(max(1.0, LEAST / RATE + 1 - (time.monotonic() - begun)))
        counted = load.stop()
    return done, counted, seen.samples


def test_check_mode_plans_and_moves_nothing(planned):
    done, before, after = planned
    assert done.status == 0, done.output[-3000:]
    assert after == before
    assert {step["status"] for step in done.deployment["steps"]} == {"planned"}
    assert done.deployment["changed"]


def test_no_request_is_lost(swapped):
    done, counted, _ = swapped
    assert done.status == 0, done.output[-3000:]
    assert done.deployment["outcome"] == "promoted"
    assert counted.summary["requests"] >= LEAST
    assert counted.summary["errors"] == {}
    assert counted.summary["ended"] == counted.summary["requests"]


def test_both_releases_answered_and_then_only_the_new_one(swapped):
    _, counted, _ = swapped
    assert set(counted.summary["versions"]) == {"1.0.0", "2.0.0"}
    assert counted.seconds[0]["colors"].keys() == {"blue"}
    assert counted.seconds[-2]["colors"].keys() == {"green"}


def test_the_weights_moved_only_to_a_healthy_group(swapped):
    _, _, samples = swapped
    for sample in samples:
        for color, weight in sample["weights"].items():
            assert not weight or sample["healthy"][color] >= 2, sample


def test_the_run_did_what_check_mode_planned(planned, swapped):
    names = [[step["name"] for step in done.deployment["steps"]] for done in (planned[0], swapped[0])]
    assert names[0] == names[1]


def test_the_digest_was_resolved_once_and_runs(serving, images, swapped):
    deployment = swapped[0].deployment
    assert deployment["image"].endswith(f"@{deployment['digest']}")
    answer = serving.answer()
    assert (answer["version"], answer["color"], answer["digest"]) == ("2.0.0", "green", deployment["digest"])


def test_the_same_release_again_changes_nothing(serving, images, swapped):
    before = serving.traffic()
    done = serving.deploy(images[NEW])
    assert (done.status, done.changed) == (0, []), done.output[-3000:]
    assert serving.traffic() == before


def test_site_leaves_the_traffic_where_it_is(serving, swapped):
    before = serving.traffic()
    done = serving.playbook("site")
    assert (done.status, done.changed) == (0, []), done.output[-3000:]
    assert serving.traffic() == before
    assert before["weights"] == {"blue": 0, "green": 100}
    assert serving.answer()["version"] == "2.0.0"


def test_the_diagram_shows_where_the_traffic_is(serving, swapped):
    done = serving.playbook("diagram")
    assert (done.status, done.changed) == (0, []), done.output[-3000:]
    [drawn] = [task["result"]["results"] for task in done.tasks if "results" in task["result"]]
    assert [file["item"]["name"] for file in drawn] == [
        "backend-local.svg",
        "frontend-local.svg",
        "cicd.svg",
        "index.html",
    ]
    weights = re.findall(r'<text class="(\w+)"[^>]*>(\d+ %)</text>', drawn[0]["item"]["content"])
    assert weights == [("faint", "0 %"), ("green", "100 %")]
    assert swapped[0].deployment["digest"] in drawn[0]["item"]["content"]
