# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Looks up what a deployment's tasks need, all at once, and has it judged before anything is changed.

A lookup that fails raises, as every read does: what could not be read is never taken for absent. Two may be refused
to the caller, and are then reported as not known: the image's configuration and IAM's simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.error import URLError

from .. import autoscaling, ecr, iam, log_groups, network_api, secrets_api
from ..together import together
from .image_plan import ImageReference, image_complaint, reference
from .notes_plan import policy_notes, timing_notes
from .observe import Clients, Scope
from .plan_model import COLORS, Snapshot, Wanted, other
from .platform_plan import image_of_manifest, platform_of_config
from .secret_plan import Decision, decisions
from .steps_plan import Plan, RegisterDefinition
from .task_definition_plan import image_of
from .verify_plan import Facts, Findings, Questions, distinct, findings, questions, starting

# What is looked up: (kind, name) -> the call.
Calls = dict[tuple[str, str], Callable[[], Any]]

_CONFIG_SECONDS = 5
_CONFIG_BYTES = 1 << 20


def verify(
    clients: Clients, scope: Scope, snapshot: Snapshot, plan: Plan, wanted: Wanted, app_container: str
) -> Findings:
    """What speaks against a plan of a deployment or a rollback, and what its reader should know."""
    if not plan.steps:
        return Findings()
    notes = _timing(scope, snapshot, plan, wanted)
    asked = [*_target(scope, snapshot, plan, wanted, app_container), *_beside(scope, snapshot, plan, app_container)]
    if not asked:
        return Findings(notes=tuple(notes))
    calls = _policy_lookups(clients, scope) if plan.target else {}
    for each in asked:
        calls |= _lookups(clients, snapshot, each)
    found = together(calls)
    policies = [policy for listed in _of("policies", found).values() for policy in listed]
    groups = [str(state.target_group) for state in snapshot.colors.values()]
    judged = [Findings(notes=(*notes, *policy_notes(policies, groups)))]
    described = snapshot.colors[plan.target].described if plan.target else None
    facts = _facts(found, snapshot.balancer, described)
    judged += [findings(each, _with_decisions(clients, each, facts)) for each in asked]
    return distinct(judged)


def _timing(scope: Scope, snapshot: Snapshot, plan: Plan, wanted: Wanted) -> list[str]:
    if plan.target is None:
        return []
    state, beside = snapshot.colors[plan.target], snapshot.colors[other(plan.target)]
    return timing_notes(beside, state, scope.name_of(state.color), wanted)


def _target(scope: Scope, snapshot: Snapshot, plan: Plan, wanted: Wanted, app_container: str) -> Iterator[Questions]:
    """What the color that takes over runs, if the plan starts tasks of it."""
    state = snapshot.colors[plan.target] if plan.target and starting(plan) else None
    if state is None or state.service is None:
        return
    known = [found for found in (state.definition, state.latest, state.released) if found]
    registered = next((found.body for found in known if found.arn == plan.definition), {})
    body = wanted.bodies.get(state.color) or registered
    image = _reference(image_of(body, app_container), scope) or scope.image
    yield questions(scope.service, body, state.service, app_container, image)


def _beside(scope: Scope, snapshot: Snapshot, plan: Plan, app_container: str) -> Iterator[Questions]:
    """What workers and scheduled tasks are to run. Of a deployment only: no worker keeps traffic from going back."""
    if scope.image is None:
        return
    services = {name: state.service for name, state in snapshot.workers.items()}
    own = snapshot.colors[plan.target].service if plan.target else services.get(scope.service)
    for step in plan.steps:
        if isinstance(step, RegisterDefinition) and step.color not in COLORS:
            service = services.get(step.color) or own
            if service is not None:
                image = _reference(image_of(step.request, app_container), scope) or scope.image
                yield replace(questions(scope.service, step.request, service, app_container, image), loaded=None)


def _reference(text: str, scope: Scope) -> ImageReference | None:
    return None if image_complaint(text) else reference(text, scope.image_accounts)


def _policy_lookups(clients: Clients, scope: Scope) -> Calls:
    resources = [autoscaling.resource_id(scope.cluster, scope.name_of(color)) for color in COLORS]
    client = clients.autoscaling
    return {("policies", name): partial(autoscaling.describe_policies, client, name) for name in resources}


def _lookups(clients: Clients, snapshot: Snapshot, asked: Questions) -> Calls:
    """What the snapshot does not tell."""
    calls: Calls = {}
    if asked.image and not asked.misplaced:
        manifest = snapshot.manifest if asked.image.digest == snapshot.image_digest else None
        calls["image", ""] = partial(_image, clients.ecr, asked.image, manifest)
    if asked.parameters:
        calls["parameters", ""] = partial(secrets_api.describe_parameters, clients.get("ssm"), list(asked.parameters))
    if asked.subnets:
        calls["subnets", ""] = partial(network_api.describe_subnets, clients.get("ec2"), list(asked.subnets))
    if asked.security_groups:
        groups = list(asked.security_groups)
        calls["security groups", ""] = partial(network_api.describe_security_groups, clients.get("ec2"), groups)
    for arn in asked.secrets:
        calls["secret", arn] = partial(secrets_api.describe_secret, clients.get("secretsmanager"), arn)
    for name in filter(None, asked.log_groups):
        calls["log group", name] = partial(log_groups.log_group_exists, clients.get("logs"), name)
    for arn in asked.roles:
        calls["role", arn] = partial(iam.get_role, clients.get("iam"), arn.rpartition("/")[2])
    return calls


def _facts(
    found: Mapping[tuple[str, str], Any], balancer: Mapping[str, Any] | None, group: Mapping[str, Any] | None
) -> Facts:
    exists, platforms, unknown = found.get(("image", ""), (True, (), ""))
    balancer = balancer or {}
    return Facts(
        image_exists=exists,
        platforms=platforms,
        unknown_platform=unknown,
        secrets=_of("secret", found),
        parameters=found.get(("parameters", ""), frozenset()),
        log_groups=frozenset(name for name, there in _of("log group", found).items() if there),
        roles=_of("role", found),
        subnets=found.get(("subnets", ""), {}),
        security_groups=found.get(("security groups", ""), {}),
        vpc=balancer.get("VpcId", ""),
        balancer_groups=tuple(balancer.get("SecurityGroups", ())),
        target_group=group,
    )


def _of(kind: str, found: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    return {name: value for (found_kind, name), value in found.items() if found_kind == kind}


def _image(client: Any, image: ImageReference, manifest: str | None = None) -> tuple[bool, tuple[str, ...], str]:
    """It exists; its platforms; why they are not known. manifest: the image's, if that has been read already."""
    if not image.digest:
        return False, (), ""
    manifest = manifest or ecr.get_manifest(client, image.account, image.repository, image.digest)
    if manifest is None:
        return False, (), ""
    described = image_of_manifest(manifest)
    if described.platforms or not described.config:
        return True, described.platforms, "its manifest names neither a platform nor a configuration"
    url = ecr.get_layer_url(client, image.account, image.repository, described.config)
    if url is None:
        return True, (), f"its configuration {described.config} cannot be had with ecr:GetDownloadUrlForLayer"
    return True, *_platform_at(url)


def _platform_at(url: str) -> tuple[tuple[str, ...], str]:
    """The registry keeps configurations in S3, which not every runner reaches."""
    # Loads cryptography: a tenth of a second, which only a deployment that starts tasks needs to spend.
    from ansible.module_utils.urls import open_url

    try:
        with open_url(url, timeout=_CONFIG_SECONDS) as answer:
            platform = platform_of_config(answer.read(_CONFIG_BYTES).decode())
    except (URLError, OSError, ValueError) as error:
        return (), f"its configuration cannot be read from {url.partition('?')[0]}: {' '.join(str(error).split())}"
    return ((platform,), "") if platform else ((), "its configuration names no platform")


def _with_decisions(clients: Clients, asked: Questions, facts: Facts) -> Facts:
    """Asks IAM whether the execution role may read what exists."""
    secrets = [described["ARN"] for described in facts.secrets.values() if described]
    parameters = [asked.arn_of(name) for name in facts.parameters]
    role = asked.execution_role
    if not (secrets or parameters) or role is None or facts.roles.get(role) is None:
        return facts
    client = clients.get("iam")
    calls: Calls = {}
    if secrets:
        calls["secrets", ""] = partial(iam.simulate, client, role, "secretsmanager:GetSecretValue", secrets)
    if parameters:
        calls["parameters", ""] = partial(iam.simulate, client, role, "ssm:GetParameters", parameters)
    answers = list(together(calls).values())
    if None in answers:
        return replace(facts, decisions=None)
    allowed = decisions(result for answer in answers for result in answer)
    return replace(facts, decisions=allowed, shared=_shared(clients, secrets, allowed))


def _shared(clients: Clients, secrets: list[str], allowed: Mapping[str, Decision]) -> frozenset[str]:
    """Secrets that the role's own policies do not open, and that have a policy of their own which might."""
    doubtful = [arn for arn in secrets if arn in allowed and not (allowed[arn].allowed or allowed[arn].explicit)]
    client = clients.get("secretsmanager") if doubtful else None
    return frozenset(arn for arn in doubtful if secrets_api.has_resource_policy(client, arn))
