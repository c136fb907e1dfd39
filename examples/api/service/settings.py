# SPDX-License-Identifier: GPL-3.0-or-later
"""The service's settings, read once from the environment; a wrong one stops the start with one clear line.

On Fargate the environment comes from the task definition: plain values from `environment`, keys from `secrets`
(Secrets Manager or SSM), so that a key never stands in a task definition or an image.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from yarl import URL

_PROVIDER = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)_BASE_URL")


class SettingsError(ValueError):
    """A setting that the service can't start with; the message is one line and holds no secret."""


@dataclass(frozen=True)
class Provider:
    """An LLM API: where it is and what opens it. The key is kept out of every repr.

    api_key: empty for a model of one's own inside the VPC; fallback: the provider that takes over, empty for none.
    """

    name: str
    base_url: URL
    api_key: str = field(repr=False)
    fallback: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything that comes from outside.

    host, port: the address to listen on (default 0.0.0.0:8080); color, digest: told by the deployment, "none" and
    "unknown" outside one; bucket: the S3 bucket of /items, None switches the route off; grace: the seconds that a
    stopping process gives the requests in flight, below ECS's default stopTimeout of 30 s.
    """

    host: str = "0.0.0.0"  # noqa: S104 - a container listens on every address of its task
    port: int = 8080
    color: str = "none"
    digest: str = "unknown"
    bucket: str | None = None
    grace: float = 10.0
    providers: Mapping[str, Provider] = field(default_factory=dict)


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in ENVIRON; raises SettingsError for the first wrong one."""
    return Settings(
        host=environ.get("HOST") or Settings.host,
        port=_number(environ, "PORT", Settings.port, 1, 65535),
        color=environ.get("SLIPWAY_COLOR") or Settings.color,
        digest=environ.get("SLIPWAY_IMAGE_DIGEST") or Settings.digest,
        bucket=environ.get("BUCKET") or None,
        grace=_number(environ, "GRACE_SECONDS", int(Settings.grace), 0, 110),
        providers=_providers(environ),
    )


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, got {text!r}")
    return int(text)


def _providers(environ: Mapping[str, str]) -> dict[str, Provider]:
    """Each NAME_BASE_URL with its NAME_API_KEY, under the name that the path /llm/<name>/ has: lower case, dashes."""
    found = {}
    for variable, value in environ.items():
        match = _PROVIDER.fullmatch(variable)
        if not match:
            continue
        key = environ.get(f"{match['name']}_API_KEY", "")
        url = _base_url(variable, value, key)
        if (not key and url.scheme == "https") or not key.isascii() or not key.isprintable():
            raise SettingsError(f"{match['name']}_API_KEY must be set, in one line, for {variable}")
        name = match["name"].lower().replace("_", "-")
        fallback = environ.get(f"{match['name']}_FALLBACK", "")
        found[name] = Provider(name=name, base_url=url, api_key=key, fallback=fallback)
    for provider in found.values():
        if provider.fallback and (provider.fallback not in found or found[provider.fallback].fallback):
            raise SettingsError(f"the fallback of provider {provider.name} must be another one without a fallback")
    return found


def _base_url(variable: str, value: str, key: str) -> URL:
    """The provider's base URL: https when a key travels with each request; plain http without one, or on loopback."""
    try:
        url = URL(value)
    except ValueError as error:
        raise SettingsError(f"{variable} is not a URL") from error
    if not url.host or url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise SettingsError(f"{variable} must be scheme://host[:port][/path] without user, query or fragment")
    if url.scheme != "https" and not (url.scheme == "http" and (not key or _is_loopback(url.host))):
        raise SettingsError(f"{variable} must be https (http is for loopback, and without a key)")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
