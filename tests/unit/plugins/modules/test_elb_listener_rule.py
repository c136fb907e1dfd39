# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against moto: what check mode promised is what the run did, and again it is unchanged."""

from __future__ import annotations

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.slipway.ops.plugins.module_utils import elb
from ansible_collections.slipway.ops.plugins.modules import elb_listener_rule
from ansible_collections.slipway.ops.plugins.modules.elb_listener_rule import main

from tests.unit.plugins.modules.aws_harness import run, world

__all__ = ["world"]

GONE = {"state": "absent", "listener_arn": None, "priority": None, "conditions": None, "target_groups": None}


@pytest.fixture
def rule(world, capsys):
    """Runs the module with the usual arguments."""
    world.build()

    def call(**changes):
        arguments = {
            "load_balancer": "lb",
            "listener_arn": world.ids["listener"],
            "service": "api",
            "priority": 10,
            "conditions": {"host": ["api.example.com"]},
            "target_groups": [{"arn": world.ids["blue"], "weight": 100}, {"arn": world.ids["green"]}],
            "wait": 0,
            **changes,
        }
        return run(main, capsys, **arguments)

    return call


def promised_and_done(rule, **changes):
    """Check mode, the run, the run again."""
    promise, done, again = rule(check=True, **changes), rule(**changes), rule(**changes)
    assert promise["changed"] is done["changed"] is True
    assert promise["diff"] == done["diff"]
    assert promise["steps"] == done["steps"]
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    return done


def test_create_update_delete(rule, world):
    made = promised_and_done(rule)
    assert world.weights() == {"blue": 100, "green": 0}
    world.set_weights(0, 100)
    assert rule()["changed"] is False
    moved = promised_and_done(
        rule,
        priority=20,
        conditions={"path": ["/v1/*"], "headers": [{"name": "X-Test", "values": ["1"]}]},
        tags={"team": "x"},
    )
    assert moved["rule_arn"] == made["rule_arn"]
    assert moved["weights"] == {world.ids["blue"]: 0, world.ids["green"]: 100}
    assert world.weights() == {"blue": 0, "green": 100}
    deleted = promised_and_done(rule, **GONE)
    assert deleted["rule_arn"] == ""
    assert len(world.client("elbv2").describe_rules(ListenerArn=world.ids["listener"])["Rules"]) == 1


def test_a_lost_member_comes_back_with_weight_0(rule, world):
    rule(target_groups=[{"arn": world.ids["blue"], "weight": 100}])
    promised_and_done(rule)
    assert world.weights() == {"blue": 100, "green": 0}


def live_and_sticky(world):
    """Green has the traffic, and clients are pinned to it."""
    client = world.client("elbv2")
    groups = [
        {"TargetGroupArn": world.ids["blue"], "Weight": 0},
        {"TargetGroupArn": world.ids["green"], "Weight": 100},
    ]
    sticky = {"Enabled": True, "DurationSeconds": 60}
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky}
    found = client.describe_rules(ListenerArn=world.ids["listener"])["Rules"][0]["RuleArn"]
    client.modify_rule(RuleArn=found, Actions=[{"Type": "forward", "ForwardConfig": config}])


def count(world, listener):
    found = world.client("elbv2").describe_rules(ListenerArn=world.ids[listener])["Rules"]
    return len([each for each in found if not each["IsDefault"]])


@pytest.fixture
def order(monkeypatch):
    """The names of the writes as they happen."""
    done = []

    def recorded(name, real):
        def call(*arguments, **named):
            done.append(name)
            return real(*arguments, **named)

        return call

    for name in ("create_rule", "delete_rule"):
        monkeypatch.setattr(elb, name, recorded(name, getattr(elb, name)))
    return done


def test_a_rule_moves_with_its_live_weights(rule, world, order):
    made = rule()
    live_and_sticky(world)
    order.clear()
    moved = promised_and_done(rule, listener_arn=world.ids["preview"])
    assert order == ["create_rule", "delete_rule"]
    assert moved["rule_arn"] != made["rule_arn"]
    assert moved["diff"]["before"]["listeners"] == ["HTTP:80"]
    assert moved["diff"]["after"]["listeners"] == ["HTTP:8080"]
    assert (world.weights("preview"), count(world, "listener")) == ({"blue": 0, "green": 100}, 0)
    (action,) = world.client("elbv2").describe_rules(RuleArns=[moved["rule_arn"]])["Rules"][0]["Actions"]
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 60}


def test_the_rule_that_is_replaced_stays_until_the_new_one_is_known(rule, world, monkeypatch):
    rule()
    monkeypatch.setattr(elb_listener_rule.time, "sleep", slept := Slept(world))
    rule(listener_arn=world.ids["preview"], check=True, wait=10)
    assert slept.seen == []
    rule(listener_arn=world.ids["preview"], wait=10)
    assert slept.seen == [(10, 1, 1)]
    assert (count(world, "listener"), count(world, "preview")) == (0, 1)


class Slept:
    """In the place of time.sleep: how long, and how many rules both listeners have meanwhile."""

    def __init__(self, world):
        self.world, self.seen = world, []

    def __call__(self, seconds):
        self.seen.append((seconds, count(self.world, "listener"), count(self.world, "preview")))


def tasks(world, **healthy):
    """So many registered targets of each color; moto calls them healthy."""
    for color, number in healthy.items():
        world.tasks_register(color, number)


@pytest.mark.parametrize("color", ["blue", "green"])
def test_a_lost_rule_comes_back_on_the_color_that_has_healthy_targets(rule, world, color):
    rule()
    world.set_weights(0, 100)
    tasks(world, **{color: 2})
    rule(**GONE)
    made = promised_and_done(rule)
    assert made["steps"] == [
        f"create a rule with priority 10, all weight on {world.ids[color]}: it alone has healthy targets"
    ]
    assert world.weights() == {"blue": 0, "green": 0, color: 100}


def services(world, **tags):
    """The ECS services of both colors with tags; RUNS stands for what they run. A color kept warm has warm=True."""
    client = world.client("ecs")
    for color, given in tags.items():
        made = client.register_task_definition(
            family=f"api-{color}", containerDefinitions=[{"name": "api", "image": "x", "memory": 128}]
        )
        runs = made["taskDefinition"]["taskDefinitionArn"]
        client.create_service(
            cluster="c",
            serviceName=f"api-{color}",
            taskDefinition=runs,
            desiredCount=2,
            loadBalancers=[{"targetGroupArn": world.ids[color], "containerName": "api", "containerPort": 8080}],
            tags=[{"key": key, "value": value.replace("RUNS", runs)} for key, value in given.items()],
        )


RELEASE, CANDIDATE = {"slipway:release": "RUNS"}, {"slipway:candidate": "RUNS"}


@pytest.mark.parametrize(
    ("blue", "green", "chosen"),
    [
        (RELEASE, CANDIDATE, "blue"),
        (CANDIDATE, RELEASE, "green"),
        ({"slipway:release": "withdrawn"}, RELEASE, "green"),
        ({**RELEASE, **CANDIDATE}, RELEASE, "green"),
    ],
)
def test_of_two_healthy_colors_the_release_gets_the_lost_rule(rule, world, blue, green, chosen):
    tasks(world, blue=2, green=2)
    services(world, blue=blue, green=green)
    promised_and_done(rule, cluster="c")
    assert world.weights() == {"blue": 0, "green": 0, chosen: 100}


def test_a_color_that_is_only_kept_warm_does_not_get_the_lost_rule(rule, world):
    tasks(world, blue=2, green=2)
    services(world, blue=RELEASE, green=RELEASE)
    client = world.client("application-autoscaling")
    target = {"ServiceNamespace": "ecs", "ResourceId": "service/c/api-blue"}
    target["ScalableDimension"] = "ecs:service:DesiredCount"
    client.register_scalable_target(**target, MinCapacity=0, MaxCapacity=2)
    client.put_scheduled_action(
        **target,
        ScheduledActionName="slipway-keep-warm",
        Schedule="at(2099-01-01T00:00:00)",
        ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 0},
    )
    rule(cluster="c")
    assert world.weights() == {"blue": 0, "green": 100}


@pytest.mark.parametrize("cluster", [None, "c", "gone"])
def test_the_traffic_is_never_guessed(rule, world, cluster):
    tasks(world, blue=2, green=2)
    services(world, blue=RELEASE, green=RELEASE)
    failed = rule(cluster=cluster)
    assert failed["msg"].startswith("Nothing was changed: both arn:")
    assert "are healthy, and nothing tells which one is the release" in failed["msg"]
    assert "then run `ansible-playbook -i INVENTORY playbooks/site.yml -e service=api`" in failed["msg"]
    assert count(world, "listener") == 0
    rule(cluster=cluster, rule="preview")
    assert world.weights() == {"blue": 100, "green": 0}, "the preview carries nobody"


def test_a_move_is_promised_before_the_listener_exists(rule, world):
    rule()
    world.set_weights(0, 100)
    promise = rule(check=True, listener_arn="")
    assert promise["weights"] == {world.ids["blue"]: 0, world.ids["green"]: 100}
    assert len(promise["steps"]) == 2


def test_a_move_that_was_killed_is_finished_by_the_next_run(rule, world, monkeypatch):
    rule()
    world.set_weights(0, 100)

    def killed(*_arguments, **_named):
        raise AnsibleAWSError(message="killed")

    with monkeypatch.context() as patch:
        patch.setattr(elb, "delete_rule", killed)
        assert rule(listener_arn=world.ids["preview"])["msg"] == "killed"
    assert (count(world, "listener"), count(world, "preview")) == (1, 1)
    promised_and_done(rule, listener_arn=world.ids["preview"])
    assert (world.weights("preview"), count(world, "listener")) == ({"blue": 0, "green": 100}, 0)


def test_weights_that_move_during_the_move_are_not_lost(rule, world, monkeypatch):
    rule()
    real = elb.create_rule

    def shifted(*arguments, **named):
        made = real(*arguments, **named)
        world.set_weights(0, 100)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(elb, "create_rule", shifted)
        assert "was changed while it was moved, and stays: run again" in rule(listener_arn=world.ids["preview"])["msg"]
    assert (world.weights(), count(world, "preview")) == ({"blue": 0, "green": 100}, 0)
    promised_and_done(rule, listener_arn=world.ids["preview"])
    assert world.weights("preview") == {"blue": 0, "green": 100}


def test_weights_that_move_while_an_interrupted_move_is_finished(rule, world, monkeypatch):
    rule()
    with monkeypatch.context() as patch:
        patch.setattr(elb, "delete_rule", lambda *_: True)
        rule(listener_arn=world.ids["preview"])
    real = elb.describe_rule

    def shifted(client, rule_arn):
        world.set_weights(0, 100)
        return real(client, rule_arn)

    monkeypatch.setattr(elb, "describe_rule", shifted)
    assert "was changed while it was moved" in rule(listener_arn=world.ids["preview"])["msg"]
    blocked = rule(listener_arn=world.ids["preview"])["msg"]
    assert blocked.startswith("Nothing was changed: rules with the same tags weigh differently")
    assert (count(world, "listener"), count(world, "preview")) == (1, 1)


def test_absent_means_on_every_listener(rule, world, monkeypatch):
    rule()
    with monkeypatch.context() as patch:
        patch.setattr(elb, "delete_rule", lambda *_: True)
        rule(listener_arn=world.ids["preview"])
    promised_and_done(rule, **GONE)
    assert (count(world, "listener"), count(world, "preview")) == (0, 0)
    assert rule(**GONE, load_balancer="gone")["changed"] is False


def test_the_rule_in_the_way_is_named(rule, world):
    rule(service="web")
    failed = rule()
    assert failed["failed"]
    assert failed["msg"].startswith("Nothing was changed: priority 10 of listener arn:aws:")
    assert failed["msg"].endswith("is taken by rule web/production (host-header = api.example.com)")


def test_a_priority_taken_between_the_read_and_the_write(rule, world, monkeypatch):
    real = elb.create_rule

    def late(client, listener_arn, priority, conditions, actions, tags):
        real(client, listener_arn, priority, conditions, actions, {"slipway:service": "web", "slipway:rule": "preview"})
        return real(client, listener_arn, priority, conditions, actions, tags)

    monkeypatch.setattr(elb, "create_rule", late)
    assert "is taken by rule web/preview" in rule()["msg"]


def test_a_creation_whose_answer_was_lost_is_adopted(rule, world, monkeypatch):
    real = elb.create_rule

    def twice(*arguments, **named):
        real(*arguments, **named)
        return real(*arguments, **named)

    monkeypatch.setattr(elb, "create_rule", twice)
    made = rule()
    assert made["changed"] is True
    assert ":listener-rule/" in made["rule_arn"]
    assert len(world.client("elbv2").describe_rules(ListenerArn=world.ids["listener"])["Rules"]) == 2


def test_more_rules_than_one_page(rule, world):
    client = world.client("elbv2")
    answer = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    for number in range(60):
        path = [{"Field": "path-pattern", "Values": [f"/{number}"]}]
        client.create_rule(ListenerArn=world.ids["listener"], Priority=100 + number, Conditions=path, Actions=answer)
    promised_and_done(rule, priority=200)
    assert "is taken by rule arn:aws:" in rule(priority=159)["msg"]


def test_check_mode_before_the_listener_exists(rule):
    for listener in ("", "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb/1/2"):
        promise = rule(check=True, listener_arn=listener, target_groups=[{"arn": "", "weight": 100}, {"arn": ""}])
        assert promise["changed"] is True
        assert "load balancer lb has no listener" in rule(listener_arn=listener)["msg"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target_groups": [{"arn": "a", "weight": 1000}]}, "weight 1000 of target group a is outside 0 to 999"),
        ({"target_groups": [{"arn": "a", "weight": 1.5}]}, "cannot be converted to an int"),
        ({"priority": 50001}, "priority 50001 is outside 1 to 50000"),
        ({"conditions": {}}, "at least one host, path or header"),
        ({"priority": None}, "priority 0 is outside"),
    ],
)
def test_bad_input(rule, change, message):
    failed = rule(**change)
    assert message in failed["msg"]
    assert "\n" not in failed["msg"]


def test_a_read_that_fails_is_a_failure(rule, world):
    world.clients["elbv2"] = boto3.client("elbv2", region_name="us-east-1", endpoint_url="http://127.0.0.1:9")
    assert "Failed to describe load balancer lb" in rule()["msg"]
