# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits: one token bucket an endpoint set and project.

https://www.mongodb.com/docs/atlas/api/api-rate-limiting/: RateLimit-Limit and RateLimit-Remaining come with answers,
Retry-After with a 429, though it may be missing.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from localcloud.atlas.problems import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclasses.dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """capacity: requests at once; refill: requests a second; retry_after: whether a 429 says when to come back."""

    def __init__(
        self, clock: Callable[[], float], capacity: float = 500.0, refill: float = 100.0, *, retry_after: bool = True
    ) -> None:
        self._clock = clock
        self.capacity = capacity
        self.refill = refill
        self.retry_after = retry_after
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def configure(self, capacity: float, refill: float, *, retry_after: bool) -> None:
        """Change the limits and start with full buckets."""
        self.capacity, self.refill, self.retry_after = capacity, refill, retry_after
        self._buckets.clear()

    def take(self, endpoints: str, scope: str) -> dict[str, str]:
        """Take one token; the headers of the answer. An ApiError if there is none."""
        now = self._clock()
        bucket = self._buckets.setdefault((endpoints, scope), _Bucket(self.capacity, now))
        bucket.tokens = min(self.capacity, bucket.tokens + (now - bucket.at) * self.refill)
        bucket.at = now
        limit = {"RateLimit-Limit": str(int(self.capacity))}
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / self.refill)
            retry = {"Retry-After": str(wait)} if self.retry_after else {}
            detail = f"Too many requests for {endpoints}."
            raise ApiError("RATE_LIMITED_TOKEN_BUCKET", detail, headers=limit | {"RateLimit-Remaining": "0"} | retry)
        bucket.tokens -= 1
        return limit | {"RateLimit-Remaining": str(int(bucket.tokens))}
