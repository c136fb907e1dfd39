# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront: invalidations that take time, know their caller reference, and obey the quotas.

moto completes them at once, under a status (`COMPLETED`) that no waiter knows, and takes as many as it gets. Sources:
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html, API_InvalidationBatch,
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html and, for the quotas,
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html.
"""

from __future__ import annotations

import re
import time
from typing import Any

from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult

from localcloud.control.edge_board import EDGE
from localcloud.mends.cloudfront.distributions import find
from localcloud.mends.cloudfront.errors import CloudFrontError, invalid
from localcloud.mends.cloudfront.store import Distribution, Invalidation, new_id, now, page, store_of

MAX_PATHS = 3000  # single paths that may be in progress, one distribution
MAX_WILDCARDS = 15  # paths with * that may be in progress, one distribution
MAX_LENGTH = 4000  # characters of a path
_TAG = re.compile(r"#[\x21-\x2b\x2d-\x7e]{1,256}")
#: What must be URL-encoded in a path: anything but ASCII, and what RFC 1738 calls unsafe. `*` is the wildcard.
_UNSAFE = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")


def create_invalidation(self: CloudFrontResponse) -> ActionResult:
    """Accept a batch, or give back the one with the same caller reference.

    The same reference with the same paths is the same invalidation, and nothing new happens; with other paths it is
    InvalidationBatchAlreadyExists. Paths in progress beyond the quotas are TooManyInvalidationsInProgress.
    """
    distribution = find(store_of(self.backend), self._get_param("DistributionId"))
    batch = self._get_param("InvalidationBatch", {})
    paths = list((batch.get("Paths") or {}).get("Items") or [])
    _check(paths, (batch.get("Paths") or {}).get("Quantity"), distribution)
    reference = batch.get("CallerReference") or ""
    existing = next((item for item in distribution.invalidations if item.reference == reference), None)
    if existing is not None:
        if sorted(existing.paths) != sorted(paths):
            raise CloudFrontError(
                "InvalidationBatchAlreadyExists",
                f"A previous invalidation batch request with the same caller reference exists: {existing.id}",
            )
        return _answer(distribution, existing)
    _check_quotas(distribution, paths)
    created = Invalidation(new_id(14), paths, reference, now(), time.monotonic() + EDGE.invalidation_delay)
    distribution.invalidations.append(created)
    return _answer(distribution, created)


def get_invalidation(self: CloudFrontResponse) -> ActionResult:
    """One invalidation."""
    distribution = find(store_of(self.backend), self._get_param("DistributionId"))
    wanted = self._get_param("Id")
    found = next((item for item in distribution.invalidations if item.id == wanted), None)
    if found is None:
        raise CloudFrontError("NoSuchInvalidation", "The specified invalidation does not exist.")
    return ActionResult({"Invalidation": _body(found)})


def list_invalidations(self: CloudFrontResponse) -> ActionResult:
    """The latest first, as AWS lists them."""
    distribution = find(store_of(self.backend), self._get_param("DistributionId"))
    marker, limit = self._get_param("Marker"), self._get_int_param("MaxItems")
    items, next_marker = page(distribution.invalidations[::-1], "id", marker, limit)
    listing: dict[str, Any] = {
        "Marker": marker or "",
        "MaxItems": limit or 100,
        "IsTruncated": next_marker is not None,
        "Quantity": len(items),
    }
    if next_marker:
        listing["NextMarker"] = next_marker
    if items:
        listing["Items"] = [{"Id": item.id, "CreateTime": item.created, "Status": _status(item)} for item in items]
    return ActionResult({"InvalidationList": listing})


def _check(paths: list[str], quantity: int | None, distribution: Distribution) -> None:
    if not paths:
        raise invalid("Your request contains empty invalidation paths.")
    if quantity is not None and quantity != len(paths):
        raise CloudFrontError("InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
    tagged = bool((distribution.config.get("CacheTagConfig") or {}).get("HeaderName"))
    for path in paths:
        if path.startswith("#"):
            if not tagged or not _TAG.fullmatch(path):
                raise invalid("Your request contains one or more invalid cache tags.")
        elif not path.startswith("/") or len(path) > MAX_LENGTH or "*" in path[:-1] or _UNSAFE.search(path):
            raise invalid("Your request contains one or more invalid invalidation paths.")
    if len(paths) > MAX_PATHS:
        raise CloudFrontError("BatchTooLarge", "Invalidation batch specified is too large.")


def _check_quotas(distribution: Distribution, paths: list[str]) -> None:
    """Files and wildcards in progress count apart; a tag counts as a file here, for AWS says nothing of it."""
    running = [path for item in distribution.invalidations if not item.completed for path in item.paths]
    wildcards = sum(path.endswith("*") for path in (*running, *paths))
    single = len(running) + len(paths) - wildcards
    if single > MAX_PATHS or wildcards > MAX_WILDCARDS:
        raise CloudFrontError(
            "TooManyInvalidationsInProgress",
            "Processing your request will cause you to exceed the maximum number of in-progress invalidations.",
        )


def _status(invalidation: Invalidation) -> str:
    return "Completed" if invalidation.completed else "InProgress"


def _body(invalidation: Invalidation) -> dict[str, Any]:
    return {
        "Id": invalidation.id,
        "Status": _status(invalidation),
        "CreateTime": invalidation.created,
        "InvalidationBatch": {
            "Paths": {"Quantity": len(invalidation.paths), "Items": invalidation.paths},
            "CallerReference": invalidation.reference,
        },
    }


def _answer(distribution: Distribution, invalidation: Invalidation) -> ActionResult:
    location = f"{distribution.location}/invalidation/{invalidation.id}"
    return ActionResult({"Invalidation": _body(invalidation), "Location": location})
