# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The module's options from the variables of an inventory. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Variables = Mapping[str, Any]

# Option -> the variable that has its value.
PLAIN = {
    "name": "slipway_environment",
    "account_id": "slipway_account_id",
    "region": "slipway_region",
    "vpc": "vpc_name",
    "load_balancer": "alb_name",
    "cluster": "ecs_service_cluster",
    "table": "release_store_name",
    "oidc": "github_oidc_name",
}
ATLAS = ("auth", "client_id", "client_secret", "public_key", "private_key")
NEEDED = ("slipway_environment", "slipway_account_id", "slipway_region")

NAMES = (
    *PLAIN.values(),
    *(f"atlas_peering_{name}" for name in (*ATLAS, "enabled", "project_id", "cluster")),
    "slipway_profile",
    "slipway_promotion",
    "slipway_name",
    "services",
    "ecs_service_engine",
    "cloudfront_site_name",
    "cloudfront_site_bucket",
    "gpu_host_name",
    "gpu_host_model",
    "llm_server_model_name",
)
"""All variables that are read."""


def lacking(variables: Variables) -> list[str]:
    """Those without which there is no environment to read."""
    return [name for name in NEEDED if not variables.get(name)]


def parameters(variables: Variables) -> dict[str, Any]:
    """The options. variables: rendered; those that an inventory lacks are not looked for."""
    found = {option: str(variables[name]) for option, name in PLAIN.items() if variables.get(name)}
    engine = str(variables.get("ecs_service_engine") or "two_service")
    return {
        **found,
        "services": [_service(entry, engine) for entry in variables.get("services") or []],
        "site": _named(variables, name="cloudfront_site_name", bucket="cloudfront_site_bucket"),
        "gpu": {
            "name": str(variables.get("gpu_host_name") or ""),
            "model": str(variables.get("llm_server_model_name") or variables.get("gpu_host_model") or ""),
        },
        "atlas": _atlas(variables),
        "gate": {str(key): value for key, value in (variables.get("slipway_promotion") or {}).items()},
    }


def _named(variables: Variables, **names: str) -> dict[str, str]:
    return {key: str(variables.get(name) or "") for key, name in names.items()}


def _service(entry: Variables, engine: str) -> dict[str, Any]:
    providers = entry.get("llm_providers") or []
    return {
        "name": str(entry["name"]),
        "kind": str(entry.get("kind") or "web"),
        "engine": str(entry.get("engine") or engine),
        "workers": [str(worker["name"]) for worker in entry.get("workers") or []],
        "providers": [str(provider["name"]) for provider in providers],
    }


def _atlas(variables: Variables) -> dict[str, Any]:
    """Empty credentials are left out: the module takes them from the environment then."""
    if str(variables.get("atlas_peering_enabled", False)).lower() not in ("true", "yes", "1"):
        return {}
    given = {name: variables.get(f"atlas_peering_{name}") for name in ("project_id", *ATLAS)}
    cluster = variables.get("atlas_peering_cluster") or {}
    return {name: str(value) for name, value in given.items() if value} | {"cluster": str(cluster.get("name") or "")}


def profile_of(variables: Variables, profiles: list[str], *, several: bool) -> str:
    """The AWS profile for the environment, empty for the credentials that the process has.

    One set of credentials is of one account: where several environments are read, the profile with the environment's
    name is taken, if there is one. profiles: those that AWS's configuration files have.
    """
    given = str(variables.get("slipway_profile") or "")
    usual = str(variables.get("slipway_name") or "")
    return given or (usual if several and usual in profiles else "")
