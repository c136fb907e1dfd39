# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What to do after a try at a request to S3: believe the answer, try again, or give up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# Tries at one request. With full jitter the waits between them are 11 s on average, 23 s at most.
ATTEMPTS = 8
FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0
# The most of a Retry-After that is waited for.
LONGEST_RETRY_AFTER = 60.0
# The bytes are not those of the checksum. Damaged on their way: once more; a file that changed: no third time.
DAMAGED_ATTEMPTS = 2

SKEWED = "RequestTimeTooSkewed"
_DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})
_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
# Of these some come with 400, 403 or 409. ConditionalRequestConflict: another conditional write was in progress; the
# documents on conditional writes say to send the request again.
_TRANSIENT_CODES = frozenset(
    {
        "ConditionalRequestConflict",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
    }
)


class Verdict(Enum):
    """What comes next."""

    DONE = "done"
    AGAIN = "again"
    CORRECT_CLOCK = "correct the clock, then again"
    NOT_AS_WANTED = "the condition does not hold"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Tried:
    """One try. number: 1 for the first. status: of the answer, 0 without one. code: of S3's error, empty without one.

    may_be_absent: that there is no such object answers the request's question. corrected: the clock was, already.
    """

    number: int
    status: int
    code: str = ""
    may_be_absent: bool = False
    corrected: bool = False


def verdict(tried: Tried) -> Verdict:
    """What comes after this try. Redirections are failures: they lead to another region, which has to be told."""
    if _is_answer(tried):
        return Verdict.DONE
    if tried.code == SKEWED:
        return Verdict.FAIL if tried.corrected else Verdict.CORRECT_CLOCK
    if tried.status == 412:
        return Verdict.NOT_AS_WANTED
    if tried.code in _DAMAGED:
        return Verdict.AGAIN if tried.number < DAMAGED_ATTEMPTS else Verdict.FAIL
    if is_transient(tried.status, tried.code) and tried.number < ATTEMPTS:
        return Verdict.AGAIN
    return Verdict.FAIL


def _is_answer(tried: Tried) -> bool:
    """A success, which a late error in its body would spoil, or an absence that was asked about."""
    if tried.status == 404:
        return tried.may_be_absent and tried.code in ("", "NoSuchKey")
    return 200 <= tried.status < 300 and not tried.code


def is_transient(status: int, code: str) -> bool:
    """Whether the same request may well succeed later. No answer at all (status 0) is such a case."""
    return status == 0 or status in _TRANSIENT_STATUS or code in _TRANSIENT_CODES


def wait_range(number: int, retry_after: str) -> tuple[float, float]:
    """Seconds before the try after `number`: between the first and the second of the pair, at random.

    retry_after: that header of the answer, in seconds; its other form, a date, is not S3's and counts as none.
    """
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1))
    if retry_after.isdecimal():
        asked = min(float(retry_after), LONGEST_RETRY_AFTER)
        return asked, asked + ceiling
    return 0.0, ceiling


@dataclass
class Budget:
    """What all requests of a store may spend on tries after their first: an outage is not to be met by a flood.

    As in botocore's standard mode: a retry costs, and what succeeds gives something back. Not for several threads
    without a lock.
    """

    left: int = 500
    most: int = 500
    price: int = 5

    def spend(self) -> bool:
        """False: nothing is left for this retry."""
        if self.left < self.price:
            return False
        self.left -= self.price
        return True

    def refill(self) -> None:
        """A request was done."""
        self.left = min(self.most, self.left + 1)
