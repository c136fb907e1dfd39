# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""An invalidation and its distribution as they are exchanged, and what is decided about them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .items_plan import matches

# Exactly so, in upper and lower case: InvalidationCompleted in botocore's waiters.
COMPLETED = "Completed"
# Seconds that the clocks of S3 and CloudFront may differ, and by which S3 rounds down.
_SKEW = 5.0
# An answer that names an invalidation so much older, in seconds, than the answer is brought none into being.
_FRESH = 3.0
_POLLS = (1.0, 2.0, 4.0, 5.0)
# The CloudFront API reference documents the first; AWS also answers the second, with words about the caller reference.
_CLASHES = ("InvalidationBatchAlreadyExists", "InvalidArgument")
_BUSY = "TooManyInvalidationsInProgress"
# Answers that leave open whether the request was carried out, or that say that it was not yet.
_UNSETTLED = (
    "InternalFailure",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestExpired",
    "500",
    "502",
    "503",
    "504",
)


@dataclass(frozen=True, slots=True)
class Invalidation:
    """created: Unix seconds by CloudFront's clock. adopted: there was one already that does it."""

    id: str
    status: str
    reference: str
    items: tuple[str, ...]
    created: float
    adopted: bool = False

    @property
    def completed(self) -> bool:
        return self.status == COMPLETED


@dataclass(frozen=True, slots=True)
class Distribution:
    """As far as an invalidation needs it. tag_header: empty where the distribution did not opt in to cache tags.
    in_progress: how many invalidations are."""

    id: str
    domain: str
    enabled: bool
    deployed: bool
    tag_header: str
    in_progress: int


def covering(running: Iterable[Invalidation], items: Sequence[str], since: float | None) -> Invalidation | None:
    """The invalidation in progress that clears all items and was made after the origin's last change.

    since: Unix seconds of that change. One from before may have passed an edge that has fetched the old object again
    since, so that it proves nothing; without since there is none.
    """
    if since is None:
        return None
    for one in running:
        late = one.created >= since + _SKEW
        if late and all(any(matches(own, item) for own in one.items) for item in items):
            return one
    return None


def judged(code: str, message: str, answered: bool) -> str:
    """What an error of CreateInvalidation means: busy, clash, unsettled or refused. answered: by CloudFront at all."""
    if code == _BUSY:
        return "busy"
    if code == _CLASHES[0] or (code == _CLASHES[1] and "caller reference" in message.lower()):
        return "clash"
    return "unsettled" if not answered or code in _UNSETTLED else "refused"


def is_old(created: float, answered: float) -> bool:
    """Whether CloudFront answered with an invalidation that was there before. Both times are CloudFront's."""
    return answered - created > _FRESH


def poll_after(polls: int) -> float:
    """Seconds until the next look, after so many: most are done in a few seconds, nearly all within half a minute."""
    return _POLLS[min(polls, len(_POLLS) - 1)]


def few(items: Sequence[str]) -> str:
    """The items for a line of text: all of a few, else the first and how many more."""
    return ", ".join(items) if len(items) <= 3 else f"{', '.join(items[:2])} and {len(items) - 2} more"


def served(items: Sequence[str]) -> str:
    """What visitors get as long as nothing is invalidated."""
    return f"edges may go on serving what they cached of {few(items)}"


def wait_command(distribution_id: str, invalidation_id: str) -> str:
    return shlex.join(
        [
            "aws",
            "cloudfront",
            "wait",
            "invalidation-completed",
            "--distribution-id",
            distribution_id,
            "--id",
            invalidation_id,
        ]
    )


def list_command(distribution_id: str) -> str:
    return shlex.join(
        ["aws", "cloudfront", "list-invalidations", "--distribution-id", distribution_id, "--max-items", "20"]
    )


def clash_text(distribution_id: str, reference: str, items: Sequence[str], other: Invalidation | None) -> str:
    named = f" by {other.id} ({few(other.items)})" if other else ""
    return (
        f"{distribution_id}: the caller reference {reference!r} was used before{named} for other paths than"
        f" {few(items)}, so nothing was invalidated and {served(items)}; give another reference, one that names this"
        f" change, and run it again. What there is: {list_command(distribution_id)}"
    )


def busy_text(distribution_id: str, items: Sequence[str], seconds: float, again: str) -> str:
    return (
        f"{distribution_id}: CloudFront took no further invalidation for {seconds:.0f} s"
        f" (TooManyInvalidationsInProgress), so nothing was invalidated and {served(items)}; see what is in progress:"
        f" {list_command(distribution_id)}; then {again}"
    )


def unsettled_text(distribution_id: str, items: Sequence[str], error: str, again: str) -> str:
    return (
        f"{distribution_id}: CloudFront did not say whether it invalidates {few(items)}: {error}; until it does"
        f" {served(items)}; {again}, which makes no second one"
    )


def refused_text(distribution_id: str, items: Sequence[str], error: str) -> str:
    return f"{distribution_id}: CloudFront refused to invalidate {few(items)}, and {served(items)}: {error}"


def unreadable_text(distribution_id: str, invalidation: Invalidation, error: str) -> str:
    return (
        f"{distribution_id}: invalidation {invalidation.id} was accepted and goes on, but whether it is done cannot be"
        f" read: {error}; until it is {served(invalidation.items)}"
    )


def pending_text(distribution_id: str, invalidation: Invalidation, seconds: float, again: str) -> str:
    return (
        f"{distribution_id}: invalidation {invalidation.id} is still {invalidation.status} after {seconds:.0f} s; it"
        f" goes on by itself, and until it is done {served(invalidation.items)}; to wait for it:"
        f" {wait_command(distribution_id, invalidation.id)}; then {again}"
    )
