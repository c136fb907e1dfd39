# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Task definitions as values: composed from the task's input, compared with what ECS describes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

Body = dict[str, Any]

# What the caller names in snake_case (as in community.aws.ecs_taskdefinition) and free-form maps keep as they are.
_OPAQUE = {"options", "docker_labels", "dockerLabels"}
_RENAMED = {"containers": "containerDefinitions"}

# RegisterTaskDefinition's members (Amazon ECS API reference). Whatever else DescribeTaskDefinition adds, such as the
# revision, the status or who registered it, is no part of what was asked for.
_MEMBERS = (
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
)

# Values that ECS fills in where the request has none (Amazon ECS API reference, ContainerDefinition and HealthCheck).
_CONTAINER_DEFAULTS = {"essential": True, "cpu": 0, "versionConsistency": "enabled"}
_HEALTH_CHECK_DEFAULTS = {"interval": 30, "timeout": 5, "retries": 3}

COLOR_VARIABLE = "SLIPWAY_COLOR"
DIGEST_VARIABLE = "SLIPWAY_IMAGE_DIGEST"


def camelized(value: Any) -> Any:
    """snake_case keys to the API's camelCase, all the way down; camelCase keys and free-form maps stay."""
    if isinstance(value, list):
        return [camelized(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_camel(key): item if key in _OPAQUE else camelized(item) for key, item in value.items() if item is not None}


def _camel(key: str) -> str:
    if key in _RENAMED:
        return _RENAMED[key]
    first, *others = key.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def composed(given: Mapping[str, Any], family: str, image: str, app_container: str, extra: Mapping[str, str]) -> Body:
    """The RegisterTaskDefinition request of one color.

    given: the task_definition option; image, unless empty, goes into app_container and into every container that names
    none; extra: variables every container gets on top of its own environment.
    """
    body: Body = camelized(dict(given))
    body["family"] = family
    body.setdefault("networkMode", "awsvpc")
    body.setdefault("requiresCompatibilities", ["FARGATE"])
    for size in ("cpu", "memory"):
        if size in body:
            body[size] = str(body[size])
    for container in body["containerDefinitions"]:
        if image and (container["name"] == app_container or not container.get("image")):
            container["image"] = image
        environment = {item["name"]: str(item["value"]) for item in container.get("environment", [])}
        environment.update(extra)
        container["environment"] = [{"name": name, "value": environment[name]} for name in sorted(environment)]
    return body


def problems(given: Mapping[str, Any], app_container: str, image: str) -> list[str]:
    """What is wrong with the task_definition option itself."""
    containers = given.get("containers") or given.get("containerDefinitions") or given.get("container_definitions")
    if not isinstance(containers, list) or not containers:
        return ["task_definition: needs containers, a list of at least one container"]
    if not all(isinstance(container, dict) and container.get("name") for container in containers):
        return ["task_definition: every container needs a name"]
    if app_container not in [container["name"] for container in containers]:
        return [f"task_definition: no container is named {app_container!r}, the one that gets the image"]
    bare = [container["name"] for container in containers if not (image or container.get("image"))]
    found = [f"task_definition: container {', '.join(bare)} has no image, and there is no other"] if bare else []
    # As text, nothing would become the word None.
    empty = [
        f"{item.get('name')} of container {container['name']}"
        for container in containers
        for item in container.get("environment") or []
        if item.get("name") is None or item.get("value") is None
    ]
    return [
        *found,
        *([f"task_definition: {', '.join(empty)} has no value: give it one, or leave it out"] if empty else []),
    ]


def normalized(body: Mapping[str, Any]) -> Body:
    """The same for two task definitions exactly when running them is the same."""
    kept = {key: deepcopy(body[key]) for key in _MEMBERS if key in body}
    kept["containerDefinitions"] = [_container(item) for item in kept.get("containerDefinitions", [])]
    for size in ("cpu", "memory"):
        if kept.get(size) is not None:
            kept[size] = str(kept[size])
    return dict(sorted(_pruned(kept).items()))


def _container(container: Body) -> Body:
    made = {key: value for key, value in container.items() if _CONTAINER_DEFAULTS.get(key) != value}
    for key in ("environment", "secrets"):
        made[key] = sorted(made.get(key) or [], key=lambda item: str(item["name"]))
    made["portMappings"] = [_port(mapping) for mapping in made.get("portMappings") or []]
    if made.get("healthCheck"):
        made["healthCheck"] = {**_HEALTH_CHECK_DEFAULTS, **made["healthCheck"]}
    return made


def _port(mapping: Body) -> Body:
    """In awsvpc mode the host port is the container's; tcp is the default (Amazon ECS API reference, PortMapping)."""
    made = {"protocol": "tcp", **mapping}
    if made.get("hostPort") in (0, made["containerPort"]):
        del made["hostPort"]
    return made


def _pruned(value: Any) -> Any:
    """Without the empty lists, maps and nulls that ECS shows for what was not given."""
    if isinstance(value, dict):
        items = {key: _pruned(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value


def image_of(body: Mapping[str, Any], app_container: str) -> str:
    """The app container's image, empty when there is no such container."""
    containers = body.get("containerDefinitions", [])
    return next((str(item.get("image", "")) for item in containers if item["name"] == app_container), "")


def digest_of(body: Mapping[str, Any], app_container: str) -> str:
    """The digest that the app container is pinned to; empty for the bootstrap revision, which is pinned to none."""
    return image_of(body, app_container).partition("@")[2]


def digest_in(body: Mapping[str, Any]) -> str:
    """The digest in the variable that every container gets from composed(); empty for a revision not of ours."""
    variables = [
        item for container in body.get("containerDefinitions", []) for item in container.get("environment", [])
    ]
    return next((str(item["value"]) for item in variables if item["name"] == DIGEST_VARIABLE), "")
