# SPDX-License-Identifier: GPL-3.0-or-later
"""destroy.yml: refused where something is protected or nobody confirmed it, and complete where it runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e import lister
from tests.e2e.harness import SERVICE, wait_until

CONFIRMED = {name: {"confirm": f"slipway-{name}"} for name in ("local", "staging", "production")}
# Environment, extra variables, what is said.
REFUSED = {
    "unconfirmed": ("local", {}, "confirm=slipway-local"),
    "protected": ("staging", CONFIRMED["staging"], "protected"),
    "production": ("production", CONFIRMED["production"], "account=NUMBER"),
    "content": ("local", CONFIRMED["local"], "-e empty_buckets=true"),
}
# What no role makes, and what costs.
SECRET = "slipway-local/api/key"


@pytest.fixture(scope="module")
def secret(serving):
    """A secret of the environment that somebody has made by hand."""
    client = serving.client("secretsmanager")
    client.create_secret(Name=SECRET, SecretString="nobody's")
    yield
    client.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


@pytest.fixture(scope="module")
def looks(environments, serving, secret):
    """Runs that must change nothing, two at a time: those that are refused, and one in check mode."""
    wait_until("nothing is kept warm", lambda: _nothing_is_warm(serving))
    before = {name: each.everything() for name, each in environments.items()}
    with ThreadPoolExecutor(2) as threads:
        runs = {"check": threads.submit(serving.playbook, "destroy", "--check")}
        for case, (name, extra, _said) in REFUSED.items():
            runs[case] = threads.submit(environments[name].playbook, "destroy", extra=extra)
    assert {name: each.everything() for name, each in environments.items()} == before
    return {case: future.result() for case, future in runs.items()}


def _nothing_is_warm(environment):
    """What the last swap has kept ends by itself, and would look like a run's work. Elsewhere it is kept an hour."""
    traffic = environment.traffic()
    idle = [f"{SERVICE}-{color}" for color, weight in traffic["weights"].items() if not weight]
    return not any(traffic["services"][name][0] for name in idle)


@pytest.mark.parametrize("case", REFUSED)
def test_refused(looks, case):
    done = looks[case]
    assert done.status != 0
    assert REFUSED[case][2] in done.failures[0]
    assert "nothing was changed" in done.failures[0]
    assert done.changed == []


def test_check_mode_says_what_would_go_and_what_would_stay(looks):
    done = looks["check"]
    assert done.status == 0, done.output[-3000:]
    assert {host for host, _task in done.changed} == PARTS
    assert "load balancer: app/slipway-local/" in done.output
    assert f"secret {SECRET}" in done.output.partition("would stay")[2]


# The hosts that take down what is there; there are no GPU hosts, and nobody deploys from GitHub.
PARTS = {"local", "api", "local-site", "local-peering", "local-s3-endpoint", "local-releases"}


def test_nothing_is_left(serving, nothing, bare, secret):
    done = serving.playbook("destroy", extra={**CONFIRMED["local"], "empty_buckets": True})
    assert done.status == 0, done.output[-3000:]
    assert {host for host, _task in done.changed} == PARTS
    assert f"secret {SECRET}" in done.output.partition("left, as no role made it")[2]
    assert serving.everything() == nothing
    serving.forget_callers()
    after = lister.listed(serving.env, "111111111111", bare)
    left = {key: [each for each in items if SECRET not in each] for key, items in after.items()}
    assert {key: items for key, items in left.items() if items != bare[key]} == {}
    assert set(after) == set(bare)
