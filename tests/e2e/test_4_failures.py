# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases that do not work: the traffic stays where it was, the run fails, and its output says why."""

from __future__ import annotations

import pytest

from tests.e2e import truth
from tests.e2e.harness import CANARY

# Seconds that a broken release gets here to become healthy.
PATIENCE = 30


@pytest.fixture(scope="module", params=["api:never-healthy", "api:crash"])
def attempt(request, serving, images):
    """The deployment of a broken release under load: its image, what it returned, what was counted, traffic before."""
    before = serving.traffic()
    with serving.load(200.0) as load:
        # Says all that Ansible can say, with a webhook whose address is secret: test_9_secrets.py looks for it.
        secret = {"ecs_service_notify_webhook_url": f"http://127.0.0.1:9/{CANARY}"}
        extra = {"image": images[request.param], "ecs_service_healthy_timeout": PATIENCE, **secret}
        done = serving.playbook("deploy_backend", "-vvv", extra=extra)
        counted = load.stop()
    return request.param, done, counted, before


def test_it_is_rolled_back_and_the_run_fails(attempt):
    _, done, _, _ = attempt
    assert done.status != 0
    assert done.deployment["outcome"] == "rolled_back"


def test_no_request_failed(attempt):
    _, _, counted, _ = attempt
    assert counted.summary["requests"] > 1000
    assert counted.summary["errors"] == {}


def test_the_output_says_why(attempt):
    image, done, _, _ = attempt
    said = {"api:never-healthy": "failed with these codes: [500]", "api:crash": "exited with 3"}[image]
    assert said in done.output
    assert any(said in failure for failure in done.failures), done.failures


def test_the_traffic_is_where_it_was(serving, attempt):
    _, _, _, before = attempt
    after = serving.traffic()
    live = max(before["weights"], key=before["weights"].__getitem__)
    assert after["weights"] == before["weights"]
    assert after["services"][f"api-{live}"] == before["services"][f"api-{live}"]
    assert {desired for name, (desired, _) in after["services"].items() if name != f"api-{live}"} == {0}
    assert after["scaling"] == before["scaling"]
    truth.compare(serving)


@pytest.mark.parametrize(
    ("reference", "said"),
    [("{repository}:9.9.9", "9.9.9"), ("{repository}@sha256:12ab", "digest"), ("", "image")],
    ids=["unknown image", "malformed digest", "no image"],
)
def test_an_image_that_cannot_be_deployed(serving, images, reference, said):
    """Refused in one line, before the first change."""
    repository = images["api:1.0.0"].rpartition(":")[0]
    before = serving.everything()
    done = serving.deploy(reference.format(repository=repository))
    assert done.status != 0
    assert done.changed == []
    assert len(done.failures) == 1
    assert said in done.failures[0]
    assert "\n" not in done.failures[0]
    assert serving.everything() == before
