# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""For which platforms an image is built, as far as its manifest says, and which one a task has. Pure.

Shapes: OCI image specification, "Image Index", "Image Manifest" and "Image Configuration"; Docker's are the same here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Amazon ECS API reference, RuntimePlatform -> how images name the same.
_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


@dataclass(frozen=True, slots=True)
class Image:
    """What a manifest says. platforms: "linux/amd64" and the like. config: digest of the blob that says it instead.

    parts: digests of the manifests that an index leads to, one of which a task runs.
    """

    platforms: tuple[str, ...] = ()
    config: str | None = None
    parts: frozenset[str] = frozenset()


def image_of_manifest(text: str) -> Image:
    """An empty Image for a manifest that says nothing."""
    manifest = _object(text)
    entries = manifest.get("manifests")
    if isinstance(entries, list):
        # An index also lists attestations, for a platform "unknown/unknown".
        shown = [platform_of(entry.get("platform") or {}) for entry in entries]
        parts = frozenset(str(entry["digest"]) for entry in entries if entry.get("digest"))
        return Image(tuple(sorted({name for name in shown if name})), parts=parts)
    config = manifest.get("config")
    return Image(config=str(config["digest"])) if isinstance(config, dict) and config.get("digest") else Image()


def platform_of_config(text: str) -> str | None:
    return platform_of(_object(text))


def platform_of(described: Mapping[str, Any]) -> str | None:
    system, architecture = described.get("os"), described.get("architecture")
    if not system or not architecture or "unknown" in (system, architecture):
        return None
    return f"{system}/{architecture}"


def wanted_platform(body: Mapping[str, Any]) -> str:
    """The platform a task definition asks for; Fargate's default is Linux on X86_64."""
    platform = body.get("runtimePlatform") or {}
    architecture = str(platform.get("cpuArchitecture") or "X86_64")
    family = str(platform.get("operatingSystemFamily") or "LINUX")
    return f"{family.partition('_')[0].lower()}/{_ARCHITECTURES.get(architecture, architecture.lower())}"


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
