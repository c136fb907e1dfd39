# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against moto and a real HTTP front: promised is done, and bad input is told before the first change."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import ecs
from ansible_collections.slipway.ops.plugins.modules import ecs_blue_green

from tests.unit.plugins.modules.aws_harness import world
from tests.unit.plugins.modules.blue_green_site import REPOSITORY, module, names, promised_and_done, site

__all__ = ["module", "site", "world"]


def test_converge_says_what_it_would_do_before_anything_exists(module):
    promise = module("converge", check=True)
    assert promise["changed"] is True
    assert "create service green" in names(promise)
    failed = module("converge")
    assert failed["outcome"] == "blocked"
    assert "cluster c, target group api-blue, target group api-green missing" in failed["msg"]


def test_converge_promises_what_it_does(world, module):
    world.build()
    done = promised_and_done(module, "converge")
    assert done["outcome"] == "converged"
    assert (world.desired("blue"), world.scaling("green")) == (0, (0, 0, False))
    moved = module("converge", health_check_grace_period=90)
    assert names(moved) == ["update service blue", "update service green"]
    assert module("converge", health_check_grace_period=90)["changed"] is False
    assert names(module("converge", health_check_grace_period=90, tags={"team": "y"})) == [
        "tag service blue",
        "tag service green",
    ]


def test_deploy_swap_and_roll_back(world, site):
    first = promised_and_done(site, "deploy", "v1")
    assert (first["outcome"], first["colors"]) == ("promoted", {"from": "blue", "to": "blue"})
    assert (world.weights(), world.weights("preview")) == ({"blue": 100, "green": 0}, {"blue": 100, "green": 0})
    assert (world.desired("blue"), world.scaling("blue"), world.scaling("green")) == (3, (2, 6, False), (0, 0, False))

    second = promised_and_done(site, "deploy", "v2")
    assert second["colors"] == {"from": "blue", "to": "green"}
    assert world.weights() == world.weights("preview") == {"blue": 0, "green": 100}
    assert (world.desired("blue"), world.desired("green")) == (0, 3)
    assert (world.scaling("blue"), world.scaling("green")) == ((0, 0, False), (2, 6, False))
    assert second["digest"] == world.digests["v2"]
    assert second["image"] == f"{REPOSITORY}@{second['digest']}"
    assert second["task_definitions"]["green"].endswith("api-green:2")
    assert {"healthy", "prove", "drain", "total"} <= set(second["timings"])

    assert site("converge")["changed"] is False
    back = promised_and_done(site, "rollback")
    assert (back["outcome"], back["digest"]) == ("rolled_back", first["digest"])
    assert back["task_definitions"]["blue"] == first["task_definitions"]["blue"]
    assert (world.weights(), world.desired("blue")) == ({"blue": 100, "green": 0}, 3)
    assert world.warm("green").startswith("at(20"), "the color that was left goes without a runner"
    assert (world.warm("blue"), world.scaling("blue")) == (None, (2, 6, False))
    assert site("converge")["changed"] is False


def test_the_target_gets_what_the_live_color_has_not_what_the_inputs_say(world, site):
    site("deploy", "v1")
    ecs.update_service(world.client("ecs"), "c", "api-blue", {"desiredCount": 5})
    site("deploy", "v2", desired_count=1)
    assert world.desired("green") == 5


def test_the_live_color_grows_while_the_target_comes_up(world, site):
    site("deploy", "v1")

    def grow(name, changes):
        if name == "api-green" and changes.get("desiredCount") == 3:
            world.on_update.clear()
            ecs.update_service(world.client("ecs"), "c", "api-blue", {"desiredCount": 5})

    world.on_update.append(grow)
    done = site("deploy", "v2")
    assert done["outcome"] == "promoted"
    assert world.desired("green") == 5
    assert names(done).count("confirm that green carries what blue carries") == 2
    assert names(done).count("register green task definition") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": f"{REPOSITORY}:nope"}, "image nope is not in repository"),
        ({"image": f"{REPOSITORY}@sha256:{'0' * 64}"}, "is not in repository"),
        ({"image": f"{REPOSITORY}@sha256:0"}, "a digest is sha256:"),
        ({"image": REPOSITORY.replace("1234", "4321") + ":v1"}, "lies in account 432156789012"),
        ({"probe": {"url": "ftp://x"}}, "is no http or https URL"),
        ({"service": "x" * 27}, "must have 1 to 26 characters"),
        ({"service": "other", "app_container": "api"}, "target group other-blue"),
        ({"cluster": "nowhere"}, "cluster nowhere"),
        ({"load_balancer": "nowhere"}, "the production rule of api missing: run site.yml first"),
    ],
)
def test_bad_input_is_blocked_before_the_first_change(world, site, changes, message):
    failed = site("deploy", "v1", **changes)
    assert failed["failed"]
    assert failed["changed"] is False
    assert "nothing was changed" in failed["msg"]
    assert message in failed["msg"]
    assert "\n" not in failed["msg"]
    assert world.desired("blue") == world.desired("green") == 0


def test_rollback_without_a_release_is_blocked(site):
    site("deploy", "v1")
    failed = site("rollback")
    assert (failed["outcome"], failed["changed"]) == ("blocked", False)
    assert "there is no earlier release to return to on green" in failed["msg"]


def test_converge_reports_what_aws_refuses(world, module, monkeypatch):
    world.build()
    failed = module("converge", network_configuration={"subnets": ["subnet-0"], "security_groups": []})
    assert failed["outcome"] == "failed"
    assert failed["msg"].startswith("api: Failed to create service api-blue")


def test_missing_credentials_are_one_line(module, monkeypatch):
    monkeypatch.setattr(ecs_blue_green.AnsibleAWSModule, "client", lambda *_args, **_kwargs: _NoCredentials())
    failed = module("rollback")
    assert failed["msg"].splitlines() == [failed["msg"]]
    assert "Unable to locate credentials" in failed["msg"]


class _NoCredentials:
    def __getattr__(self, name):
        from botocore.exceptions import NoCredentialsError

        raise NoCredentialsError
