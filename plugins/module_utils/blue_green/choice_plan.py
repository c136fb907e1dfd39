# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which of two colors shall have the traffic when the rule does not say it. Pure and total."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What speaks for a color and against it.

    healthy: targets. proven: what it runs has taken traffic before. candidate: what it runs was brought by a deployment
    that has not ended. leaving: it is only kept warm until a scheduled action takes its tasks away.
    """

    healthy: int
    proven: bool = False
    candidate: bool = False
    leaving: bool = False
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """color None: nothing tells; why says it in any case."""

    color: str | None
    why: str


# From the strongest to the weakest; what is asked of a color, and what that says about the chosen one.
_SIGNS: tuple[tuple[Callable[[Standing], int], str], ...] = (
    (lambda standing: not standing.candidate, "the other one runs the candidate of a deployment that has not ended"),
    (lambda standing: standing.proven, "it runs a release that was proven, the other one does not"),
    (lambda standing: not standing.leaving, "the other one is only kept warm"),
    (lambda standing: standing.weight, "it has the greater weight"),
)


def choose(standings: Mapping[str, Standing]) -> Choice:
    """Of the colors with healthy targets, the one that is the release."""
    healthy = {color: standing for color, standing in standings.items() if standing.healthy}
    if not healthy:
        return Choice(None, f"neither {' nor '.join(standings)} has a healthy target")
    if len(healthy) == 1:
        return Choice(next(iter(healthy)), "it alone has healthy targets")
    for sign, why in _SIGNS:
        ranked = sorted(healthy, key=lambda color: sign(healthy[color]), reverse=True)
        if sign(healthy[ranked[0]]) > sign(healthy[ranked[1]]):
            return Choice(ranked[0], why)
    return Choice(None, f"both {' and '.join(standings)} are healthy, and nothing tells which one is the release")
