# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a task definition's secrets refer to, taken apart, and what IAM says about reading them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CURRENT = "AWSCURRENT"
# An ARN of Secrets Manager has seven parts; ECS lets a JSON key, a version stage and a version id follow (Amazon ECS
# developer guide, "Pass Secrets Manager secrets through Amazon ECS environment variables").
_ARN_PARTS = 7


@dataclass(frozen=True, slots=True)
class SecretReference:
    """What one variable or log option is filled from.

    user: who needs it, for people. kind: secret, parameter, or empty for what is neither. place: the secret's ARN or
    the parameter's name. region, account: where it lies, None where the reference leaves that to the task.
    """

    user: str
    kind: str
    place: str
    region: str | None = None
    account: str | None = None
    stage: str = CURRENT
    version: str = ""

    @property
    def shown(self) -> str:
        return f"{self.kind or 'reference'} {self.place}"


@dataclass(frozen=True, slots=True)
class Decision:
    """IAM's answer for one resource. missing: context keys that the answer depends on and that a simulation lacks."""

    allowed: bool
    explicit: bool = False
    missing: tuple[str, ...] = ()


def references_of(body: Mapping[str, Any]) -> tuple[SecretReference, ...]:
    """All of a task definition: variables, log options and registry credentials of every container."""
    return tuple(found for container in body.get("containerDefinitions", []) for found in _references(container))


def _references(container: Mapping[str, Any]) -> Iterator[SecretReference]:
    name = container["name"]
    for item in container.get("secrets") or []:
        yield reference_of(f"{item['name']} of container {name}", str(item["valueFrom"]))
    for item in (container.get("logConfiguration") or {}).get("secretOptions") or []:
        yield reference_of(f"log option {item['name']} of container {name}", str(item["valueFrom"]))
    credentials = (container.get("repositoryCredentials") or {}).get("credentialsParameter")
    if credentials:
        yield reference_of(f"registry credentials of container {name}", str(credentials))


def reference_of(user: str, text: str) -> SecretReference:
    """Anything but an ARN is the name of a parameter in the task's region (Amazon ECS API reference, Secret)."""
    parts = text.split(":")
    if parts[0] != "arn":
        return SecretReference(user, "parameter", text)
    if len(parts) >= _ARN_PARTS and parts[2] == "secretsmanager" and parts[5] == "secret":
        stage, version = [*parts[_ARN_PARTS + 1 :], "", ""][:2]
        place = ":".join(parts[:_ARN_PARTS])
        return SecretReference(user, "secret", place, parts[3], parts[4], stage or CURRENT, version)
    if len(parts) == _ARN_PARTS - 1 and parts[2] == "ssm" and parts[5].startswith("parameter/"):
        name = parts[5].removeprefix("parameter/")
        # parameter/a/b is the ARN of /a/b. parameter/a is the ARN of a, and of /a as well.
        return SecretReference(user, "parameter", f"/{name}" if "/" in name else name, parts[3], parts[4])
    return SecretReference(user, "", text)


def names_of(reference: SecretReference) -> tuple[str, ...]:
    """The names under which the parameter may stand."""
    name = reference.place
    return (name,) if name.startswith("/") or reference.region is None else (name, f"/{name}")


def parameter_arn(partition: str, region: str, account: str, name: str) -> str:
    return f"arn:{partition}:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"


def version_problem(reference: SecretReference, described: Mapping[str, Any]) -> str | None:
    """Why a secret that exists has no value for the reference."""
    versions: Mapping[str, list[str]] = described.get("VersionIdsToStages") or {}
    if described.get("DeletedDate"):
        return "is scheduled for deletion: restore it (aws secretsmanager restore-secret)"
    if reference.version and reference.version not in versions:
        return f"has no version {reference.version}: name one that it has"
    if reference.version:
        return None
    if not any(reference.stage in stages for stages in versions.values()):
        return f"has no value with stage {reference.stage}: put one (aws secretsmanager put-secret-value)"
    return None


def decisions(results: Iterable[Mapping[str, Any]]) -> dict[str, Decision]:
    """Resource ARN -> decision.

    Of several resources IAM gives the one by one answers in ResourceSpecificResults (IAM API reference,
    EvaluationResult).
    """
    found = {}
    for result in results:
        for item in result.get("ResourceSpecificResults") or [result]:
            decision = item.get("EvalResourceDecision") or item["EvalDecision"]
            missing = tuple(item.get("MissingContextValues") or ())
            found[item["EvalResourceName"]] = Decision(decision == "allowed", decision == "explicitDeny", missing)
    return found
