# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Makes an invalidation exactly once and waits for it.

What a lost answer, a crash or two runs at once would double is one, as the caller's reference is the same each time.
Every failure says which distribution it was about, what visitors are served now and what to run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import ClientError

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from . import api
from .model_plan import (
    Invalidation,
    busy_text,
    clash_text,
    covering,
    is_old,
    judged,
    pending_text,
    poll_after,
    refused_text,
    unreadable_text,
    unsettled_text,
)
from .observe import invalidation_from, newest, read

# Where a reference was used before, its invalidation is looked for among so many of the newest.
LOOKED_AT = 10


class InvalidationError(Exception):
    """The invalidation cannot be made, or its end was not seen. One line, for people."""


class InvalidationTimeoutError(InvalidationError):
    """The deadline passed. invalidation: the one that goes on all the same, None where none was accepted."""

    def __init__(self, text: str, invalidation: Invalidation | None = None) -> None:
        super().__init__(text)
        self.invalidation = invalidation


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run waits: say tells people, pause may raise what ends the run, deadline is a value of clock.

    again: the words that end a failure, with the command that goes on from there. longest: seconds between two looks.
    """

    say: Callable[[str], None]
    deadline: float
    again: str = "run the same again"
    longest: float = 5.0
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    @property
    def over(self) -> bool:
        return self.clock() >= self.deadline

    def rest(self, seconds: float) -> None:
        """Pauses, at most until the deadline."""
        self.pause(max(0.0, min(seconds, self.longest, self.deadline - self.clock())))


def invalidate(
    client: Any,
    distribution_id: str,
    items: Sequence[str],
    reference: str,
    pace: Pace,
    *,
    known: Sequence[Invalidation] = (),
    before: Collection[str] = (),
    since: float | None = None,
) -> Invalidation:
    """The invalidation of items, which clears them but need not be done; wait() waits for it.

    known: those in progress, as observe.running() has them. before: ids of others that there were, as observe.newest()
    has them; one that is a few seconds old and in neither is taken for new. since: Unix seconds of the origin's last
    change; an invalidation in progress that is younger and clears all of items is adopted. Where CloudFront takes no
    more for now it is asked again until the deadline, and so where its answer got lost, with the same reference.
    Raises InvalidationError, InvalidationTimeoutError.
    """
    ordered = sorted(set(items))
    found = covering(known, ordered, since)
    if found:
        pace.say(f"{found.id} {found.status}: clears the same and was made after the last change, so it is adopted")
        return replace(found, adopted=True)
    made = _make(client, distribution_id, ordered, reference, pace)
    if made.id in {*before, *(one.id for one in known)}:
        made = replace(made, adopted=True)
    pace.say(f"{made.id} {made.status}: {'adopted, as it has the same reference' if made.adopted else 'created'}")
    return made


def _make(client: Any, distribution_id: str, items: list[str], reference: str, pace: Pace) -> Invalidation:
    started, attempts = pace.clock(), 0
    while True:
        try:
            return _once(client, distribution_id, items, reference, repeated=attempts > 0)
        except AnsibleAWSError as error:
            code, message, answered = _error_of(error)
            verdict, text = judged(code, message, answered), " ".join(str(error).split())
        if verdict == "refused":
            raise InvalidationError(refused_text(distribution_id, items, text))
        if verdict == "clash":
            return _same(client, distribution_id, items, reference)
        if pace.over:
            raise InvalidationTimeoutError(
                busy_text(distribution_id, items, pace.clock() - started, pace.again)
                if verdict == "busy"
                else unsettled_text(distribution_id, items, text, pace.again)
            )
        waits = "too many invalidations are in progress" if verdict == "busy" else f"no settled answer ({code or text})"
        pace.say(f"{waits}, asked again with the same reference; {pace.clock() - started:.0f} s so far")
        pace.rest(poll_after(attempts))
        attempts += 1


def _once(client: Any, distribution_id: str, items: list[str], reference: str, *, repeated: bool) -> Invalidation:
    """One that the answer shows to be older was there before, unless it is this run's own, whose answer got lost."""
    answer = api.create_invalidation(client, distribution_id, reference, items)
    made = invalidation_from(answer["Invalidation"])
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    answered = parsedate_to_datetime(date).timestamp() if date else made.created
    return replace(made, adopted=not repeated and is_old(made.created, answered))


def _same(client: Any, distribution_id: str, items: list[str], reference: str) -> Invalidation:
    """CloudFront says that the reference was used. Where that was for these very items, theirs is the invalidation."""
    other = _named(client, distribution_id, reference)
    if other and sorted(other.items) == items:
        return replace(other, adopted=True)
    raise InvalidationError(clash_text(distribution_id, reference, items, other))


def _named(client: Any, distribution_id: str, reference: str) -> Invalidation | None:
    """The invalidation of that reference, if it is among the newest."""
    for one in newest(client, distribution_id, LOOKED_AT):
        found = read(client, distribution_id, one)
        if found.reference == reference:
            return found
    return None


def would_adopt(
    client: Any,
    distribution_id: str,
    items: Sequence[str],
    reference: str,
    known: Sequence[Invalidation] = (),
    since: float | None = None,
) -> Invalidation | None:
    """What invalidate() would adopt, for check mode; None where it makes one. Raises InvalidationError for a clash.

    One that is older than the newest few is not found, and CloudFront alone would know it.
    """
    ordered = sorted(set(items))
    found = covering(known, ordered, since) or _named(client, distribution_id, reference)
    if found and found.reference == reference and sorted(found.items) != ordered:
        raise InvalidationError(clash_text(distribution_id, reference, ordered, found))
    return replace(found, adopted=True) if found else None


def wait(client: Any, distribution_id: str, invalidation: Invalidation, pace: Pace) -> Invalidation:
    """The invalidation once it is Completed.

    Raises InvalidationTimeoutError at the deadline, and InvalidationError when CloudFront refuses to tell.
    """
    started, polls = pace.clock(), 0
    latest = invalidation
    while not latest.completed:
        if pace.over:
            text = pending_text(distribution_id, latest, pace.clock() - started, pace.again)
            raise InvalidationTimeoutError(text, latest)
        pace.rest(poll_after(polls))
        polls += 1
        latest = replace(_look(client, distribution_id, latest, pace), adopted=invalidation.adopted)
        pace.say(f"{latest.id} {latest.status} after {pace.clock() - started:.0f} s")
    return latest


def _look(client: Any, distribution_id: str, latest: Invalidation, pace: Pace) -> Invalidation:
    """A look that got no answer is followed by another; one that was refused ends the wait."""
    try:
        return read(client, distribution_id, latest.id)
    except AnsibleAWSError as error:
        code, message, answered = _error_of(error)
        text = " ".join(str(error).split())
        if judged(code, message, answered) != "unsettled":
            raise InvalidationError(unreadable_text(distribution_id, latest, text)) from error
        pace.say(f"{latest.id}: no answer ({code or text})")
        return latest


def _error_of(error: AnsibleAWSError) -> tuple[str, str, bool]:
    """Code and message of the AWS error behind it, and whether AWS answered at all."""
    cause = error.exception
    if not isinstance(cause, ClientError):
        return "", str(cause), False
    found = cause.response.get("Error", {})
    return found.get("Code", ""), found.get("Message", ""), True
