# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The smallest invalidation that clears what changed, from the keys that changed to what CloudFront gets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .items_plan import WILDCARD, encoded, spelled, without_covered
from .routes_plan import SINGLE_PAGE, Routes, uris_of
from .tree_plan import Beside, Limits, coalesced

# CloudFront Developer Guide, "Concurrent invalidation request maximum": in progress per distribution at one time; the
# two are independent of each other.
MOST_PATHS = 3000
MOST_WILDCARDS = 15
# Paths of one invalidation that need no thought about the account's free thousand of the month.
DEFAULT_BUDGET = 10


@dataclass(frozen=True, slots=True)
class InProgress:
    """What the distribution's invalidations in progress use of the quotas."""

    paths: int = 0
    wildcards: int = 0

    @classmethod
    def of(cls, items: Iterable[str]) -> InProgress:
        """Tags count as neither: their quota is not documented."""
        named = [item for item in items if not item.startswith("#")]
        wild = sum(1 for item in named if item.endswith(WILDCARD))
        return cls(len(named) - wild, wild)


NOTHING = InProgress()


@dataclass(frozen=True, slots=True)
class PathsPlan:
    """items: what to invalidate, sorted; empty when nothing need be. needed: how many paths it stands for.

    immutable, unchanged: how many objects of either kind wildcards clear without need, as far as the caller named them.
    text: one line for people.
    """

    items: tuple[str, ...]
    needed: int
    immutable: int = 0
    unchanged: int = 0
    text: str = ""


def plan_paths(
    changed: Iterable[str],
    routes: Routes = SINGLE_PAGE,
    budget: int = DEFAULT_BUDGET,
    *,
    immutable: Collection[str] = (),
    unchanged: Collection[str] = (),
    running: InProgress = NOTHING,
) -> PathsPlan:
    """What clears every changed key with at most budget items.

    changed: keys, relative to the origin path, of objects whose bytes or headers changed or that are gone. immutable:
    keys of all immutable objects; those among changed are never invalidated, as their names change with their content.
    unchanged: the other keys that stay as they are. running: what others invalidate now, which CloudFront's quotas
    leave that much less room for. Ten paths and one wildcard are planned even where there is no room: to wait half a
    minute until some of those in progress are done is better than to clear what did not change.
    """
    fixed = set(immutable)
    keys = set(changed) - fixed
    needed = without_covered(item for key in keys for uri in uris_of(key, routes) for item in spelled(uri))
    limits = Limits(
        max(1, budget),
        max(DEFAULT_BUDGET, MOST_PATHS - running.paths),
        max(1, MOST_WILDCARDS - running.wildcards),
    )
    if _fit(needed, limits):
        return PathsPlan(tuple(needed), len(needed), text=_text(needed, needed))
    beside = Beside(
        [encoded(f"/{key}") for key in fixed], [encoded(f"/{key}") for key in set(unchanged) - keys - fixed]
    )
    items = without_covered(coalesced(needed, limits, beside))
    hits = [beside.hit(item[:-1]) for item in items if item.endswith(WILDCARD)]
    hit = sum(both[0] for both in hits), sum(both[1] for both in hits)
    return PathsPlan(tuple(items), len(needed), *hit, _text(items, needed, *hit))


def paths(changed: Iterable[str], routes: Routes, budget: int = DEFAULT_BUDGET) -> list[str]:
    """plan_paths for who knows nothing but what changed."""
    return list(plan_paths(changed, routes, budget).items)


def _fit(items: Collection[str], limits: Limits) -> bool:
    wild = sum(1 for item in items if item.endswith(WILDCARD))
    return len(items) <= limits.items and wild <= limits.wildcards and len(items) - wild <= limits.exact


def _text(items: Collection[str], needed: Collection[str], immutable: int = 0, unchanged: int = 0) -> str:
    if not items:
        return "nothing to invalidate"
    if len(items) == len(needed):
        return f"{len(items)} path{'' if len(items) == 1 else 's'}, each for itself"
    text = f"{len(needed)} paths coalesced into {len(items)}"
    if immutable:
        text += (
            f"; {immutable} immutable objects are fetched again though they did not change: a larger budget spares them"
        )
    elif unchanged:
        text += f"; {unchanged} unchanged objects are fetched again"
    return text
