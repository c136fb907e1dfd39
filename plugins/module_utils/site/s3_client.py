# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Requests to one bucket, signed, sent, and tried again as long as that makes sense."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import BotoCoreError, ClientError

from .s3_answer_plan import Refusal, read_error
from .s3_errors import Failure, PreconditionFailedError, StoreError
from .s3_request_plan import EMPTY_SHA256, Unsigned, escape, head_of, query_string, signed_headers, stamp
from .s3_retry_plan import Budget, Tried, Verdict, is_transient, verdict, wait_range
from .s3_wire import Answer, BrokenAnswerError, FileBody, Wire, find_place

_NOTHING = Refusal()
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_WRONG_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"})
_MAYBE_ABSENT = "S3 also answers so for an object that is not there, to whom s3:ListBucket is not granted"
_HINTS = {
    "BadDigest": "The file changed after the release was planned: run again",
    "XAmzContentSHA256Mismatch": "The file changed after the release was planned: run again",
    "ExpiredToken": "The credentials have expired: get new ones and run again; what was written is not sent again",
    "NoSuchBucket": "The bucket does not exist: run site.yml first",
    "RequestTimeTooSkewed": "This machine's clock is wrong, and S3's answer did not tell the right time",
}


@dataclass(frozen=True, slots=True)
class Request:
    """kind: what it is called in counts (`put`, `get`, `head`, `list`, `copy`, `delete`).

    key: empty for the bucket itself. headers: lower-case names. may_be_absent: 404 is an answer.
    late_errors: 200 can come with an error document.
    sink: called for each try; what it returns takes the body of a success piece by piece.
    """

    kind: str
    method: str
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FileBody = b""
    sha256: str = EMPTY_SHA256
    may_be_absent: bool = False
    late_errors: bool = False
    sink: Callable[[], Callable[[bytes], None]] | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How a caller waits. say: hears why, one line. wait: sleeps; True when the caller gives up."""

    say: Callable[[str], None]
    wait: Callable[[float], bool | None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try at a request: what was answered, or why nothing was."""

    number: int
    answer: Answer | None = None
    error: Exception | None = None
    refusal: Refusal = _NOTHING

    @property
    def status(self) -> int:
        return self.answer.status if self.answer else 0

    @property
    def headers(self) -> Mapping[str, str]:
        return self.answer.headers if self.answer else {}

    @property
    def code(self) -> str:
        """S3's own, else what HTTP calls the status."""
        if self.refusal.code or not self.answer:
            return self.refusal.code
        return _REASONS.get(self.answer.status, "")

    @property
    def stale(self) -> bool:
        return isinstance(self.error, BrokenAnswerError) and self.error.stale

    def verdict(self, may_be_absent: bool, corrected: bool) -> Verdict:
        if isinstance(self.error, ssl.SSLCertVerificationError):
            return Verdict.FAIL
        return verdict(Tried(self.number, self.status, self.refusal.code, may_be_absent, corrected))


class S3Client:
    """May be used by several threads at once."""

    def __init__(self, client: Any, bucket: str, verify: bool | str | None, timeouts: tuple[float, float]) -> None:
        self.bucket = bucket
        # kind -> requests sent, tries after the first among them as `retry`.
        self.sent: Counter[str] = Counter()
        try:
            self._place = find_place(client, bucket)
            self._wire = Wire(self._place, verify, timeouts)
        except (BotoCoreError, OSError, ValueError) as error:
            raise StoreError(Failure("OPEN", bucket, "", 0, "", _text(error), "", 1)) from error
        self._lock = threading.Lock()
        self._budget = Budget()
        # Seconds that S3's clock is ahead of this machine's, once it was found to be wrong.
        self._ahead = 0.0

    def close(self) -> None:
        self._wire.close()

    def call(self, request: Request, patience: Patience) -> Answer:
        """The answer: a success, or 404 where that is one. Raises PreconditionFailedError, StoreError."""
        number, fresh, uncertain, corrected = 1, False, False, False
        while True:
            attempt = self._try(request, number, fresh)
            decision = attempt.verdict(request.may_be_absent, corrected)
            if attempt.answer and decision is Verdict.DONE:
                with self._lock:
                    self._budget.refill()
                return attempt.answer
            if decision is Verdict.NOT_AS_WANTED:
                raise PreconditionFailedError(self._failure(request, attempt), uncertain)
            if attempt.answer and decision is Verdict.CORRECT_CLOCK:
                corrected = self._correct_clock(attempt.answer)
            elif decision is Verdict.FAIL or not (attempt.stale or self._wait(request, attempt, patience)):
                raise StoreError(self._failure(request, attempt))
            uncertain = uncertain or is_transient(attempt.status, "")
            fresh = attempt.stale
            # That a kept connection had been closed says nothing about S3.
            number += not attempt.stale

    def failure(self, request: Request, message: str) -> Failure:
        """Of what S3 has no part in, or not by its status."""
        return Failure(request.method, self.bucket, request.key, 0, "", message, "", 1)

    def _try(self, request: Request, number: int, fresh: bool) -> _Attempt:
        with self._lock:
            self.sent[request.kind] += 1
        try:
            sink = request.sink() if request.sink else None
            answer = self._wire.exchange(request.method, self._head(request), request.body, sink, fresh)
        # RuntimeError is what botocore says of credentials that cannot be refreshed.
        except (FileNotFoundError, PermissionError, ValueError, RuntimeError, BotoCoreError, ClientError) as error:
            raise StoreError(self.failure(request, _text(error))) from error
        except OSError as error:
            return _Attempt(number, error=error)
        return _Attempt(number, answer, refusal=_refusal(request, answer))

    def _head(self, request: Request) -> bytes:
        place = self._place
        size = request.body.size if isinstance(request.body, FileBody) else len(request.body)
        headers = {"host": place.host, **request.headers}
        if request.method in ("PUT", "POST"):
            headers["content-length"] = str(size)
        path = place.prefix + escape(request.key)
        unsigned = Unsigned(request.method, path, query_string(request.query), headers, request.sha256)
        at = stamp(time.time() + self._ahead)
        signed = signed_headers(unsigned, place.credentials(), place.scope, at)
        return head_of(unsigned, {**signed, "user-agent": place.agent})

    def _correct_clock(self, answer: Answer) -> bool:
        """Takes S3's time from its answer. True in any case: it is not tried a second time."""
        date = answer.headers.get("date")
        if date:
            self._ahead = parsedate_to_datetime(date).timestamp() - time.time()
        return True

    def _wait(self, request: Request, attempt: _Attempt, patience: Patience) -> bool:
        """Waits before another try. False: there is to be none."""
        with self._lock:
            if not self._budget.spend():
                return False
            self.sent["retry"] += 1
        least, most = wait_range(attempt.number, attempt.headers.get("retry-after", ""))
        seconds = random.uniform(least, most)  # noqa: S311 - jitter
        why = f"{attempt.status} {attempt.code}" if attempt.answer else _text(attempt.error)
        patience.say(f"S3 {request.method} {request.key}: {why}; again in {seconds:.1f} s")
        return not patience.wait(seconds)

    def _failure(self, request: Request, attempt: _Attempt) -> Failure:
        return Failure(
            method=request.method,
            bucket=self.bucket,
            key=request.key,
            status=attempt.status,
            code=attempt.code,
            message=attempt.refusal.message if attempt.answer else _text(attempt.error),
            request_id=attempt.headers.get("x-amz-request-id") or attempt.refusal.request_id,
            attempts=attempt.number,
            hint=self._hint(request, attempt),
        )

    def _hint(self, request: Request, attempt: _Attempt) -> str:
        code = attempt.refusal.code
        if code in _WRONG_REGION or attempt.status in (301, 307):
            region = attempt.headers.get("x-amz-bucket-region") or attempt.refusal.region or "unknown"
            return f"The bucket is in region {region}, this run signs for {self._place.scope.region}"
        if attempt.status == 403 and request.may_be_absent and code in ("", "AccessDenied"):
            return _MAYBE_ABSENT
        return _HINTS.get(code, "")


def _refusal(request: Request, answer: Answer) -> Refusal:
    if answer.status >= 300 or (request.late_errors and b"<Error>" in answer.body):
        return read_error(answer.body)
    return _NOTHING


def _text(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"
