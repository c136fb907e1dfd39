# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run finds before it does anything, in one line for people. Pure."""

from __future__ import annotations

from .native_text_plan import unfinished
from .plan_model import WITHDRAWN, ColorState, Snapshot
from .task_definition_plan import digest_in
from .traffic_plan import color_weights, interrupted_color, shares
from .worker_text_plan import SHOWN_DIGEST, worker_text


def short_digest(state: ColorState) -> str:
    """What the color's service runs: the beginning of the digest, or the revision's name."""
    digest = digest_in(state.definition.body) if state.definition else ""
    if digest:
        return digest[:SHOWN_DIGEST]
    return (state.service.definition.rpartition("/")[2] if state.service else "") or "nothing"


def found_text(snapshot: Snapshot) -> str:
    """Weights and tasks, then whatever was left unfinished."""
    if not snapshot.colors:
        return worker_text(snapshot)
    weights = color_weights(snapshot, snapshot.production)
    shown = [
        f"{color} {weight} ({state.healthy}/{state.desired} healthy, {short_digest(state)})"
        for color, weight in weights.items()
        for state in [snapshot.colors[color]]
    ]
    traffic = f"production: {', '.join(shown)}" if shown else "no production rule"
    left = unfinished(snapshot, snapshot.native) if snapshot.native else _unfinished(snapshot)
    return "; ".join([traffic, *left])


def _unfinished(snapshot: Snapshot) -> list[str]:
    found = []
    parts = shares(snapshot)
    for color, state in snapshot.colors.items():
        if state.candidate:
            found.append(f"a deployment of {short_digest(state)} to {color} {_progress(snapshot, state, parts)}")
        elif state.service and state.service.release == WITHDRAWN and parts.get(color):
            found.append(f"a rollback from {color} was interrupted")
        elif state.desired and not parts.get(color) and not state.warm_until:
            found.append(f"{color} has tasks but no traffic")
        if state.warm_until:
            found.append(f"{color} is kept warm until {state.warm_until} UTC")
        if state.recorded:
            found.append(f"scaling is held, it was {state.recorded.text} on {color}")
    return found


def _progress(snapshot: Snapshot, state: ColorState, parts: dict[str, int]) -> str:
    share = parts.get(state.color, 0)
    if interrupted_color(snapshot):
        return f"was interrupted after the shift to {share} %"
    if share:
        return "was interrupted after the whole shift, before it was marked as released"
    return "awaits approval" if state.awaiting else "was interrupted before the shift"
