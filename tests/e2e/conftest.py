# SPDX-License-Identifier: GPL-3.0-or-later
"""One local cloud for all end-to-end tests, with the three environments in accounts of their own.

The tests share it and run in the order of their files: test_1_fresh before anything exists, test_2_provisioned on what
site.yml made, and so on to test_9_destroy. Provisioning takes most of the time and is mostly waiting, so the three
environments are made side by side, once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.demo import run
from tests.e2e import lister, truth
from tests.e2e.harness import NEW, OLD, WEIGHT_DELAY, Done, Environment, enforce_policies, everywhere

IMAGES = Path(__file__).parent / "images.json"


@pytest.fixture(scope="session")
def state(tmp_path_factory):
    """The folder of a running local cloud."""
    folder = tmp_path_factory.mktemp("cloud") / "state"
    run.cloud(folder, "up", "--weight-delay", str(WEIGHT_DELAY), "--images", str(IMAGES))
    enforce_policies(run.environment(folder, "local")["AWS_ENDPOINT_URL"])
    yield folder
    run.cloud(folder, "down")


@pytest.fixture(scope="session")
def environments(state, tmp_path_factory) -> dict[str, Environment]:
    """The environments by name, each an empty account."""
    folder = tmp_path_factory.mktemp("runs")
    return {name: Environment(name, state, folder) for name in ("local", "staging", "production")}


# The environments that the tests of a file change.
_CHANGED = dict.fromkeys(("test_2_provisioned", "test_7_promotion"), ("local", "staging", "production"))


@pytest.fixture(scope="module", autouse=True)
def status_tells_the_truth(request):
    """Whatever the tests of a file have done, status says what there is then. Clouds of a test's own are left out."""
    shared = request.path.parent == Path(__file__).parent
    everything = request.getfixturevalue("environments") if shared else {}
    yield
    for name in _CHANGED.get(request.path.stem, ("local",)) if shared else ():
        truth.compare(everything[name])


@pytest.fixture(scope="session")
def fresh(environments) -> Environment:
    """The local environment before site.yml has run; only for tests that leave it so."""
    return environments["local"]


@pytest.fixture(scope="session")
def bare(environments) -> dict[str, list[str]]:
    """All that the API lists in the local account before site.yml."""
    environments["local"].forget_callers()
    return lister.listed(environments["local"].env, "111111111111")


@pytest.fixture(scope="session")
def nothing(environments, bare) -> dict[str, Any]:
    """What is in an account before site.yml: AWS's default VPC and no more."""
    return environments["local"].everything()


@pytest.fixture(scope="session")
def first_runs(environments, nothing) -> dict[str, Done]:
    """What the first site.yml of each environment returned."""
    assert nothing["elbv2 LoadBalancers"] == []
    return everywhere(environments)


@pytest.fixture(scope="session")
def local(environments, first_runs) -> Environment:
    """The provisioned local environment."""
    assert first_runs["local"].status == 0, first_runs["local"].output[-3000:]
    return environments["local"]


@pytest.fixture(scope="session")
def images(local) -> dict[str, str]:
    """References by tag of all images that the tests deploy, pushed to the local environment's repository."""
    return {image: local.push(image) for image in (OLD, NEW, "api:never-healthy", "api:crash", "api:slow-start")}


@pytest.fixture(scope="session")
def serving(local, images) -> Environment:
    """The local environment with the first release deployed."""
    done = local.deploy(images[OLD])
    assert done.status == 0, done.output[-3000:]
    return local
