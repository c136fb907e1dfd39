# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a service that is a worker runs, in one line for people: it has no traffic whose place could be told. Pure."""

from __future__ import annotations

from .plan_model import Snapshot, WorkerState
from .task_definition_plan import digest_in

SHOWN_DIGEST = len("sha256:") + 12


def worker_text(snapshot: Snapshot) -> str:
    shown = [_worker(state) for state in snapshot.workers.values()]
    return "; ".join(shown) or f"{snapshot.service} does not exist"


def _worker(state: WorkerState) -> str:
    service = state.service
    if service is None:
        return f"worker {state.name} does not exist"
    name = service.definition.rpartition("/")[2]
    digest = digest_in(state.definition.body)[:SHOWN_DIGEST] if state.definition else ""
    rolling = "" if service.steady else ", a roll is under way"
    what = f"{name}, {digest}" if digest else name
    return f"worker {state.name}: {service.running}/{service.desired} running ({what}){rolling}"
