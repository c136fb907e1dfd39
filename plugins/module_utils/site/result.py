# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The module's result, of an ending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from .ending_plan import next_command, with_advice
from .state_plan import Current
from .steps_plan import Plan
from .transaction import Ending, Job

# Paths named in a result; the rest is counts, as thousands of names help nobody and slow Ansible down.
SAMPLE = 50


def result_of(ending: Ending, job: Job, bundle: str, calls: int) -> dict[str, Any]:
    """In check mode the steps are those that would be taken. calls: requests that were not the store's."""
    plan, progress = ending.plan, job.progress
    steps = [record.shown() for record in progress.records] or [_planned(step.title, step.stage) for step in plan.steps]
    about = (ending.outcome, job.action, bundle, job.release)
    message = with_advice(ending.message, *about)
    current = ending.current
    after = plan.after if job.check_mode and plan.after else current
    return {
        "outcome": ending.outcome,
        "changed": ending.changed,
        "msg": message,
        "bucket": job.bucket,
        "distribution_id": job.distribution_id,
        "site_url": job.edge.site_url,
        "release": ending.release,
        "digest": f"sha256:{ending.release}" if ending.release else "",
        "previous": after.previous if after else "",
        "live": current.release if current and current.active else "",
        "seq": after.seq if after else 0,
        "found": ending.found,
        "reason": ending.reason,
        "next": next_command(message, *about),
        "counts": {
            name: dict(Counter(plan.kinds.get(path, "file") for path in getattr(plan.counts, name)))
            for name in ("added", "changed", "unchanged", "removed")
        },
        "files": {name: list(getattr(plan.counts, name)[:SAMPLE]) for name in ("added", "changed", "removed")},
        "bytes": ending.run.moved if ending.run else plan.bytes if job.check_mode else 0,
        "requests": _requests(job) + calls,
        "invalidation": _invalidation(ending, plan),
        "proof": ending.run.proof.shown() if ending.run and ending.run.proof else None,
        "kept": _kept(current),
        "problems": list(ending.problems),
        "notes": list(ending.notes),
        "started": progress.started,
        "steps": steps,
        "timings": progress.timings(),
        "diff": {name: _text(side) for name, side in plan.diff.items()},
    }


def _planned(title: str, stage: str) -> dict[str, Any]:
    return {"name": title, "stage": stage, "status": "planned", "started": 0.0, "seconds": 0.0, "detail": ""}


def _requests(job: Job) -> int:
    """The store counts its own; those that were repeated are among the others already."""
    return sum(number for kind, number in job.store.requests.items() if kind != "retry")


def _invalidation(ending: Ending, plan: Plan) -> dict[str, Any] | None:
    if not plan.items:
        return None
    made = ending.run.invalidation if ending.run else None
    return {
        "id": made.id if made else "",
        "paths": list(plan.items),
        "reference": plan.reference,
        "status": made.status if made else "planned",
        "price": plan.price,
        "price_text": plan.price_text,
        "seconds": round(ending.run.waited, 3) if ending.run else 0.0,
    }


def _kept(current: Current | None) -> list[dict[str, Any]]:
    kept = sorted(current.kept, key=lambda one: one.seq, reverse=True) if current else []
    names = ("release", "seq", "activated", "deactivated")
    return [{name: getattr(one, name) for name in names} for one in kept]


def _text(side: dict[str, Any]) -> str:
    """As --diff shows it: a line for the release and one a file."""
    lines: Iterable[str] = [f"release {side['release'] or 'none'}, activation {side['seq']}", *side["files"]]
    return "\n".join(lines) + "\n"
