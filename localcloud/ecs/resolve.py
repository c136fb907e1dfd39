# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task definition to what Fargate runs: image, secrets, log stream, environment.

Whatever cannot be resolved is a StartError with AWS's words (Developer Guide, "Amazon ECS stopped tasks error
messages" and its pages on CannotPullContainerError and ResourceInitializationError).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.ecr.models import ecr_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends
from moto.sts.models import sts_backends

from localcloud.ecs.logs import open_log
from localcloud.fargate.spec import ContainerSpec, LogSink, parse_health_check
from localcloud.images import ANNOTATION, Image

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)")
_SECRET_ARN = re.compile(r"(arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:[^:]+)(?::([^:]*):([^:]*):([^:]*))?")
_PULL_SECRETS = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed"
)


class StartError(Exception):
    """A task cannot start; the message is its stoppedReason."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task runs: what its containers' environment needs. extra: variables every process of the cloud has."""

    account_id: str
    region: str
    task_arn: str
    address: str
    endpoint_url: str
    role_arn: str | None
    extra: Mapping[str, str]


def container_spec(
    place: Place, definition: Mapping[str, Any], override: Mapping[str, Any], images: Mapping[str, Image]
) -> tuple[ContainerSpec, str]:
    """What Fargate runs for this container definition, and the digest of its image. StartError if that is unknown."""
    image, digest = find_image(definition["image"], images)
    environment = [*definition.get("environment", ()), *override.get("environment", ())]
    env = (
        image.env_for(place.address, sys.executable)
        | {item["name"]: item["value"] for item in environment}
        | {item["name"]: read_secret(place, item["valueFrom"]) for item in definition.get("secrets", ())}
        | _given(place)
    )
    spec = ContainerSpec(
        name=definition["name"],
        command=tuple(_command(definition, override, image, place.address)),
        folder=image.folder,
        env=env,
        essential=definition.get("essential", True),
        stop_timeout=float(definition.get("stopTimeout") or 30),
        health=parse_health_check(definition.get("healthCheck"), place.address),
        log=_log(place, definition),
    )
    return spec, digest


def find_image(reference: str, images: Mapping[str, Image]) -> tuple[Image, str]:
    """The program that a task definition's image stands for, and its digest: by its manifest in ECR."""
    match = _ECR.match(reference)
    for pushed in _pushed(match["account"], match["region"], match["repository"]) if match else ():
        if _names(reference, pushed.image_tags, pushed.get_image_digest()):
            annotations = json.loads(pushed.image_manifest).get("annotations") or {}
            image = images.get(annotations.get(ANNOTATION, ""))
            if image:
                return image, pushed.get_image_digest()
    raise StartError(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {reference}: {reference}: not found"
    )


def _pushed(account_id: str, region: str, repository: str) -> list[Any]:
    try:
        return list(ecr_backends[account_id][region].repositories[repository].images)
    except KeyError:
        return []


def _names(reference: str, tags: list[str], digest: str) -> bool:
    name, _, wanted = reference.partition("@")
    if wanted:
        return wanted == digest
    tag = name.rpartition("/")[2].partition(":")[2] or "latest"
    return tag in tags


def read_secret(place: Place, value_from: str) -> str:
    """The value that a container's secret refers to: Secrets Manager by ARN (also with :json-key:version-stage:
    version-id), else a parameter of SSM by ARN or name."""
    secret = _SECRET_ARN.fullmatch(value_from)
    if secret:
        return _secretsmanager(*secret.groups(default=""))
    return _parameter(place, value_from)


def _secretsmanager(arn: str, key: str, stage: str, version: str) -> str:
    try:
        backend = secretsmanager_backends[arn.split(":")[4]][arn.split(":")[3]]
        found = backend.get_secret_value(arn, version or None, stage or (None if version else "AWSCURRENT"))
    except (JsonRESTError, ServiceException, KeyError) as error:
        raise StartError(
            f"{_PULL_SECRETS}: unable to retrieve secret from asm: service call has been retried 1 time(s): "
            f"failed to fetch secret {arn} from secrets manager: ResourceNotFoundException: "
            "Secrets Manager can't find the specified secret."
        ) from error
    text = str(found.get("SecretString") or found.get("SecretBinary") or "")
    return _json_key(arn, text, key) if key else text


def _json_key(arn: str, text: str, key: str) -> str:
    where = f"{_PULL_SECRETS}: unable to retrieve secret from asm: service call has been retried 1 time(s)"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise StartError(f"{where}: invalid character in secret value, expected JSON: {arn}") from error
    if not isinstance(values, dict) or key not in values:
        raise StartError(f"{where}: retrieved secret from Secrets Manager did not contain json key {key}")
    value = values[key]
    return value if isinstance(value, str) else json.dumps(value)


def _parameter(place: Place, name: str) -> str:
    account, region = (name.split(":")[4], name.split(":")[3]) if name.startswith("arn:") else (None, None)
    backend = ssm_backends[account or place.account_id][region or place.region]
    short = name.partition(":parameter")[2] if name.startswith("arn:") else name
    for candidate in (short, short.removeprefix("/")):
        parameter = backend.get_parameter(candidate)
        if parameter is not None:
            return str(parameter.response_object(decrypt=True, region=place.region)["Value"])
    raise StartError(
        f"{_PULL_SECRETS}: unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
        f"invalid parameters: {name}"
    )


def _log(place: Place, definition: Mapping[str, Any]) -> LogSink | None:
    configuration = definition.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return None
    options = configuration.get("options", {})
    stream = f"{options.get('awslogs-stream-prefix')}/{definition['name']}/{place.task_arn.rsplit('/', 1)[1]}"
    try:
        return open_log(place.account_id, options.get("awslogs-region", place.region), options, stream)
    except LookupError as error:
        raise StartError(
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
            "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
            "exist. : exit status 1"
        ) from error


def _given(place: Place) -> dict[str, str]:
    """What Fargate and the local cloud add; nothing of the user's environment but PATH and LANG."""
    given = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOST": place.address,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_ENDPOINT_URL": place.endpoint_url,
        **place.extra,
    }
    if place.role_arn:
        role = sts_backends[place.account_id]["aws"].assume_role(
            place.region, place.task_arn.rsplit("/", 1)[1], place.role_arn, "", 6 * 3600, ""
        )
        given |= {
            "AWS_ACCESS_KEY_ID": role.access_key_id,
            "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
            "AWS_SESSION_TOKEN": role.session_token,
        }
    return given


def _command(definition: Mapping[str, Any], override: Mapping[str, Any], image: Image, address: str) -> list[str]:
    """As containers do it: the image's command unless the definition or the override of RunTask has another.

    A definition's entry point takes the place of the image's, and the image's command goes with it.
    """
    command = override.get("command") or definition.get("command") or ()
    if definition.get("entryPoint"):
        return [*definition["entryPoint"], *command]
    return image.command_for(address, sys.executable, command)
