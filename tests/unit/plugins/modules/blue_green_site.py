# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment after site.yml against moto, and the module run on it with the usual arguments and no pauses."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.slipway.ops.plugins.modules import ecs_blue_green, elb_listener_rule

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


def promised_and_done(module, action, tag=None, **changes):
    """Check mode, the run, the run again."""
    promise = module(action, tag, check=True, **changes)
    done, again = module(action, tag, **changes), module(action, tag, **changes)
    assert promise["changed"] is done["changed"] is True
    assert names(promise) == names(done)
    assert {step["status"] for step in promise["steps"]} == {"planned"}
    assert {step["status"] for step in done["steps"]} == {"done"}
    assert promise["diff"] == done["diff"]
    assert again["changed"] is False
    assert (again["outcome"], again["steps"]) == (done["outcome"], [])
    return done


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
