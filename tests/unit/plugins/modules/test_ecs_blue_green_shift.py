# SPDX-License-Identifier: GPL-3.0-or-later
"""Shifts by steps, a person's approval, warm colors, interruptions and the lease: one service, told from its first
release on."""

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import autoscaling, elb
from ansible_collections.slipway.ops.plugins.module_utils.blue_green import apply as applied
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import PointRule, ScheduleScaleDown
from ansible_collections.slipway.ops.plugins.module_utils.lease import Lease, LeaseLostError

from tests.unit.plugins.modules.aws_harness import world
from tests.unit.plugins.modules.blue_green_site import module, names, promised_and_done, site

__all__ = ["module", "site", "world"]

# With the whole weight on one color, the front answers as that color.
CANARY = {"strategy": "canary", "canary_steps": [{"weight": 60, "pause": 0}], "keep_warm": 3600}
BLUE, GREEN = {"blue": 100, "green": 0}, {"blue": 0, "green": 100}


class KilledError(BaseException):
    """In the place of kill -9."""


def killed_at(monkeypatch, kind, before=lambda _step: True):
    """The run dies right after its first step of that kind."""
    real = applied._DO[kind]

    def dies(run, step):
        real(run, step)
        if before(step):
            raise KilledError

    monkeypatch.setitem(applied._DO, kind, dies)


def test_by_steps_kept_warm_and_back_at_once(world, site):
    site("deploy", "v1")
    done = promised_and_done(site, "deploy", "v2", **CANARY)
    assert names(done).count("confirm that green carries what blue carries") == 2
    assert "production weights to blue 40, green 60" in names(done)
    assert (world.weights(), world.desired("blue"), world.scaling("blue")) == (GREEN, 3, (3, 6, False))
    assert world.warm("blue").startswith("at(20")
    assert set(world.tags("green")) == {"slipway:release"}
    assert set(world.tags("blue")) == {"slipway:release"}
    assert done["previous_image"].endswith(world.digests["v1"])
    assert done["found"].startswith("production: blue 100 (3/3 healthy, sha256:")
    assert done["next"] == "ansible-playbook -i INVENTORY playbooks/rollback_backend.yml -e service=api"

    back = promised_and_done(site, "rollback", keep_warm=3600)
    assert names(back)[0] == "cancel the scale-down of blue"
    assert not [name for name in names(back) if name.startswith(("wait", "drain"))]
    assert (world.weights(), world.warm("blue"), world.scaling("blue")) == (BLUE, None, (2, 6, False))
    assert world.warm("green").startswith("at(20")


def test_a_warm_color_whose_tasks_have_just_gone_comes_up_again(world, site, monkeypatch):
    site("deploy", "v1")
    site("deploy", "v2", **CANARY)
    real = autoscaling.delete_scheduled_action

    def too_late(client, resource, name):
        """The scheduled action has set the bounds, and the tasks go, just before it is deleted."""
        autoscaling.register_scalable_target(client, resource, 0, 0, {"DynamicScalingInSuspended": True})
        world.client("ecs").update_service(cluster="c", service="api-blue", desiredCount=0)
        world.tasks_register("blue", 0)
        real(client, resource, name)

    monkeypatch.setattr(autoscaling, "delete_scheduled_action", too_late)
    back = site("rollback")
    assert (back["outcome"], world.weights(), world.desired("blue")) == ("rolled_back", BLUE, 3)
    assert "wait for 3 healthy blue" in names(back)


def test_a_person_decides(world, site):
    site("deploy", "v1")
    nothing = site("continue")
    assert (nothing["outcome"], nothing["failed"]) == ("blocked", True)
    assert "nothing awaits approval; production: blue 100 (3/3 healthy" in nothing["msg"]

    waits = promised_and_done(site, "deploy", "v2", pause_before_shift=True)
    assert (waits["outcome"], waits.get("failed", False)) == ("awaiting_approval", False)
    assert (world.weights(), world.weights("preview"), world.desired("green")) == (BLUE, GREEN, 3)
    assert "`ansible-playbook -i INVENTORY playbooks/continue_backend.yml -e service=api`" in waits["msg"]
    assert "rollback_backend.yml" in waits["msg"]

    other = site("continue", "v3")
    assert other["outcome"] == "blocked"
    assert f"{world.digests['v2']} on green awaits approval" in other["msg"]

    back = site("rollback")
    assert (back["outcome"], world.weights("preview")) == ("rolled_back", BLUE)
    assert set(world.tags("green")) == set()
    assert world.scaling("blue") == (2, 6, False)

    site("deploy", "v2", pause_before_shift=True)
    done = site("continue", "v2", **CANARY)
    assert (done["outcome"], done["digest"]) == ("promoted", world.digests["v2"])
    assert (world.weights(), world.scaling("green")) == (GREEN, (2, 6, False))
    assert set(world.tags("green")) == {"slipway:release"}
    assert site("deploy", "v2")["changed"] is False


@pytest.mark.parametrize("then", ["deploy", "rollback"])
def test_a_shift_that_was_killed_goes_on_or_goes_back(world, site, monkeypatch, then):
    site("deploy", "v1")
    with monkeypatch.context() as patched:
        killed_at(patched, PointRule, lambda step: step.weights["green"] == 60)
        with pytest.raises(KilledError):
            site("deploy", "v2", **CANARY)
    assert world.weights() == {"blue": 40, "green": 60}
    done = site(then, "v2" if then == "deploy" else None, **CANARY)
    assert "was interrupted after the shift to 60 %; " not in done["msg"]
    assert "was interrupted after the shift to 60 %" in done["found"]
    assert done["outcome"] == {"deploy": "promoted", "rollback": "rolled_back"}[then]
    live, left = ("green", "blue") if then == "deploy" else ("blue", "green")
    assert (world.weights()[live], world.scaling(live)) == (100, (2, 6, False))
    assert world.warm(left)
    assert not world.warm(live)
    assert set(world.tags("blue")) | set(world.tags("green")) == {"slipway:release"}


def test_a_run_that_was_killed_before_the_scale_down_is_finished(world, site, monkeypatch):
    site("deploy", "v1")
    with monkeypatch.context() as patched:
        killed_at(patched, ScheduleScaleDown)
        with pytest.raises(KilledError):
            site("deploy", "v2", **CANARY)
    assert world.tags("blue")["slipway:scaling"] == "2..6"
    rest = site("deploy", "v2", **CANARY)
    assert rest["outcome"] == "promoted"
    assert names(rest) == [
        "wait for 3 healthy green",
        "prove that green answers",
        "scaling of green to 2..6",
        "remove slipway:scaling from blue",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_end_ends_where_it_is(world, site, monkeypatch, number):
    site("deploy", "v1")
    real, handlers = elb.modify_rule_actions, [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]

    def told(client, arn, actions):
        answer = real(client, arn, actions)
        if world.weights()["green"] == 60:
            os.kill(os.getpid(), number)
        return answer

    monkeypatch.setattr(elb, "modify_rule_actions", told)
    ended = site("deploy", "v2", **CANARY)
    assert (ended["outcome"], ended["failed"]) == ("failed", True)
    assert f"api: stopped by {number.name}. Nothing more was done; production weights are blue 40" in ended["msg"]
    assert ended["next"].startswith(
        "ansible-playbook -i INVENTORY playbooks/deploy_backend.yml -e service=api -e image="
    )
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == handlers
    monkeypatch.undo()


class Table:
    """A lease whose table answers as told."""

    def __init__(self, monkeypatch):
        self.calls = []
        for name in ("acquire", "holder", "confirm", "keep", "release"):
            monkeypatch.setattr(Lease, name, self._method(name))

    def _method(self, name):
        def method(_lease, *_args):
            self.calls.append(name)
            if name == "confirm" and self.calls.count("confirm") == self.lost_at:
                raise LeaseLostError("the lease of api was taken over by b@c")

        return method

    lost_at = 0


def test_the_lease_is_proven_before_each_change_of_weights_and_given_back(world, site, monkeypatch):
    lock = {"lock": {"table": "releases"}}
    table = Table(monkeypatch)
    site("deploy", "v1", **lock)
    assert (table.calls[0], table.calls[-1]) == ("acquire", "release")
    table.calls.clear()
    site("deploy", "v2", check=True, **lock)
    assert not {"acquire", "release"} & set(table.calls)
    table.calls.clear()
    # The preview rule, then the first step; the lease is gone before the second one.
    table.lost_at = 3
    lost = site("deploy", "v2", **lock, **CANARY)
    assert (lost["outcome"], world.weights()) == ("superseded", {"blue": 40, "green": 60})
    assert "taken over by b@c. Nothing more was written; production weights are blue 40" in lost["msg"]
    assert table.calls[-1] == "release"
    table.lost_at = 0
    assert site("converge", **lock)["changed"] is False
    table.calls.clear()
    assert site("converge", health_check_grace_period=90, **lock)["outcome"] == "converged"
