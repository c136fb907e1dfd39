# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against moto and a real HTTP front: promised is done, and every outcome is reached."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import ecs, elb
from ansible_collections.slipway.ops.plugins.modules import ecs_blue_green, elb_listener_rule
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.aws_harness import run, world

__all__ = ["world"]

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/api"
DEFINITION = {
    "cpu": 256,
    "memory": 512,
    "containers": [{"name": "api", "image": f"{REPOSITORY}:unreleased", "port_mappings": [{"container_port": 8080}]}],
}


@contextmanager
def front(world):
    """Answers as the load balancer would: with the color that has the weight."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            weights = world.weights()
            self.send_response(200)
            self.send_header("X-Slipway-Color", max(weights, key=weights.get))
            self.end_headers()

        def log_message(self, *_):
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def module(world, capsys, tmp_path):
    """Runs the module with the usual arguments and no pauses."""
    with front(world) as url:

        def call(action, tag=None, *, check=False, **changes):
            network = {
                "subnets": [world.ids.get("subnet", "")],
                "security_groups": [world.ids.get("security_group", "")],
            }
            arguments = {
                "action": action,
                "service": "api",
                "cluster": "c",
                "load_balancer": "lb",
                "image": f"{REPOSITORY}:{tag}" if tag else None,
                "task_definition": DEFINITION,
                "port": 8080,
                "network_configuration": network,
                "desired_count": 3,
                "scaling": {"min": 2, "max": 6},
                "probe": {"url": url, "count": 3, "timeout": 5},
                "drain_floor": 0,
                "poll_interval": 0,
                "healthy_timeout": 2,
                "tags": {"team": "x"},
                "progress_file": str(tmp_path / "progress"),
                **changes,
            }
            return run(ecs_blue_green.main, capsys, check=check, **arguments)

        yield call


@pytest.fixture
def site(world, module, capsys):
    """An environment after site.yml: rules and both services, nothing deployed."""
    world.build()
    for name, rule, blue in (("listener", "production", 100), ("preview", "preview", 0)):
        groups = [{"arn": world.ids["blue"], "weight": blue}, {"arn": world.ids["green"], "weight": 100 - blue}]
        arguments = {"service": "api", "rule": rule, "priority": 10, "conditions": {"path": ["/*"]}}
        arguments |= {"load_balancer": "lb", "listener_arn": world.ids[name], "target_groups": groups}
        run(elb_listener_rule.main, capsys, **arguments)
    assert module("converge")["outcome"] == "converged"
    for tag in ("v1", "v2", "v3"):
        world.push(tag)
    return module


def names(result):
    return [step["name"] for step in result["steps"]]


def promised_and_done(module, action, tag=None):
    """Check mode, the run, the run again."""
    promise, done, again = module(action, tag, check=True), module(action, tag), module(action, tag)
    assert promise["changed"] is done["changed"] is True
    assert names(promise) == names(done)
    assert {step["status"] for step in promise["steps"]} == {"planned"}
    assert {step["status"] for step in done["steps"]} == {"done"}
    assert promise["diff"] == done["diff"]
    assert again["changed"] is False
    assert (again["outcome"], again["steps"]) == (done["outcome"], [])
    return done


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
    assert (world.weights(), world.desired("blue"), world.desired("green")) == ({"blue": 100, "green": 0}, 3, 0)
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
    assert names(failed)[-5:] == [
        "prove that blue answers",
        "drain green for 0 s",
        "scaling of green to 0..0",
        "scale green to 0",
        "scaling of blue to 2..6",
    ]


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
        real(client, rule_arn, actions)
        if world.weights() == {"blue": 0, "green": 100}:
            world.tasks_register("blue", 1)

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
    blocked = site("deploy", "v2")
    assert blocked["outcome"] == "blocked"
    assert "production weights are blue 60 (3 healthy), green 40 (3 healthy)" in blocked["msg"]


def test_a_change_right_after_the_write_is_seen(world, site, monkeypatch):
    site("deploy", "v1")
    real = elb.modify_rule_actions

    def overwritten(client, rule_arn, actions):
        real(client, rule_arn, actions)
        if world.weights() == {"blue": 0, "green": 100}:
            world.set_weights(100, 0)

    monkeypatch.setattr(elb, "modify_rule_actions", overwritten)
    failed = site("deploy", "v2")
    assert failed["outcome"] == "superseded"
    assert "was changed right after us: blue 100, green 0" in failed["msg"]


def second_rule(world, rule, blue, green):
    """Another rule with the same tags, on the other listener: a move that was interrupted."""
    listener = {"production": "preview", "preview": "listener"}[rule]
    weights = {world.ids["blue"]: blue, world.ids["green"]: green}
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    made = world.client("elbv2").create_rule(
        ListenerArn=world.ids[listener],
        Priority=11,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        Tags=[{"Key": "slipway:service", "Value": "api"}, {"Key": "slipway:rule", "Value": rule}],
    )
    return made["Rules"][0]["RuleArn"]


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
    assert "the live color went on growing" in failed["msg"]


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
        real(client, rule_arn, actions)

    monkeypatch.setattr(elb, "modify_rule_actions", refuse)
    failed = site(action, "v3" if action == "deploy" else None)
    assert failed["outcome"] == "failed"
    assert "AccessDenied" in failed["msg"]
    monkeypatch.setattr(elb, "modify_rule_actions", real)
    assert world.weights() == {"blue": 0, "green": 100}
    assert site(action, "v3" if action == "deploy" else None)["outcome"] in ("promoted", "rolled_back"), outcome


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
