# SPDX-License-Identifier: GPL-3.0-or-later
"""Two deployments of one service: the lease lets one of them through, and the other one learns it in time."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.lease import Lease

from tests.unit.plugins.dynamo import create_table
from tests.unit.plugins.modules.aws_harness import world
from tests.unit.plugins.modules.blue_green_site import front, module, names, site

__all__ = ["front", "module", "site", "world"]

TABLE = "slipway-test-releases"


@pytest.fixture
def locked(world, site):
    """The module as the role calls it, with a release live, and somebody else who wants the lease, too."""
    dynamodb = world.client("dynamodb")
    create_table(dynamodb, TABLE)

    def call(action, tag=None, **changes):
        lock = {"table": TABLE} | changes.pop("lock", {})
        return site(action, tag, lock=lock, run={"by": "alice", "url": "https://ci/1"}, **changes)

    assert call("deploy", "v1")["run"] == {"by": "alice", "url": "https://ci/1", "git_sha": "", "token": 1}
    call.other = Lease(dynamodb, TABLE, "api", "bob", "https://ci/2")
    return call


def take(lease):
    lease.acquire(0, lambda _text: None)


def expire(world):
    """What time does to the lease of a run that was killed."""
    world.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"service": {"S": "api"}, "item": {"S": "lock"}},
        UpdateExpression="SET expires = :past",
        ExpressionAttributeValues={":past": {"N": "1000"}},
    )


def test_a_second_deployment_is_told_who_deploys_and_changes_nothing(world, locked):
    take(locked.other)
    for action, tag in (("deploy", "v2"), ("rollback", None)):
        refused = locked(action, tag)
        assert (refused["outcome"], refused["changed"], refused["failed"]) == ("blocked", False, True)
        assert "nothing was changed: bob (https://ci/2) holds the lease of api until " in refused["msg"]
    assert world.desired("green") == 0
    plan = locked("deploy", "v2", check=True)
    assert plan["outcome"] == "promoted", "a plan needs no lease"
    assert locked("converge")["changed"] is False, "nor does a site.yml that has nothing to change"
    assert locked("converge", health_check_grace_period=90)["outcome"] == "blocked"
    locked.other.confirm()
    nowhere = locked("deploy", "v2", lock={"table": "elsewhere"})
    assert "nothing was changed: the release store elsewhere does not exist: run site.yml first" in nowhere["msg"]

    expire(world)
    done = locked("deploy", "v2")
    assert (done["outcome"], done["run"]["token"]) == ("promoted", 3)
    assert locked.other.look() is None, "the lease is given back"


def test_a_deployment_that_loses_the_lease_moves_no_weight_any_more(world, locked):
    def lose(name, changes):
        if name == "api-green" and changes.get("desiredCount") == 3:
            expire(world)
            take(locked.other)

    world.on_update.append(lose)
    lost = locked("deploy", "v2")
    world.on_update.clear()
    assert lost["outcome"] == "superseded"
    assert "the lease of api is no longer this run's: bob (https://ci/2) has it now with token 3" in lost["msg"]
    assert world.weights() == {"blue": 100, "green": 0}
    assert "production weights to blue 0, green 100" not in [
        step["name"] for step in lost["steps"] if step["status"] == "done"
    ]
    locked.other.confirm()
    locked.other.release()
    done = locked("deploy", "v2")
    assert (done["outcome"], world.weights()) == ("promoted", {"blue": 0, "green": 100})
    assert names(done)
