# SPDX-License-Identifier: GPL-3.0-or-later
"""The counter counts: where requests must get lost, the very same harness says so."""

from __future__ import annotations

import time

from tests.e2e.harness import WEIGHT_DELAY, other_than, wait_until

# No proof that the traffic has moved, and no time for the old color after it, neither warm nor draining.
UNGUARDED = {"ecs_service_drain_floor": 0, "ecs_service_keep_warm": 0, "ecs_service_probe_url": ""}
# Longer than the worker takes to roll, which comes between the shift and the old color's end.
LAG = 20.0


def test_without_floor_and_proof_a_swap_loses_requests(serving, images):
    """The load balancer sends to the old color for LAG after the weights changed; by then it has no targets."""
    serving.weight_delay(LAG)
    before = serving.answer()
    new = "green" if before["color"] == "blue" else "blue"
    try:
        with serving.load(200.0) as load:
            done = serving.deploy(images[other_than(before["version"])], **UNGUARDED)
            time.sleep(LAG / 2)
            counted = load.stop()
    finally:
        serving.weight_delay(WEIGHT_DELAY)
        wait_until("the new color answers", lambda: serving.answers_from(new))
    assert done.deployment["outcome"] == "promoted"
    assert counted.summary["failed"] > 0
    assert set(counted.summary["errors"]) & {"status 502", "status 503"}
    assert counted.summary["ended"] == counted.summary["requests"]


def test_a_live_group_that_is_emptied_loses_requests(serving):
    live = serving.answer()["color"]
    ecs, name = serving.client("ecs"), f"api-{live}"
    desired = ecs.describe_services(cluster=serving.prefix, services=[name])["services"][0]["desiredCount"]
    watched = serving.watched()
    with serving.load(100.0) as load:
        ecs.update_service(cluster=serving.prefix, service=name, desiredCount=0)
        wait_until("the group is empty", lambda: watched.healthy()[live] == 0)
        time.sleep(2)
        ecs.update_service(cluster=serving.prefix, service=name, desiredCount=desired)
        wait_until("the group is full", lambda: watched.healthy()[live] == desired)
        counted = load.stop()
    assert counted.summary["errors"].get("status 503", 0) > 100
    assert serving.answer()["color"] == live
