# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run tells before its first change: what it found, what it is going to do, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .gates_plan import objections
from .observe import Clients, Scope
from .plan_model import Snapshot, Wanted
from .progress import Progress
from .shadow_plan import shadow_warnings
from .steps_plan import Plan
from .summary_plan import summary
from .verify import verify
from .verify_plan import Findings


@dataclass(frozen=True, slots=True)
class Briefing:
    """summary: the result's plan."""

    findings: Findings = field(default_factory=Findings)
    summary: Mapping[str, Any] = field(default_factory=dict)


def brief(
    clients: Clients,
    scope: Scope,
    progress: Progress,
    snapshot: Snapshot,
    plan: Plan,
    wanted: Wanted,
    app_container: str,
    lock: str | None = None,
) -> Briefing:
    """Tells the plan, looks up what it needs, and answers with both; whoever asked decides whether to go on.

    lock: who else holds the service's lease, for people.
    """
    told = summary(snapshot, plan, wanted, lock)
    for line in told["text"]:
        progress.say(f"plan: {line}")
    findings = verify(clients, scope, snapshot, plan, wanted, app_container)
    findings += Findings(tuple(objections(snapshot, plan, wanted.gates)))
    findings += Findings(notes=tuple(shadow_warnings(snapshot)))
    for note in findings.notes:
        progress.say(f"note: {note}")
    for problem in findings.problems:
        progress.say(f"problem: {problem}")
    return Briefing(findings, told)
