# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether the module's parameters can be, and what they say. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..invalidation.paths_plan import MOST_PATHS
from .model_plan import Edge, Keeping

_RELEASE = re.compile(r"[0-9a-f]{8,64}")
_LEAST_KEPT = 2
# The most of /config.json, in bytes: it is read anew by every visitor, and kept in the site's state.
_LARGEST_CONFIG = 64 * 1024


def problems(params: Mapping[str, Any]) -> list[str]:
    """What cannot be, one text each."""
    release, edge = params["release"], params["invalidation"]
    checks = {
        f"release {release!r}: 8 to 64 hexadecimal digits": release and not _RELEASE.fullmatch(release),
        "release: pruning has none": release and params["action"] == "prune",
        f"keep_releases {params['keep_releases']}: at least {_LEAST_KEPT}, or nothing is left to roll back to": (
            params["keep_releases"] < _LEAST_KEPT
        ),
        f"keep_days {params['keep_days']:g}: not negative": params["keep_days"] < 0,
        f"max_bytes {params['max_bytes']}, max_files {params['max_files']}: at least 1": (
            min(params["max_bytes"], params["max_files"]) < 1
        ),
        f"threads {params['threads']}: 1 to 256": not 1 <= params["threads"] <= 256,
        f"invalidation.budget_paths {edge['budget_paths']}: 1 to {MOST_PATHS}": (
            not 1 <= edge["budget_paths"] <= MOST_PATHS
        ),
    }
    found = [text for text, wrong in checks.items() if wrong]
    found += [f"invalidation.routes {route!r}: {why}" for route in edge["routes"] for why in _route_problem(route)]
    text = config_text(params["config"])
    if text is not None and len(text.encode()) > _LARGEST_CONFIG:
        found.append(f"config: more than {_LARGEST_CONFIG} bytes as JSON")
    return found


def _route_problem(route: str) -> list[str]:
    if not route.startswith("/"):
        return ["a path starts with a slash"]
    return ["* can only be the last character"] if "*" in route[:-1] else []


def config_text(config: Mapping[str, Any] | None) -> str | None:
    """What /config.json holds, the same for the same content."""
    return None if config is None else json.dumps(config, indent=1, sort_keys=True) + "\n"


def edge_of(params: Mapping[str, Any]) -> Edge:
    edge = params["invalidation"]
    return Edge(edge["mode"], edge["budget_paths"], tuple(edge["routes"]))


def keeping_of(params: Mapping[str, Any]) -> Keeping:
    return Keeping(params["keep_releases"], params["keep_days"])
