# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From the module's parameters to what the planners want, with every complaint about them on one line each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .converge_plan import Wishes
from .gates_plan import gates_from, settled
from .gates_plan import problems as gate_problems
from .health_check_plan import health_check_from, with_health_check
from .health_check_plan import problems as health_check_problems
from .image_plan import ImageReference, image_complaint
from .native_plan import plan_native_continue, plan_native_deploy, plan_native_rollback
from .native_strategy_plan import bootstrap
from .native_strategy_plan import problems as native_problems
from .plan_model import COLORS, Gates, Probe, Scaling, Snapshot, Wanted
from .shadow_plan import shadow_problems
from .steps_plan import Plan
from .strategy_plan import SHIFTING, shifts_from
from .strategy_plan import problems as strategy_problems
from .swap_plan import plan_continue, plan_deploy, plan_rollback
from .task_definition_plan import COLOR_VARIABLE, DIGEST_VARIABLE, composed, digest_in
from .task_definition_plan import problems as definition_problems
from .traffic_plan import problems as traffic_problems
from .worker_inputs_plan import fargate_settings, once_from, schedules_from, standalone, worker_wishes, workers_from
from .worker_inputs_plan import problems as worker_input_problems
from .worker_plan import problems as worker_problems

Params = Mapping[str, Any]

# NAME-green has to fit the 32 characters of a target group's name (Elastic Load Balancing API reference).
MAX_SERVICE_NAME = 26
MAX_PORT = 65535


def problems(params: Params) -> list[str]:
    """What is wrong with the parameters themselves."""
    found = []
    if not 1 <= len(params["service"]) <= MAX_SERVICE_NAME:
        found.append(
            f"service {params['service']!r} must have 1 to {MAX_SERVICE_NAME} characters, NAME-green at most 32"
        )
    for name, least in (("desired_count", 1), ("healthy_timeout", 1), ("drain_floor", 0), ("poll_interval", 0)):
        if params[name] < least:
            found.append(f"{name} {params[name]} is less than {least}")
    if params["port"] is not None and not 1 <= params["port"] <= MAX_PORT:
        found.append(f"port {params['port']} is outside 1 to {MAX_PORT}")
    found += _scaling_problems(params["scaling"])
    if params["action"] not in ("continue", "rollback", "repair"):
        found += definition_problems(params["task_definition"] or {}, app_container(params), params["image"] or "")
    if params["action"] == "converge":
        needed = ("network_configuration",) if standalone(params) else ("port", "network_configuration")
        found += [f"converge needs {name}" for name in needed if params[name] is None]
    if params["action"] == "deploy":
        complaint = image_complaint(params["image"] or "")
        found += [complaint] if complaint else []
    if params["probe"] and params["probe"]["count"] < 1:
        found.append(f"probe.count {params['probe']['count']} is less than 1")
    if params["action"] == "continue" and params["image"]:
        complaint = image_complaint(params["image"])
        found += [complaint] if complaint else []
    found += native_problems(params) if native(params) else []
    found += strategy_problems(params) + gate_problems(params) + health_check_problems(params["health_check"])
    return found + worker_input_problems(params, app_container(params))


def _scaling_problems(scaling: Params | None) -> list[str]:
    if scaling is None or 1 <= scaling["min"] <= scaling["max"]:
        return []
    return [f"scaling {scaling['min']} to {scaling['max']}: min must be at least 1 and at most max"]


def native(params: Params) -> bool:
    """Amazon ECS moves the traffic."""
    return bool(params["engine"] == "native")


def app_container(params: Params) -> str:
    return str(params["app_container"] or params["service"])


def _scaling(params: Params) -> Scaling | None:
    given = params["scaling"]
    return Scaling(given["min"], given["max"]) if given else None


def _probe(params: Params) -> Probe | None:
    given = params["probe"]
    if not given:
        return None
    return Probe(given["url"], given["host"], given["header"], given["count"], given["timeout"])


def wanted_from(params: Params, image: ImageReference | None, digest: str) -> Wanted:
    """image None: a rollback, which registers nothing."""
    bodies, health_check = {}, health_check_from(params["health_check"])
    for color in COLORS if image else ():
        extra = {COLOR_VARIABLE: color, DIGEST_VARIABLE: digest}
        pinned = image.pinned(digest) if image else ""
        family = f"{params['service']}-{color}"
        body = composed(params["task_definition"], family, pinned, app_container(params), extra)
        bodies[color] = with_health_check(body, app_container(params), health_check)
    return Wanted(
        bodies=bodies,
        size=params["desired_count"],
        scaling=_scaling(params),
        probe=_probe(params),
        drain_floor=params["drain_floor"],
        healthy_timeout=params["healthy_timeout"],
        poll_interval=params["poll_interval"],
        gates=gates_from(params),
        shifts=shifts_from(params),
        bake=params["bake"] if params["action"] in SHIFTING else 0.0,
        pause_before_shift=params["pause_before_shift"] and params["action"] == "deploy",
        keep_warm=params["keep_warm"],
        background=params["scaling"] is not None and (params["keep_warm"] > 0 or params["action"] == "rollback"),
        health_check=health_check,
        once=once_from(params, app_container(params)) if params["action"] == "deploy" else None,
        workers=workers_from(params, app_container(params)),
        schedules=schedules_from(params, app_container(params)),
        infrastructure_role=params["infrastructure_role_arn"] or "",
        insist=params["confirm"] == params["service"],
    )


def deploy_planner(params: Params, image: ImageReference) -> Callable[[Snapshot], tuple[Plan, Wanted]]:
    """The planner of a deployment. The digest is resolved once: later looks cannot change what is deployed.

    An image that ECR lacks plans like another one; verify, which comes before the first change, refuses it.
    So are the gates settled once: an alarm that goes off meanwhile is no alarm from before.
    """
    resolved: list[str] = []
    gates: list[Gates] = []

    def plan(snapshot: Snapshot) -> tuple[Plan, Wanted]:
        if snapshot.image_digest and not resolved:
            resolved.append(snapshot.image_digest)
        wanted = wanted_from(params, image, resolved[0] if resolved else "")
        if not gates:
            gates.append(settled(wanted.gates, snapshot.alarms))
        wanted = replace(wanted, gates=gates[0])
        found = traffic_problems(snapshot) + worker_problems(snapshot, wanted)
        # Smoke checks that reach another service over the preview route prove nothing.
        found += shadow_problems(snapshot, "preview") if wanted.gates.smoke else []
        planner = plan_native_deploy if native(params) else plan_deploy
        return (Plan(blocked="; ".join(found)), wanted) if found else (planner(snapshot, wanted), wanted)

    return plan


def continue_planner(params: Params, image: ImageReference | None) -> Callable[[Snapshot], tuple[Plan, Wanted]]:
    """The planner of what a person has approved. image: what he took it for, if he says so."""
    gates: list[Gates] = []

    def plan(snapshot: Snapshot) -> tuple[Plan, Wanted]:
        wanted = wanted_from(params, None, "")
        if not gates:
            gates.append(settled(wanted.gates, snapshot.alarms))
        wanted = replace(wanted, gates=gates[0])
        found = _other_image(snapshot, image) if image else []
        planner = plan_native_continue if native(params) else plan_continue
        return (Plan(blocked="; ".join(found)), wanted) if found else (planner(snapshot, wanted), wanted)

    return plan


def _other_image(snapshot: Snapshot, image: ImageReference) -> list[str]:
    """The candidate is what is in AWS; a person who names something else has approved something else."""
    digests = {
        state.color: digest_in(state.definition.body)
        for state in snapshot.colors.values()
        if state.awaiting and state.definition
    }
    return [
        f"{image.uri} is {snapshot.image_digest or 'not in ECR'}, but {digest} on {color} awaits approval"
        for color, digest in digests.items()
        if digest != snapshot.image_digest
    ]


def rollback_planner(params: Params) -> Callable[[Snapshot], tuple[Plan, Wanted]]:
    wanted = wanted_from(params, None, "")
    planner = plan_native_rollback if native(params) else plan_rollback
    return lambda snapshot: (planner(snapshot, wanted), wanted)


def wishes_from(params: Params, snapshot: Snapshot) -> Wishes:
    """What converge asks for. A bootstrap revision's image never runs: the desired count stays 0 until a deployment."""
    bodies, settings = {}, {}
    for color, state in snapshot.colors.items():
        extra = {COLOR_VARIABLE: color}
        family = f"{params['service']}-{color}"
        bodies[color] = composed(params["task_definition"], family, params["image"] or "", app_container(params), extra)
        settings[color] = _service_settings(params, state.target_group or "")
        if native(params):
            settings[color]["deploymentConfiguration"] = bootstrap()
            settings[color]["infrastructureRole"] = params["infrastructure_role_arn"]
    return Wishes(bodies, settings, _scaling(params), params["tags"], worker_wishes(params, app_container(params)))


def _service_settings(params: Params, target_group: str) -> dict[str, Any]:
    """CreateService members.

    The circuit breaker ends a deployment whose tasks keep failing, so that ECS does not start them forever, but rolls
    nothing back: taking a release back is this module's work, and ECS's rollback would put the revision before it into
    a color that has no traffic.
    """
    return {
        **fargate_settings(params),
        "loadBalancers": [
            {
                "targetGroupArn": target_group,
                "containerName": app_container(params),
                "containerPort": params["port"],
            }
        ],
        "healthCheckGracePeriodSeconds": params["health_check_grace_period"],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
    }
