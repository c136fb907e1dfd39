# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the lease of a service says, and the DynamoDB requests that take, keep and give it. Pure.

One item per service, keys service and item (= "lock"): owner, run_id, run_url, acquired, expires (Unix seconds), token.
A released lease keeps nothing but its token, so that the token grows with every acquisition and never goes back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ITEM = "lock"
_HOLDING = ("owner", "run_id", "run_url", "acquired", "expires")
# Every attribute is written with a placeholder: which words DynamoDB reserves is a long list that grows.
_NAMES = {f"#{name}": name for name in (*_HOLDING, "token")}


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it is stored. acquired, expires: Unix seconds by DynamoDB's clock."""

    owner: str
    run_id: str
    run_url: str
    token: int
    acquired: int
    expires: int

    def expired(self, now: float) -> bool:
        return now >= self.expires


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for the lease of which service. run_id differs between any two runs, also of one owner. ttl: seconds."""

    table: str
    service: str
    owner: str
    run_id: str
    run_url: str
    ttl: float

    @property
    def key(self) -> dict[str, Any]:
        return key_of(self.service)


def key_of(service: str) -> dict[str, Any]:
    return {"service": {"S": service}, "item": {"S": ITEM}}


def token_of(item: Mapping[str, Any] | None) -> int:
    """How often the lease was taken, of an item as GetItem gives it; 0 for never."""
    return int(item["token"]["N"]) if item and "token" in item else 0


def held_from(item: Mapping[str, Any] | None) -> Held | None:
    """The lease that stands in an item as GetItem gives it, run out or not; None for one that nobody has."""
    if not item or "run_id" not in item:
        return None
    return Held(
        owner=item["owner"]["S"],
        run_id=item["run_id"]["S"],
        run_url=item["run_url"]["S"],
        token=token_of(item),
        acquired=int(item["acquired"]["N"]),
        expires=int(item["expires"]["N"]),
    )


def acquire_request(claim: Claim, seen: Held | None, now: float) -> dict[str, Any]:
    """UpdateItem that takes the lease, provided it still is as seen: free, or held by a run whose time is over."""
    values = {
        ":owner": {"S": claim.owner},
        ":run_id": {"S": claim.run_id},
        ":run_url": {"S": claim.run_url},
        ":acquired": {"N": str(math.floor(now))},
        ":expires": {"N": str(expiry(claim, now))},
        ":one": {"N": "1"},
    }
    condition = "attribute_not_exists(#run_id)"
    if seen:
        condition = "#run_id = :seen_run AND #token = :seen_token AND #expires = :seen_expires"
        values |= {
            ":seen_run": {"S": seen.run_id},
            ":seen_token": {"N": str(seen.token)},
            ":seen_expires": {"N": str(seen.expires)},
        }
    return {
        "TableName": claim.table,
        "Key": claim.key,
        "UpdateExpression": f"SET {', '.join(f'#{name} = :{name}' for name in _HOLDING)} ADD #token :one",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
    }


def confirm_request(claim: Claim, token: int, expires: int) -> dict[str, Any]:
    """UpdateItem that extends the lease, provided it still is this run's with this token."""
    return {
        "TableName": claim.table,
        "Key": claim.key,
        "UpdateExpression": "SET #expires = :expires",
        "ConditionExpression": "#run_id = :run_id AND #token = :token",
        "ExpressionAttributeNames": {name: _NAMES[name] for name in ("#expires", "#run_id", "#token")},
        "ExpressionAttributeValues": {
            ":expires": {"N": str(expires)},
            ":run_id": {"S": claim.run_id},
            ":token": {"N": str(token)},
        },
    }


def release_request(table: str, service: str, run_id: str, token: int) -> dict[str, Any]:
    """UpdateItem that gives the lease back, provided it still is that run's. The token stays."""
    return {
        "TableName": table,
        "Key": key_of(service),
        "UpdateExpression": f"REMOVE {', '.join(f'#{name}' for name in _HOLDING)}",
        "ConditionExpression": "#run_id = :run_id AND #token = :token",
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": {":run_id": {"S": run_id}, ":token": {"N": str(token)}},
    }


def expiry(claim: Claim, now: float) -> int:
    """When the lease ends that is written now, in Unix seconds."""
    return math.ceil(now + claim.ttl)


def clock_text(seconds: int) -> str:
    """Unix seconds for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def who_text(held: Held) -> str:
    return f"{held.owner} ({held.run_url})" if held.run_url else f"{held.owner} (run {held.run_id})"


def held_text(service: str, held: Held, now: float) -> str:
    """Who has it and for how long, for whoever has to wait."""
    left = math.ceil(held.expires - now)
    return (
        f"{who_text(held)} holds the lease of {service} until {clock_text(held.expires)}"
        f" ({left} s from now, longer while that run goes on), token {held.token}"
    )


def takeover_text(service: str, held: Held, now: float) -> str:
    late = math.floor(now - held.expires)
    return (
        f"took over the lease of {service}, which {who_text(held)} held with token {held.token}"
        f" and which ran out {late} s ago: that run was killed or has lost its connection"
    )


def lost_text(service: str, now_held: Held | None) -> str:
    by = f"{who_text(now_held)} has it now with token {now_held.token}" if now_held else "it was broken or released"
    return f"the lease of {service} is no longer this run's: {by}"
