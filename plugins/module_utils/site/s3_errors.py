# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What goes wrong at S3, with what a person needs to find out why."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that failed for good. status: 0 when there was no answer. attempts: tries at it."""

    method: str
    bucket: str
    key: str
    status: int
    code: str
    message: str
    request_id: str
    attempts: int
    hint: str = ""

    def __str__(self) -> str:
        """One line."""
        what = f"{self.method} s3://{self.bucket}/{self.key}"
        answer = " ".join(part for part in (self.status and str(self.status), self.code) if part)
        parts = [what + " failed", answer, " ".join(self.message.split())]
        notes = [f"request id {self.request_id}"] if self.request_id else []
        notes += [f"after {self.attempts} attempts"] if self.attempts > 1 else []
        text = ": ".join(part for part in parts if part) + (f" ({', '.join(notes)})" if notes else "")
        return f"{text}. {self.hint}" if self.hint else text


class StoreError(AnsibleAWSError):
    """A request that S3 refused or never answered. failure: its parts."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(message=str(failure))
        self.failure = failure


class PreconditionFailedError(StoreError):
    """The object is not, or not any more, what the request's condition says.

    uncertain: an earlier try at the same request got no answer or a 5xx, so that what is there may be its effect.
    """

    def __init__(self, failure: Failure, uncertain: bool = False) -> None:
        super().__init__(failure)
        self.uncertain = uncertain
