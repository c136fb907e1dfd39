# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The lease that one run at a time has on a service, in the release store (DynamoDB).

Every write is conditional on the item being as it was seen, so of any number of runs one wins. The fencing token grows
with each acquisition; confirm() proves right before a change that run and token still are the ones in the table.

The time is DynamoDB's: the Date header of its answers, carried on with this process's monotonic clock. No controller's
clock matters, however wrong it is. The header counts whole seconds and is some milliseconds old when it is read, so
this clock is late by up to a second and never early: a lease is taken over too late rather than too soon.

A conditional write that was done while its answer got lost is repeated by botocore and meets its own effect as
ConditionalCheckFailedException. So that answer is never believed as it is: a consistent read tells whose the lease is.
"""

from __future__ import annotations

import getpass
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .api import ApiErrors, retry
from .lease_plan import (
    Claim,
    Held,
    acquire_request,
    confirm_request,
    expiry,
    held_from,
    held_text,
    key_of,
    lost_text,
    release_request,
    takeover_text,
    token_of,
)

# Seconds between two looks at a lease that somebody else has.
POLL_INTERVAL = 1.0


class LeaseHeldError(Exception):
    """The lease cannot be had: somebody else has it, or there is no release store. One line, for people."""


class LeaseLostError(Exception):
    """The lease was taken over, broken or given away. One line, for people."""


def default_owner() -> str:
    """user@host of this process, for a run that nobody gave a name."""
    user = "unknown"
    with suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"


@dataclass
class Clock:
    """DynamoDB's time in Unix seconds, from the last answer's Date header on."""

    monotonic: Callable[[], float] = time.monotonic
    _date: float = 0.0
    _at: float = 0.0

    def read(self, answer: dict[str, Any]) -> None:
        """Raises AnsibleAWSError for an answer without a date: guessing with the controller's clock is no lock."""
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        if not date:
            raise AnsibleAWSError(message="DynamoDB's answer has no Date header: a proxy must not remove it")
        self._date, self._at = parsedate_to_datetime(date).timestamp(), self.monotonic()

    def now(self) -> float:
        return self._date + self.monotonic() - self._at


@ApiErrors.common_error_handler("read the lease of {service} in table {table}")
@retry
def read_item(client: Any, table: str, service: str) -> dict[str, Any]:
    """GetItem's answer, strongly consistent. Raises LeaseHeldError when there is no such table."""
    try:
        return client.get_item(TableName=table, Key=key_of(service), ConsistentRead=True)
    except is_boto3_error_code("ResourceNotFoundException") as error:
        raise LeaseHeldError(f"the release store {table} does not exist: run site.yml first") from error


@ApiErrors.common_error_handler("write the lease in table {request[TableName]}")
@retry
def write_item(client: Any, request: dict[str, Any]) -> dict[str, Any] | None:
    """UpdateItem's answer. None: the condition did not hold, or it held and the answer to the first try got lost."""
    try:
        return client.update_item(**request)
    except is_boto3_error_code("ConditionalCheckFailedException"):
        return None


class NoLease:
    """In the place of a lease where no release store is configured: everything is allowed and nothing is proven."""

    token = 0
    last_token = 0
    lenient = False

    def acquire(self, wait: float, say: Callable[[str], None]) -> None:
        """Nothing to wait for."""

    def holder(self) -> str | None:
        """Nobody can hold it."""
        return None

    def confirm(self) -> None:
        """Nothing to prove."""

    def keep(self) -> None:
        """Nothing to renew."""

    def release(self) -> None:
        """Nothing to give back."""


@dataclass
class Lease:
    """One run's claim on the lease of a service.

    lenient: where DynamoDB cannot be asked, confirm() only tells it, which the way back to a healthy release needs.
    token: of this run's acquisition, 0 while it has none. last_token: the newest one known, this run's or another's.
    """

    client: Any
    table: str
    service: str
    owner: str
    run_url: str = ""
    ttl: float = 60.0
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    token: int = 0
    last_token: int = field(init=False, default=0)
    lenient: bool = field(init=False, default=False)
    _say: Callable[[str], None] = field(init=False, default=lambda _text: None)
    _clock: Clock = field(init=False)
    _kept: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._clock = Clock(self.monotonic)
        self._claim = Claim(self.table, self.service, self.owner, self.run_id, self.run_url, self.ttl)

    def look(self) -> Held | None:
        """The lease as it is stored now, run out or not. Reads the time, too."""
        answer = read_item(self.client, self.table, self.service)
        self._clock.read(answer)
        self.last_token = token_of(answer.get("Item"))
        return held_from(answer.get("Item"))

    def now(self) -> float:
        """DynamoDB's time, once an answer has been read."""
        return self._clock.now()

    def holder(self) -> str | None:
        """Who else has the lease at this moment, for people; None when nobody has."""
        held = self.look()
        if held is None or held.expired(self.now()) or held.run_id == self.run_id:
            return None
        return held_text(self.service, held, self.now())

    def acquire(self, wait: float, say: Callable[[str], None]) -> None:
        """Takes the lease, waiting up to wait seconds for whoever has it. say: hears what is waited for.

        Raises LeaseHeldError when it is not to be had, AnsibleAWSError when DynamoDB cannot be asked.
        """
        self._say = say
        deadline = self.monotonic() + wait
        while True:
            held = self.look()
            if held is None or held.expired(self.now()):
                if self._take(held):
                    return
                continue
            text = held_text(self.service, held, self.now())
            left = deadline - self.monotonic()
            if left <= 0:
                raise LeaseHeldError(text)
            say(f"waiting: {text.partition(' until ')[0]}")
            self.sleep(min(POLL_INTERVAL, left))

    def confirm(self) -> None:
        """Proves that the lease still is this run's, and extends it by the ttl. Raises LeaseLostError."""
        try:
            self._renew()
        except AnsibleAWSError as error:
            if not self.lenient:
                raise
            self._say(f"going on without a proof of the lease: {error}")

    def _renew(self) -> None:
        """confirm(), strictly.

        The answer's date is checked against the expiry just written: the monotonic clock stands still while a machine
        is suspended, and the lease of a run that wakes up would end in the past.
        """
        for _attempt in range(2):
            began = self.monotonic()
            expires = expiry(self._claim, self.now())
            answer = write_item(self.client, confirm_request(self._claim, self.token, expires))
            if answer is None:
                raise LeaseLostError(lost_text(self.service, self.look()))
            self._clock.read(answer)
            self._kept = began
            if expires - self.now() > self.ttl / 2:
                return
        raise LeaseLostError(f"the lease of {self.service} could not be renewed in time: DynamoDB answers too slowly")

    def keep(self) -> None:
        """Extends the lease when a third of its time has passed. Raises LeaseLostError.

        A renewal that cannot be asked for is only told: there is time for the next, and confirm() guards the change.
        """
        if self.monotonic() - self._kept < self.ttl / 3:
            return
        try:
            self._renew()
        except AnsibleAWSError as error:
            self._say(f"the lease was not renewed, trying again: {error}")

    def release(self) -> None:
        """Gives the lease back. Never raises: it runs out by itself, and the run's own outcome matters more."""
        if not self.token:
            return
        try:
            write_item(self.client, release_request(self.table, self.service, self.run_id, self.token))
        except AnsibleAWSError as error:
            self._say(f"the lease was not given back and runs out within {self.ttl:g} s: {error}")
        self.token = 0

    def _take(self, seen: Held | None) -> bool:
        """False: somebody else was quicker."""
        began, now = self.monotonic(), self.now()
        answer = write_item(self.client, acquire_request(self._claim, seen, now))
        held = held_from(answer["Attributes"]) if answer else self.look()
        if held is None or held.run_id != self.run_id:
            return False
        self.token = self.last_token = held.token
        self._kept = began
        if seen:
            self._say(takeover_text(self.service, seen, now))
        return True
