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
    from botocore.exceptions import BotoCoreError

from .s3_answer_plan import Refusal, read_error
from .s3_errors import Failure, PreconditionFailedError, StoreError
from .s3_request_plan import EMPTY_SHA256, Unsigned, escape, head_of, query_string, signed_headers, stamp
from .s3_retry_plan import Budget, Tried, Verdict, is_transient, verdict, wait_range
from .s3_wire import Answer, BrokenAnswerError, FileBody, Wire, find_place

_WRONG_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"})
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
    late_errors: 200 can come with an error document. sink: takes the body of a success piece by piece.
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
    sink: Callable[[bytes], None] | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How a caller waits. say: hears why, one line. wait: sleeps; True when the caller gives up."""

    say: Callable[[str], None]
    wait: Callable[[float], bool | None] = time.sleep


class S3Client:
    """May be used by several threads at once."""

    def __init__(self, client: Any, bucket: str, verify: bool | str | None, timeouts: tuple[float, float]) -> None:
        self.bucket = bucket
        # kind -> requests sent, tries after the first among them as `retry`.
        self.sent: Counter[str] = Counter()
        try:
            self._place = find_place(client, bucket)
        except BotoCoreError as error:
            raise StoreError(Failure("HEAD", bucket, "", 0, "", _text(error), "", 1)) from error
        self._wire = Wire(self._place, verify, timeouts)
        self._lock = threading.Lock()
        self._budget = Budget()
        # Seconds that S3's clock is ahead of this machine's, once it was found to be wrong.
        self._ahead = 0.0

    def close(self) -> None:
        self._wire.close()

    def call(self, request: Request, patience: Patience) -> Answer:
        """The answer: a success, or 404 where that is one. Raises PreconditionFailedError, StoreError."""
        number, uncertain, corrected = 1, False, False
        while True:
            answer, error = self._try(request)
            refusal = _refusal(request, answer) if answer else Refusal()
            status = answer.status if answer else 0
            tried = Tried(number, status, refusal.code, request.may_be_absent, corrected)
            decision = Verdict.FAIL if isinstance(error, ssl.SSLCertVerificationError) else verdict(tried)
            if answer and decision is Verdict.DONE:
                with self._lock:
                    self._budget.refill()
                return answer
            if decision is Verdict.NOT_AS_WANTED:
                raise PreconditionFailedError(self._failure(request, answer, error, refusal, number), uncertain)
            if answer and decision is Verdict.CORRECT_CLOCK:
                corrected = self._correct_clock(answer)
            elif decision is Verdict.FAIL or not self._wait(request, answer, error, number, patience):
                raise StoreError(self._failure(request, answer, error, refusal, number))
            uncertain = uncertain or is_transient(status, "")
            number += not _is_stale(error)

    def failure(self, request: Request, message: str) -> Failure:
        """Of what S3 has no part in, or not by its status."""
        return Failure(request.method, self.bucket, request.key, 0, "", message, "", 1)

    def _try(self, request: Request) -> tuple[Answer | None, Exception | None]:
        with self._lock:
            self.sent[request.kind] += 1
        try:
            return self._wire.exchange(request.method, self._head(request), request.body, request.sink), None
        except (FileNotFoundError, PermissionError, ValueError, BotoCoreError) as error:
            raise StoreError(self.failure(request, _text(error))) from error
        except OSError as error:
            return None, error

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

    def _wait(
        self, request: Request, answer: Answer | None, error: Exception | None, number: int, patience: Patience
    ) -> bool:
        """Waits before another try. False: there is to be none."""
        if _is_stale(error):
            return True
        with self._lock:
            if not self._budget.spend():
                return False
            self.sent["retry"] += 1
        least, most = wait_range(number, answer.headers.get("retry-after", "") if answer else "")
        seconds = random.uniform(least, most)  # noqa: S311 - jitter
        why = f"{answer.status} {_reason(answer.status)}" if answer else _text(error)
        patience.say(f"S3 {request.method} {request.key}: {why}; again in {seconds:.1f} s")
        return not patience.wait(seconds)

    def _failure(
        self, request: Request, answer: Answer | None, error: Exception | None, refusal: Refusal, number: int
    ) -> Failure:
        headers = answer.headers if answer else {}
        status = answer.status if answer else 0
        region = headers.get("x-amz-bucket-region") or refusal.region
        if refusal.code in _WRONG_REGION or status in (301, 307):
            hint = f"The bucket is in region {region or 'unknown'}, this run signs for {self._place.scope.region}"
        else:
            hint = _HINTS.get(refusal.code, "")
        return Failure(
            method=request.method,
            bucket=self.bucket,
            key=request.key,
            status=status,
            code=refusal.code or (_reason(status) if status else ""),
            message=refusal.message if answer else _text(error),
            request_id=headers.get("x-amz-request-id") or refusal.request_id,
            attempts=number,
            hint=hint,
        )


def _refusal(request: Request, answer: Answer) -> Refusal:
    if answer.status >= 300 or request.late_errors:
        return read_error(answer.body)
    return Refusal()


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _text(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"


def _is_stale(error: Exception | None) -> bool:
    return isinstance(error, BrokenAnswerError) and error.stale
