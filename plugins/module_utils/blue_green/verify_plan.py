# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What would keep a deployment's tasks from starting or from being reached, found before anything is changed. Pure.

questions says what has to be looked up for a task definition, verify.py looks it up, findings judges what it found:
all of it at once, each finding one line that names the resource and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .commands_plan import playbook
from .fargate_plan import limit_problems, size_problem, total_problems
from .image_plan import ImageReference, place_problem
from .native_steps_plan import StartRollout
from .plan_model import Service
from .platform_plan import wanted_platform
from .reach_plan import admits
from .secret_plan import Decision, SecretReference, names_of, parameter_arn, references_of, version_problem
from .steps_plan import Plan, RegisterDefinition, UpdateService

TRUSTED = "ecs-tasks.amazonaws.com"
_ASSUME = {"sts:AssumeRole", "sts:*", "*"}


@dataclass(frozen=True, slots=True)
class Findings:
    """problems: why nothing may be changed. notes: what a person should know and decide."""

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.problems + other.problems, self.notes + other.notes)


@dataclass(frozen=True, slots=True)
class Questions:
    """What to look up for a task definition of service, whose body it is. region, account: where the service is.

    app_container takes the traffic. loaded: the container port that the service registers with the load balancer.
    image: None when the task definition's image is no image of Amazon ECR, whose registry cannot be asked.
    misplaced: why the image is not one of this account and region.
    """

    service: str
    body: Mapping[str, Any]
    app_container: str
    region: str
    account: str
    partition: str
    loaded: int | None = None
    references: tuple[SecretReference, ...] = ()
    log_groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    execution_role: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    image: ImageReference | None = None
    misplaced: str | None = None

    @property
    def site(self) -> str:
        return playbook("site", self.service)

    def here(self, reference: SecretReference) -> bool:
        """It lies where this run's clients look."""
        return (reference.region or self.region, reference.account or self.account) == (self.region, self.account)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.place for item in self.references if item.kind == "secret" and self.here(item)))

    @property
    def parameters(self) -> tuple[str, ...]:
        found = [item for item in self.references if item.kind == "parameter" and self.here(item)]
        return tuple(dict.fromkeys(name for item in found for name in names_of(item)))

    def arn_of(self, parameter: str) -> str:
        return parameter_arn(self.partition, self.region, self.account, parameter)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked up. None as a value: it does not exist.

    image_exists: False when ECR lacks the digest. platforms: what the image is built for, empty when that cannot be
    known, and unknown_platform says why. secrets, roles: ARN -> as AWS describes it. decisions: ARN of a secret or
    parameter -> may the execution role read it; None: not allowed to simulate. shared: secrets with a policy of their
    own. vpc, balancer_groups: the load balancer's, and its security groups. target_group: as described.
    """

    image_exists: bool = True
    platforms: tuple[str, ...] = ()
    unknown_platform: str = ""
    secrets: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    decisions: Mapping[str, Decision] | None = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    log_groups: frozenset[str] = frozenset()
    roles: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    subnets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    security_groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    vpc: str = ""
    balancer_groups: tuple[str, ...] = ()
    target_group: Mapping[str, Any] | None = None


def starting(plan: Plan) -> bool:
    """The plan starts tasks of its target: only then does it matter whether they can start."""
    return any(
        isinstance(step, RegisterDefinition | StartRollout)
        or (isinstance(step, UpdateService) and step.color == plan.target and step.changes.get("desiredCount", 0) > 0)
        for step in plan.steps
    )


def questions(
    name: str, body: Mapping[str, Any], service: Service, app_container: str, image: ImageReference | None
) -> Questions:
    """name: of the whole service; service: of the color that the task definition is for."""
    _arn, partition, _ecs, region, account = service.arn.split(":")[:5]
    network = service.settings.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    ports = [int(item["containerPort"]) for item in service.settings.get("loadBalancers", [])]
    roles = [str(body[name]) for name in ("taskRoleArn", "executionRoleArn") if body.get(name)]
    return Questions(
        service=name,
        body=body,
        app_container=app_container,
        region=region,
        account=account,
        partition=partition,
        loaded=next(iter(ports), None),
        references=references_of(body),
        log_groups=tuple(dict.fromkeys(_log_groups(body, region))),
        roles=tuple(dict.fromkeys(roles)),
        execution_role=body.get("executionRoleArn"),
        subnets=tuple(network.get("subnets", ())),
        security_groups=tuple(network.get("securityGroups", ())),
        image=image,
        misplaced=place_problem(image, service.arn) if image else None,
    )


def _log_groups(body: Mapping[str, Any], region: str) -> Iterator[str]:
    """Groups that must exist: none is created, and it is in the region that this run looks at."""
    for container in body.get("containerDefinitions", []):
        log = container.get("logConfiguration") or {}
        options = log.get("options") or {}
        created = str(options.get("awslogs-create-group", "")).lower() == "true"
        if log.get("logDriver") == "awslogs" and not created and options.get("awslogs-region", region) == region:
            yield str(options.get("awslogs-group", ""))


def distinct(found: Iterable[Findings]) -> Findings:
    """All of them; what the service and what runs beside it have in common is said once."""
    whole = sum(found, Findings())
    return Findings(tuple(dict.fromkeys(whole.problems)), tuple(dict.fromkeys(whole.notes)))


def findings(asked: Questions, facts: Facts) -> Findings:
    problems = [
        *_task_definition(asked.body),
        *_image(asked, facts),
        *_secrets(asked, facts),
        *_logs(asked, facts),
        *_roles(asked, facts),
        *_network(asked, facts),
        *_reach(asked, facts),
        *_port(asked, facts),
    ]
    notes = [*_image_notes(asked, facts), *_secret_notes(asked, facts), *_port_notes(asked, facts)]
    return Findings(tuple(problems), tuple(notes))


def _task_definition(body: Mapping[str, Any]) -> Iterator[str]:
    size = size_problem(body)
    for problem in [*([size] if size else []), *limit_problems(body), *total_problems(body)]:
        yield f"task definition {body.get('family')}: {problem}"


def _image(asked: Questions, facts: Facts) -> Iterator[str]:
    if asked.image is None:
        return
    if asked.misplaced:
        yield f"{asked.misplaced}: copy it there, by digest"
        return
    wanted = wanted_platform(asked.body)
    shown = asked.image.digest or asked.image.tag or "latest"
    if not facts.image_exists:
        yield f"image {shown} is not in repository {asked.image.uri}: push it, or name one that is there"
    elif facts.platforms and wanted not in facts.platforms:
        yield (
            f"image {asked.image.uri} {shown} is built for {', '.join(facts.platforms)}, the task runs on {wanted}: "
            "build it for that, or change runtimePlatform"
        )


def _image_notes(asked: Questions, facts: Facts) -> Iterator[str]:
    if asked.image and not asked.misplaced and facts.image_exists and not facts.platforms:
        yield f"for which platform image {asked.image.uri} is built is not known: {facts.unknown_platform}"


def _secrets(asked: Questions, facts: Facts) -> Iterator[str]:
    for item in asked.references:
        problem = _secret_problem(item, asked, facts)
        if problem:
            yield f"{item.shown} ({item.user}) {problem}"


def _secret_problem(item: SecretReference, asked: Questions, facts: Facts) -> str | None:
    if not item.kind:
        return "is neither a Secrets Manager secret's ARN nor an SSM parameter's ARN or name: correct it"
    if not asked.here(item):
        return None
    arn = _existing(item, asked, facts)
    if arn is None:
        return "does not exist: create it, with its value"
    described = facts.secrets.get(item.place) or {}
    problem = version_problem(item, described) if item.kind == "secret" else None
    return problem or _reading_problem(arn, item, asked, facts)


def _existing(item: SecretReference, asked: Questions, facts: Facts) -> str | None:
    """The ARN by which IAM knows it; None when it does not exist."""
    if item.kind == "secret":
        described = facts.secrets.get(item.place)
        return str(described["ARN"]) if described else None
    return next((asked.arn_of(name) for name in names_of(item) if name in facts.parameters), None)


def _reading_problem(arn: str, item: SecretReference, asked: Questions, facts: Facts) -> str | None:
    if asked.execution_role is None:
        return "needs an execution role that may read it: give the task definition one"
    decision = (facts.decisions or {}).get(arn)
    if decision is None or decision.allowed or (not decision.explicit and (decision.missing or arn in facts.shared)):
        return None
    action = "secretsmanager:GetSecretValue" if item.kind == "secret" else "ssm:GetParameters"
    how = "is denied" if decision.explicit else "is not allowed"
    return f"cannot be read: {asked.execution_role} {how} {action} on it: correct the role's policy"


def _secret_notes(asked: Questions, facts: Facts) -> Iterator[str]:
    role = asked.execution_role
    if facts.decisions is None and (asked.secrets or asked.parameters):
        yield f"whether {role} may read the secrets is not known: iam:SimulatePrincipalPolicy is denied to this run"
    for item in asked.references:
        if item.kind and not asked.here(item):
            yield f"{item.shown} ({item.user}) is not checked: it lies in {item.account}, {item.region}"
            continue
        arn = _existing(item, asked, facts) if item.kind else None
        decision = (facts.decisions or {}).get(arn or "")
        if decision is None or decision.allowed or decision.explicit:
            continue
        if decision.missing:
            why = f"its policy asks for {', '.join(decision.missing)}"
            yield f"whether {role} may read {item.shown} is not known: {why}"
        elif arn in facts.shared:
            yield f"whether {role} may read {item.shown} is not known: only the secret's own policy can allow it"


def _logs(asked: Questions, facts: Facts) -> Iterator[str]:
    for name in asked.log_groups:
        if not name:
            yield "log driver awslogs has no awslogs-group: name one"
        elif name not in facts.log_groups:
            yield f"log group {name} does not exist: run {asked.site}, which creates it, or set awslogs-create-group"


def _roles(asked: Questions, facts: Facts) -> Iterator[str]:
    for arn in asked.roles:
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        if account != asked.account:
            yield f"role {arn} is no role of account {asked.account}: name one of this account"
            continue
        role = facts.roles.get(arn)
        if role is None:
            yield f"role {arn} does not exist: run {asked.site}, which creates it"
        elif not trusts(role.get("AssumeRolePolicyDocument") or {}):
            yield f"role {arn} does not trust {TRUSTED}, so no task can take it: correct its trust policy"


def trusts(document: Mapping[str, Any]) -> bool:
    """A role's trust policy lets ECS tasks take the role. Conditions are taken as met: only ECS can tell."""
    return any(_trusts(statement) for statement in _listed(document.get("Statement")))


def _trusts(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else _listed(principal)
    named = TRUSTED in services or "*" in services
    return statement.get("Effect") == "Allow" and named and bool(_ASSUME & set(_listed(statement.get("Action"))))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _port_notes(asked: Questions, facts: Facts) -> Iterator[str]:
    """ECS registers each target with the container's port, so that the group's own port only misleads."""
    group = facts.target_group
    if group and asked.loaded is not None and group.get("Port") != asked.loaded:
        name = group["TargetGroupName"]
        yield f"target group {name} has port {group.get('Port')}, its targets get port {asked.loaded}"


def _network(asked: Questions, facts: Facts) -> Iterator[str]:
    for kind, wanted, found in (
        ("subnet", asked.subnets, facts.subnets),
        ("security group", asked.security_groups, facts.security_groups),
    ):
        for name in wanted:
            if name not in found:
                yield f"{kind} {name} of the service's network does not exist: correct it, then run {asked.site}"
            elif facts.vpc and found[name]["VpcId"] != facts.vpc:
                there = found[name]["VpcId"]
                misplaced = f"{kind} {name} is in {there}, the load balancer in {facts.vpc}"
                yield f"{misplaced}: correct it, then run {asked.site}"


def _reach(asked: Questions, facts: Facts) -> Iterator[str]:
    whole = asked.security_groups and set(asked.security_groups) <= set(facts.security_groups)
    if whole and facts.balancer_groups and asked.loaded is not None:
        groups = [facts.security_groups[name] for name in asked.security_groups]
        if not admits(groups, facts.balancer_groups, asked.loaded):
            yield (
                f"security group {', '.join(asked.security_groups)} lets nothing in on port {asked.loaded} from the "
                f"load balancer's {', '.join(facts.balancer_groups)}: allow it, or run {asked.site}, which does"
            )


def _port(asked: Questions, facts: Facts) -> Iterator[str]:
    group = facts.target_group
    containers = {item["name"]: item for item in asked.body.get("containerDefinitions", [])}
    mappings = (containers.get(asked.app_container) or {}).get("portMappings") or []
    ports = {int(item["containerPort"]) for item in mappings}
    shown = ", ".join(map(str, sorted(ports))) or "none"
    if asked.loaded is not None and asked.loaded not in ports:
        yield (
            f"container {asked.app_container} has the ports {shown}, the load balancer's targets have {asked.loaded}: "
            f"map that port, or have both services created anew by {asked.site}"
        )
    if group is None:
        return
    name = group["TargetGroupName"]
    if group.get("TargetType") != "ip":
        yield f"target group {name} has target type {group.get('TargetType')}, Fargate tasks need ip: create it anew"
    if facts.vpc and group.get("VpcId") != facts.vpc:
        yield f"target group {name} is in {group.get('VpcId')}, the load balancer in {facts.vpc}: create it anew"
