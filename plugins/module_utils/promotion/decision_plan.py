# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""May this artifact go to this environment? Decided from the proof, or in spite of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..outcome_plan import plain
from .proof_plan import Proof, moved_away

PROVEN = "proven"
BROKEN_GLASS = "broken_glass"
BLOCKED = "blocked"

LEAST_REASON = 20
MOST_REASON = 500
_SHOWN_REASON = 200
_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """source: the environment that must have proven it; site: whether it is a site's release, not an image.

    artifact: what the next command names it, such as api@sha256:... or BUNDLE.
    """

    service: str
    source: str
    environment: str
    site: bool = False
    artifact: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """outcome: proven, broken_glass or blocked. reason: why not proven, one sentence for people.

    break_glass: the reason that was typed, only where it opened what was closed.
    """

    outcome: str
    reason: str = ""
    break_glass: str = ""
    notes: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.outcome != BLOCKED


def short(digest: str) -> str:
    """A digest for people."""
    return digest.removeprefix("sha256:")[:_SHOWN_DIGITS]


def break_glass_text(given: Any) -> str:
    """What was typed, as one line; empty for nothing."""
    return plain(given)[:MOST_REASON] if isinstance(given, str) else ""


def break_glass_problem(given: Any) -> str:
    """Why it does not count as a reason; empty when it does, or when nothing was given."""
    if given is None or given == "":
        return ""
    if not isinstance(given, str):
        return "break_glass is not a text"
    length = len(plain(given))
    if length >= LEAST_REASON:
        return ""
    return (
        f"break_glass has {length} characters, and a reason that others can judge has at least {LEAST_REASON} (quote it"
        """ for Ansible, too: -e '{"break_glass": "why it cannot wait"}')"""
    )


def told(record: Mapping[str, Any]) -> str:
    """One run for people: what it was, how it ended, when, by whom."""
    by = f" by {plain(record['by'])}" if record.get("by") else ""
    return f"{record['kind']} of {str(record['id']).partition('#')[0]}{by}"


def why_not(asked: Asked, proof: Proof) -> str:
    """The sentence that says why the records do not prove it."""
    name, record = short(proof.digest), proof.record
    if record is None:
        return f"{asked.source} has no record of {asked.service} {name}: it never ran there"
    ended = f"{told(record)} ended {record['outcome']}{_because(record)}"
    if record.get("digest") != proof.digest and moved_away(record, proof.digest):
        return f"{asked.source} went back from {name} since: the {ended}"
    return f"{name} did not pass in {asked.source}: its {ended}"


def _because(record: Mapping[str, Any]) -> str:
    reason = plain(record.get("reason", ""))
    cut = reason if len(reason) <= _SHOWN_REASON else f"{reason[:_SHOWN_REASON]}..."
    return f" ({cut})" if cut else ""


def decide(reason: str, break_glass: Any = "") -> Decision:
    """reason: why the artifact is not proven, whether its records say so or cannot be read; empty when it is."""
    problem, text = break_glass_problem(break_glass), break_glass_text(break_glass)
    if not reason:
        note = ("break_glass was given and not needed: it is not recorded",) if text else ()
        return Decision(PROVEN, notes=note)
    if problem:
        return Decision(BLOCKED, f"{reason}; {problem}")
    return Decision(BROKEN_GLASS, reason, text) if text else Decision(BLOCKED, reason)


def prove_command(asked: Asked, digest: str = "") -> str:
    """What gives the proof. A name without a registry is the repository of that name in the environment's account."""
    start = f"ansible-playbook -i inventories/{asked.source} playbooks"
    if asked.site:
        return f"{start}/deploy_frontend.yml -e bundle={asked.artifact or 'BUNDLE'}"
    image = asked.artifact or f"{asked.service}@{digest or 'DIGEST'}"
    return f"{start}/deploy_backend.yml -e service={asked.service} -e image={image}"


def reach_command(asked: Asked) -> str:
    """What lets this environment read the other's records."""
    return f"ansible-playbook -i inventories/{asked.source} playbooks/site.yml"


def refusal(asked: Asked, decision: Decision, command: str) -> str:
    """The whole message of a refusal."""
    who = "visitors" if asked.site else "users"
    return (
        f"{asked.service}: {decision.reason}. Nothing was changed in {asked.environment}: its {who} are served what"
        f" they were served before. Next: `{command}`"
    )
