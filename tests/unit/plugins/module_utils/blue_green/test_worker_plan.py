# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers follow the release: after the traffic, back with it, and never two of an exclusive one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.image_plan import reference
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.pin_plan import (
    Release,
    completed,
    of_digest,
    release_in,
    repinned,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.plan_model import (
    WITHDRAWN,
    Definition,
    WorkerState,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.standalone_plan import (
    plan_worker_deploy,
    plan_worker_recovery,
    plan_worker_rollback,
    planner,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.steps_plan import RegisterDefinition
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_plan import (
    WorkerWishes,
    back,
    converge,
    forward,
    problems,
    rolling,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_steps_plan import (
    CreateWorker,
    MarkWorker,
    SettleWorker,
    WaitWorker,
)
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.worker_text_plan import worker_text

from tests.unit.plugins.module_utils.blue_green.beside_cases import (
    NETWORK,
    after,
    known,
    release,
    revision,
    schedule,
    scheduled,
    seen,
    state,
    template,
    worker,
)
from tests.unit.plugins.module_utils.blue_green.cases import definition, wanted

ALONE = {"service": "api-mail"}
IMAGE = reference("111111111111.dkr.ecr.us-east-1.amazonaws.com/repo:1")


def asked(*workers, **changes):
    return wanted("v2", workers=workers or (worker(),), **changes)


def titles(steps):
    return [step.title for step in steps]


ROLL = ["register api-mail task definition", "roll worker api-mail", "wait for 1 of worker api-mail"]
MARK = "mark the release of worker api-mail"


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        (state(), [*ROLL, MARK]),
        (state("v1", 1, "v1"), [*ROLL, MARK]),
        # interrupted after the roll, and after the wait
        (state("v2", 1, "v1"), ["wait for 1 of worker api-mail", MARK]),
        # interrupted between stop and start
        (state("v1", 0, "v1"), [*ROLL, MARK]),
        (state("v2", 0, "v2"), ["roll worker api-mail", "wait for 1 of worker api-mail"]),
        (state("v2", 1, "v1", gave_up=True), ["roll worker api-mail", "wait for 1 of worker api-mail", MARK]),
        # ECS took it back by itself: the revision is there, the service runs the one before
        (replace(state("v1", 1, "v1"), latest=revision("api-mail", "v2")), [*ROLL[1:], MARK]),
        (state("v2", 1, "v2"), []),
        (state("v2", 1, "v2", steady=False), ["wait for 1 of worker api-mail"]),
        (WorkerState("api-mail"), []),
    ],
)
def test_forward(now, steps):
    found = forward(seen(now), asked(), release("v2"))
    assert titles(found) == steps
    if now.service and now.service.steady:
        assert forward(after(seen(now), found, "v2"), asked(), release("v2")) == []


def test_forward_names_the_release_before():
    *_, mark = forward(seen(state("v1", 1, "v1")), asked(), release("v2"))
    assert mark == MarkWorker("api-mail", revision("api-mail", "v1").arn)
    *_, mark = forward(seen(state()), asked(), release("v2"))
    assert mark == MarkWorker("api-mail", None)
    assert forward(seen(), asked(), release("v2")) == []


def test_all_rolls_begin_before_the_first_wait():
    states = [state("v1", 1, "v1", name=name) for name in ("api-mail", "api-bill")]
    found = forward(seen(*states), asked(worker(), worker("api-bill")), release("v2"))
    assert titles(found)[1::2] == [
        "roll worker api-mail",
        "roll worker api-bill",
        "wait for 1 of worker api-bill",
        *["mark the release of worker api-bill"],
    ]


def test_a_wait_leaves_the_old_tasks_their_stop_timeout():
    (wait,) = [
        step for step in forward(seen(state("v1", 1, "v1")), asked(), release("v2")) if isinstance(step, WaitWorker)
    ]
    assert wait == WaitWorker("api-mail", 1, 307, 2)
    bare = replace(state("v1", 1, "v1"), definition=None)
    (wait,) = [step for step in forward(seen(bare), asked(), release("v2")) if isinstance(step, WaitWorker)]
    assert wait.timeout == 300


def test_an_exclusive_worker_ends_before_it_starts():
    found = forward(seen(state("v1", 1, "v1")), asked(worker(exclusive=True)), release("v2"))
    assert titles(found)[1:3] == ["stop worker api-mail and wait for its end", "roll worker api-mail"]
    found = back(seen(state("v2", 1, "v1")), asked(worker(exclusive=True)), definition("v1", "blue"))
    assert titles(found)[:2] == ["stop worker api-mail and wait for its end", "roll worker api-mail"]
    assert rolling(exclusive=True)["deploymentConfiguration"]["maximumPercent"] == 100
    # ECS's own way back would start the old task while the new one still stops
    assert rolling(exclusive=True)["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is False
    assert rolling(exclusive=False)["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] is True


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        # a deployment failed while the worker rolled
        (state("v2", 1, "v1"), ["roll worker api-mail", "wait for 1 of worker api-mail"]),
        # and ECS has taken it back already, or is at it
        (state("v1", 1, "v1"), []),
        (state("v1", 1, "v1", steady=False), ["wait for 1 of worker api-mail"]),
        # a rollback of a release that was marked
        (state("v2", 1, "v2", "v1"), ["roll worker api-mail", "wait for 1 of worker api-mail", MARK]),
        # neither tag knows the release: what it runs, with that image
        (state("v3", 1, "v3", "v2"), [*ROLL, MARK]),
        # it came with the release that goes
        (state("v2", 1), ["stop worker api-mail"]),
        (state("v2", 0), []),
        (WorkerState("api-mail", state().service), []),
    ],
)
def test_back(now, steps):
    found = back(seen(now), asked(), definition("v1", "blue"))
    assert titles(found) == steps
    if now.service and now.service.steady and now.released:
        assert back(after(seen(now), found, "v1"), asked(), definition("v1", "blue")) == []


def test_back_to_nothing_stops_everything():
    assert titles(back(seen(state("v2", 1, "v1")), asked(), None)) == ["stop worker api-mail"]
    boot = Definition("arn:boot", {"containerDefinitions": [{"name": "api"}]})
    assert titles(back(seen(state("v2", 1, "v1")), asked(), boot)) == ["stop worker api-mail"]
    assert back(seen(), asked(), None) == []


def test_a_rollback_s_mark_is_not_returned_to():
    *_, mark = back(seen(state("v2", 1, "v2", "v1")), asked(), definition("v1", "blue"))
    assert mark == MarkWorker("api-mail", WITHDRAWN)


def test_problems():
    assert problems(seen(state()), asked()) == []
    assert problems(seen(schedule_group=False), asked(schedules=(schedule(),))) == [
        "worker api-mail, schedule group c-api missing: run site.yml first"
    ]


WISHES = WorkerWishes((worker(),), settings={"launchType": "FARGATE", "networkConfiguration": NETWORK}, tags={"a": "b"})
OWN = {"a": "b", "slipway:worker-of": "api"}
SETTLED = {**WISHES.settings, **rolling(exclusive=False)}


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        (seen(), [RegisterDefinition, CreateWorker]),
        (seen(WorkerState("api-mail", latest=Definition("arn:x", {}))), [RegisterDefinition, CreateWorker]),
        (seen(state("v1", 1, "v1")), [SettleWorker]),
        (seen(state("v1", 1, "v1", settings=SETTLED, tags=OWN)), []),
        # a new network would restart the tasks
        (seen(state("v1", 1, "v1", settings={**SETTLED, "networkConfiguration": {}}, tags=OWN)), []),
        (seen(state("v1", 0, "v1", settings={**SETTLED, "networkConfiguration": {}}, tags=OWN)), [SettleWorker]),
        (seen(state("v1", 1, "v1", settings=SETTLED)), [SettleWorker]),
    ],
)
def test_converge(now, kinds):
    found = converge(now, WISHES)
    assert [type(step) for step in found] == kinds
    assert converge(after(now, found, "boot"), WISHES) == []


def test_converge_uses_the_bootstrap_revision_that_is_there():
    from ansible_collections.slipway.ops.plugins.module_utils.blue_green.task_definition_plan import normalized

    there = Definition("arn:x", normalized(template("api-mail")))
    (create,) = converge(seen(WorkerState("api-mail", latest=there)), WISHES)
    assert (create.definition, create.tags, create.title) == ("arn:x", OWN, "create worker api-mail")
    alone = replace(WISHES, workers=(worker("api"),))
    assert converge(seen(), alone)[-1].tags == {"a": "b"}


def test_text():
    assert worker_text(seen()) == "api does not exist"
    assert worker_text(seen(WorkerState("api-mail"))) == "worker api-mail does not exist"
    assert worker_text(seen(state("v1", 1, steady=False))) == (
        "worker api-mail: 1/1 running (api-mail:v1, sha256:v1), a roll is under way"
    )
    assert worker_text(seen(replace(state(), definition=None))) == "worker api-mail: 0/0 running (api-mail:boot)"


def test_pins():
    body = revision("api-mail", "v1").body
    assert release_in(body) == release("v1")
    assert release_in({}) == Release("", "")
    made = repinned(body, release("v2"))
    assert release_in(made) == release("v2")
    sidecar = {"name": "log", "image": "other:1"}
    both = completed({"containerDefinitions": [{"name": "api"}, sidecar]}, release("v1"))
    assert [item["image"] for item in repinned(both, release("v2"))["containerDefinitions"]] == [
        "repo@sha256:v2",
        "other:1",
    ]
    bare = repinned({"containerDefinitions": [{"name": "api", "image": "repo:unreleased"}]}, release("v2"))
    assert bare["containerDefinitions"][0]["image"] == "repo:unreleased"
    assert of_digest("", (revision("api-mail", "v1"),)) is None
    assert of_digest("sha256:v1", (None, revision("api-mail", "v2"), revision("api-mail", "v1"))) == revision(
        "api-mail", "v1"
    )


def alone(now, **changes):
    return seen(now, **{**ALONE, "image_digest": "sha256:v2", **changes})


def test_a_service_that_is_a_worker_is_deployed():
    plan = plan_worker_deploy(alone(state("v1", 1, "v1")), asked(), IMAGE)
    assert titles(plan.steps) == [*ROLL, MARK]
    assert plan.before["worker"] == {
        "tasks": 1,
        "task_definition": known("api-mail", "v1").arn,
        "release": known("api-mail", "v1").arn,
    }
    assert plan.after["worker"]["task_definition"] == "the revision of sha256:v2"
    pinned = Release(IMAGE.pinned("sha256:v2"), "sha256:v2")
    assert plan.steps[0].request == completed(template("api-mail"), pinned)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (seen(**ALONE, missing=("cluster c",)), "cluster c missing: run site.yml first"),
        (seen(**ALONE), "worker api-mail missing: run site.yml first"),
        (alone(state(), image_digest=None), "image 1 is not in repository "),
    ],
)
def test_a_worker_s_deployment_is_blocked(now, why):
    assert why in (plan_worker_deploy(now, asked(), IMAGE).blocked or "")


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        (state("v2", 1, "v2", "v1"), ["roll worker api-mail", "wait for 1 of worker api-mail", MARK]),
        # an interrupted deployment: to what was live
        (state("v2", 1, "v1", "v0"), ["roll worker api-mail", "wait for 1 of worker api-mail"]),
    ],
)
def test_a_worker_s_rollback(now, steps):
    plan, given = planner(asked(), None)(alone(now))
    assert (titles(plan.steps), plan.definition, given) == (steps, known("api-mail", "v1").arn, asked())


def test_a_worker_s_rollback_is_blocked_without_a_release_before():
    assert plan_worker_rollback(alone(state("v1", 1, "v1")), asked()).blocked == (
        "there is no earlier release to return to; worker api-mail: 1/1 running (api-mail:v1, sha256:v1)"
    )
    assert plan_worker_rollback(seen(**ALONE), asked()).blocked == "worker api-mail missing: run site.yml first"
    plan, _ = planner(asked(), IMAGE)(seen(**ALONE))
    assert plan.blocked


def test_a_worker_s_recovery():
    now = alone(state("v2", 1, "v1"), schedules=(scheduled("v2", "v1"),))
    plan = plan_worker_recovery(now, asked(schedules=(schedule(),)))
    assert titles(plan.steps) == ["roll worker api-mail", "wait for 1 of worker api-mail", "point schedule report"]
    first = plan_worker_recovery(alone(state("v2", 1)), asked())
    assert titles(first.steps) == ["stop worker api-mail"]
    assert plan_worker_recovery(alone(state("v1", 1, "v1")), asked()).steps == ()
    assert plan_worker_recovery(seen(**ALONE), asked()).blocked == "api-mail does not exist"
    gone = replace(state("v2", 1, "v1"), definition=None, service=None)
    assert plan_worker_recovery(alone(gone), asked()).before["worker"]["release"] is None
    assert plan_worker_recovery(alone(state("v2", 1, "v1")), asked(worker("other"))).steps == ()
