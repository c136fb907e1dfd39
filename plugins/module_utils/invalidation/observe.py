# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads what an invalidation has to know, and no more. What cannot be read raises AnsibleAWSError."""

from __future__ import annotations

from typing import Any

from . import api
from .model_plan import Distribution, Invalidation

# ListInvalidations gives at most 100 a page (CloudFront API reference).
_PAGE = 100
# So many invalidations in progress are read one by one for their paths; of what more there are only CloudFront knows.
MOST_READ = 30


def observe(client: Any, distribution_id: str) -> Distribution:
    found = api.get_distribution(client, distribution_id)
    config = found["DistributionConfig"]
    return Distribution(
        id=distribution_id,
        domain=found["DomainName"],
        enabled=config["Enabled"],
        deployed=found["Status"] == "Deployed",
        tag_header=config.get("CacheTagConfig", {}).get("HeaderName", ""),
        in_progress=found.get("InProgressInvalidationBatches", 0),
    )


def newest(client: Any, distribution_id: str, most: int = 1) -> list[str]:
    """The ids of the distribution's newest invalidations."""
    return [item["Id"] for item in api.list_invalidations(client, distribution_id, most).get("Items") or []]


def running(client: Any, distribution: Distribution) -> tuple[Invalidation, ...]:
    """The distribution's invalidations in progress, newest first, at most MOST_READ.

    The distribution tells how many there are, and pages come newest first: they are read until so many were seen, or
    until a page has none. The history is not read: should the count be late, CloudFront itself refuses too much.
    """
    wanted = min(distribution.in_progress, MOST_READ)
    found: list[str] = []
    marker = ""
    while len(found) < wanted:
        page = api.list_invalidations(client, distribution.id, _PAGE, marker)
        here = [item["Id"] for item in page.get("Items") or [] if item["Status"] == "InProgress"]
        found += here
        marker = page.get("NextMarker") or ""
        if not here or not marker:
            break
    return tuple(read(client, distribution.id, item) for item in found[:wanted])


def read(client: Any, distribution_id: str, invalidation_id: str) -> Invalidation:
    return invalidation_from(api.get_invalidation(client, distribution_id, invalidation_id))


def invalidation_from(answer: dict[str, Any]) -> Invalidation:
    batch = answer["InvalidationBatch"]
    return Invalidation(
        id=answer["Id"],
        status=answer["Status"],
        reference=batch["CallerReference"],
        items=tuple(batch["Paths"].get("Items") or []),
        created=answer["CreateTime"].timestamp(),
    )
