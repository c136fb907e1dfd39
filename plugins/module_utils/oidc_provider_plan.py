# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of an account's OpenID Connect provider, of which there is one a URL, whoever uses it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CREATE = "create"
ADD_AUDIENCE = "add audience"
DELETE = "delete"


@dataclass(frozen=True)
class Provider:
    """As IAM has it."""

    audiences: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """kept: why a provider that was to go stays; empty when it does not, or was not to go."""

    steps: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    kept: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything is to do."""
        return bool(self.steps)


def plan_present(found: Provider | None, audience: str, tags: Mapping[str, str]) -> Plan:
    """A provider that is there keeps its tags, which say who made it, and its other audiences."""
    if found is None:
        return Plan((CREATE,), {}, _shown(Provider((audience,), tags)))
    if audience in found.audiences:
        return Plan((), _shown(found), _shown(found))
    after = Provider((*found.audiences, audience), found.tags)
    return Plan((ADD_AUDIENCE,), _shown(found), _shown(after))


def plan_absent(found: Provider | None, tags: Mapping[str, str], trusting: Iterable[str]) -> Plan:
    """It goes if these tags made it and no role trusts it any more. trusting: names of roles that do."""
    if found is None:
        return Plan((), {}, {})
    before = _shown(found)
    if not tags or any(found.tags.get(key) != value for key, value in tags.items()):
        return Plan((), before, before, "it has not the tags of this environment, so somebody else made it")
    others = sorted(trusting)
    if others:
        return Plan((), before, before, f"roles still trust it: {', '.join(others)}")
    return Plan((DELETE,), before, {})


def trusts(document: Mapping[str, Any], provider_arn: str) -> bool:
    """Whether a role's trust policy names the provider."""
    statements = document.get("Statement", [])
    return any(
        provider_arn in _federated(each) for each in ([statements] if isinstance(statements, dict) else statements)
    )


def _federated(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    named = principal.get("Federated", []) if isinstance(principal, Mapping) else []
    return [named] if isinstance(named, str) else list(named)


def _shown(provider: Provider) -> dict[str, Any]:
    return {"audiences": sorted(provider.audiences), "tags": dict(provider.tags)}
