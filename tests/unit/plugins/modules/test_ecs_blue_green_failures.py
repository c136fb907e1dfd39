# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails is taken back, what somebody else has changed is left, and both say so."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import ecs, elb
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.aws_harness import world
from tests.unit.plugins.modules.blue_green_site import module, names, second_rule, site

__all__ = ["module", "site", "world"]


def test_tasks_that_die_leave_the_traffic_alone_and_say_why(world, site):
    site("deploy", "v1")
    real = ecs.describe_task_definition

    def die(name, changes):
        if changes.get("desiredCount") == 3:
            world.tasks_register("green", 0)
            world.dead.append(
                {
                    "taskArn": "arn:task/c/abc",
                    "taskDefinitionArn": real(world.client("ecs"), "api-green")["taskDefinitionArn"],
                    "stopCode": "TaskFailedToStart",
                    "stoppedReason": "CannotPullContainerError: not found",
                }
            )

    world.on_update.append(die)
    failed = site("deploy", "v2")
    assert (failed["outcome"], failed["failed"]) == ("rolled_back", True)
    assert "green: task abc stopped: CannotPullContainerError: not found" in failed["msg"]
    assert "production weights are blue 100 (3 healthy), green 0 (0 healthy)" in failed["msg"]
    assert (world.weights(), world.weights("preview")) == ({"blue": 100, "green": 0}, {"blue": 100, "green": 0})
    assert (world.desired("blue"), world.desired("green")) == (3, 0)
    assert (world.scaling("blue"), world.scaling("green")) == ((2, 6, False), (0, 0, False))
    world.dead.clear()
    world.on_update.clear()
    assert site("deploy", "v3")["outcome"] == "promoted"
    assert site("rollback")["digest"] == world.digests["v1"], "v2 was never a release"


def test_never_healthy_ends_at_the_deadline(world, site):
    world.on_update.append(lambda name, _changes: world.tasks_register(name.rpartition("-")[2], 0))
    failed = site("deploy", "v1", healthy_timeout=1)
    assert failed["outcome"] == "rolled_back"
    assert "blue was not healthy within 1 s: 0/3 healthy, 3 running" in failed["msg"]
    assert (world.desired("blue"), world.scaling("blue")) == (0, (0, 0, False))


def test_a_failed_proof_sends_the_traffic_back(world, site):
    site("deploy", "v1")
    failed = site("deploy", "v2", probe={"url": "http://127.0.0.1:9/", "timeout": 0.2})
    assert failed["outcome"] == "rolled_back"
    assert "did not answer from green 10 times in a row: no answer:" in failed["msg"]
    assert (world.weights(), world.desired("blue"), world.desired("green")) == ({"blue": 100, "green": 0}, 3, 0)
    assert names(failed)[-7:] == [
        "prove that blue answers",
        "drain green for 0 s",
        "scaling of green to 0..0",
        "scale green to 0",
        "scaling of blue to 2..6",
        "remove slipway:candidate from green",
        "remove slipway:scaling from blue",
    ]
    assert failed["next"] == (
        "ansible-playbook -i INVENTORY playbooks/deploy_backend.yml -e service=api -e image=IMAGE"
    )
    assert failed["reason"].startswith("http://127.0.0.1:9/ did not answer from green")


def test_a_failed_proof_of_a_release_of_old_sends_the_traffic_back_too(world, site):
    """The color still bears the mark of the first time that this revision was proven there."""
    for tag in ("v1", "v2"):
        site("deploy", tag)
    failed = site("deploy", "v1", probe={"url": "http://127.0.0.1:9/", "timeout": 0.2})
    assert failed["outcome"] == "rolled_back"
    assert (world.weights(), world.desired("blue"), world.desired("green")) == ({"blue": 0, "green": 100}, 0, 3)


def test_a_failed_proof_with_nothing_to_return_to_is_failed(world, site):
    site("deploy", "v1")

    def vanish(name, changes):
        if name == "api-green":
            world.tasks_register("blue", 3)

    world.on_update.append(vanish)
    real = elb.modify_rule_actions

    def lose_blue(client, rule_arn, actions):
        answer = real(client, rule_arn, actions)
        if world.weights() == {"blue": 0, "green": 100}:
            world.tasks_register("blue", 1)
        return answer

    pytest.MonkeyPatch().setattr(elb, "modify_rule_actions", lose_blue)
    try:
        failed = site("deploy", "v2", probe={"url": "http://127.0.0.1:9/", "timeout": 0.2})
    finally:
        elb.modify_rule_actions = real
    assert failed["outcome"] == "failed"
    assert "the traffic cannot go back, blue has 1 of 3 healthy targets" in failed["msg"]
    assert world.weights() == {"blue": 0, "green": 100}


def test_a_foreign_change_of_the_rule_is_not_overwritten(world, site):
    site("deploy", "v1")

    def meddle(name, changes):
        if name == "api-green":
            world.set_weights(60, 40)

    world.on_update.append(meddle)
    failed = site("deploy", "v2")
    assert failed["outcome"] == "superseded"
    assert "was changed by somebody else: blue 60, green 40" in failed["msg"]
    assert world.weights() == {"blue": 60, "green": 40}
    assert world.desired("green") == 3
    assert "production weights are blue 60 (3 healthy), green 40 (3 healthy)" in failed["msg"]


def test_a_change_right_after_the_write_is_seen(world, site, monkeypatch):
    site("deploy", "v1")
    real = elb.modify_rule_actions

    def overwritten(client, rule_arn, actions):
        answer = real(client, rule_arn, actions)
        if world.weights() == {"blue": 0, "green": 100}:
            world.set_weights(100, 0)
        return answer

    monkeypatch.setattr(elb, "modify_rule_actions", overwritten)
    failed = site("deploy", "v2")
    assert failed["outcome"] == "superseded"
    assert "was changed right after us: blue 100, green 0" in failed["msg"]


@pytest.mark.parametrize("rule", ["production", "preview"])
@pytest.mark.parametrize("weights", [(100, 0), (0, 100)])
def test_of_two_rules_neither_is_taken(world, site, rule, weights):
    site("deploy", "v1")
    arn = second_rule(world, rule, *weights)
    for action, tag in (("deploy", "v2"), ("rollback", None)):
        failed = site(action, tag)
        assert failed["outcome"] == "blocked"
        assert f"there are 2 {rule} rules, " in failed["msg"]
        assert f"{arn} (blue {weights[0]}, green {weights[1]})" in failed["msg"]
    assert (world.weights(), world.desired("green")) == ({"blue": 100, "green": 0}, 0)
    assert site("converge")["outcome"] == "converged"


def test_a_second_rule_that_appears_meanwhile_stops_the_way_back(world, site):
    site("deploy", "v1")

    def appear(name, changes):
        if name == "api-green" and changes.get("desiredCount"):
            second_rule(world, "production", 0, 100)
            world.tasks_register("green", 0)

    world.on_update.append(appear)
    failed = site("deploy", "v2", healthy_timeout=1)
    assert failed["outcome"] == "failed"
    assert "Nothing was taken back: there are 2 production rules" in failed["msg"]
    assert (world.weights(), world.desired("blue"), world.desired("green")) == ({"blue": 100, "green": 0}, 3, 3)


def test_a_rule_deleted_meanwhile(world, site):
    site("deploy", "v1")

    def delete(name, changes):
        rules = world.client("elbv2").describe_rules(ListenerArn=world.ids["listener"])["Rules"]
        if not rules[0]["IsDefault"]:
            world.client("elbv2").delete_rule(RuleArn=rules[0]["RuleArn"])

    world.on_update.append(delete)
    failed = site("deploy", "v2")
    assert failed["outcome"] == "superseded"
    assert "was deleted by somebody else" in failed["msg"]


def test_a_live_color_that_grows_without_end(world, site):
    site("deploy", "v1")
    sizes = iter(range(4, 40))

    def grow(name, changes):
        if name == "api-green" and changes.get("desiredCount"):
            world.client("ecs").update_service(cluster="c", service="api-blue", desiredCount=next(sizes))

    world.on_update.append(grow)
    failed = site("deploy", "v2")
    assert (failed["outcome"], world.desired("green")) == ("rolled_back", 0)
    assert "green has 7 of 7 healthy, 5 times in a row" in failed["msg"]


@pytest.mark.parametrize(("action", "outcome"), [("deploy", "rolled_back"), ("rollback", "failed")])
def test_an_api_that_refuses_is_taken_back_and_reported(world, site, monkeypatch, action, outcome):
    site("deploy", "v1")
    site("deploy", "v2")
    real = elb.modify_rule_actions

    def refuse(client, rule_arn, actions):
        if world.weights("preview") == {"blue": 100, "green": 0}:
            error = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise elb.ApiErrors._CUSTOM_EXCEPTION(
                message="Failed to modify", exception=ClientError(error, "ModifyRule")
            )
        return real(client, rule_arn, actions)

    monkeypatch.setattr(elb, "modify_rule_actions", refuse)
    failed = site(action, "v3" if action == "deploy" else None)
    assert failed["outcome"] == "failed"
    assert "AccessDenied" in failed["msg"]
    monkeypatch.setattr(elb, "modify_rule_actions", real)
    assert world.weights() == {"blue": 0, "green": 100}
    assert site(action, "v3" if action == "deploy" else None)["outcome"] in ("promoted", "rolled_back"), outcome
