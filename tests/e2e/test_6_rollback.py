# SPDX-License-Identifier: GPL-3.0-or-later
"""rollback_backend.yml: the traffic returns to the release before without losing a request, and site.yml lets it be."""

from __future__ import annotations

import pytest

from tests.e2e.harness import wait_until


@pytest.fixture(scope="module")
def returned(serving):
    """The rollback under load: the answer before it, what it returned, what was counted."""
    before = serving.answer()
    watched = serving.watched()
    with serving.load(200.0) as load:
        done = serving.playbook("rollback_backend")
        wait_until("the color that was left is gone", lambda: not watched.tasks(before["color"]))
        counted = load.stop()
    return before, done, counted


def test_a_rollback_that_was_asked_for_is_a_success(returned):
    _, done, _ = returned
    assert done.status == 0, done.output[-3000:]
    assert done.deployment["outcome"] == "rolled_back"


def test_no_request_is_lost(returned):
    _, _, counted = returned
    assert counted.summary["requests"] > 2000
    assert counted.summary["errors"] == {}


def test_the_other_release_answers_from_the_other_color(serving, returned):
    before, done, _ = returned
    now = serving.answer()
    assert {before["version"], now["version"]} == {"1.0.0", "2.0.0"}
    assert now["color"] != before["color"]
    assert now["digest"] == done.deployment["digest"] != before["digest"]


def test_rolling_back_again_does_not_bring_the_bad_release_back(serving, returned):
    traffic = serving.traffic()
    done = serving.playbook("rollback_backend")
    assert (done.status, done.changed) == (0, []), done.output[-3000:]
    assert serving.traffic() == traffic
