# SPDX-License-Identifier: GPL-3.0-or-later
"""One world for all tests of the pipelines, which run in the order of their files and continue each other.

test_1_first_deploy does what the README says and so makes staging; production is made beside it; test_2_backend and
test_3_frontend then go on with what is there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud.demo import run
from tests.pipelines import shop, world
from tests.pipelines.github import Api, Site


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The world, with a cloud that has nothing and Slipway's repository."""
    folder = tmp_path_factory.mktemp("pipelines")
    site = Site(folder / "github")
    site.folder.mkdir()
    with Api(site) as api:
        found = world.World(folder, api, site)
        try:
            yield world.build(found)
        finally:
            found.wait()
            run.cloud(found.state, "down")


@pytest.fixture(scope="session")
def person(made):
    """Who follows the README: a shell with credentials of staging's account."""
    shell = world.Shell(made.env() | made.account("staging"), made.home)
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def application(made):
    """The repository of the README's application, as test_1_first_deploy leaves it."""
    return shop.Shop(made)


@pytest.fixture(scope="session")
def site_runs(made, application):
    """The frontend's runs, which have begun; all of them by name in the end. Production must be there."""

    def all_of_them():
        clone = shop.frontend(made, application)
        clone.push("Release 1.0.0")
        found = {"released": clone.run("frontend.yml")}
        unproven = {"service": "site", "artifact": "0" * 64}
        found["refused"] = clone.run("promote.yml", "workflow_dispatch", unproven)
        return found

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(all_of_them)
