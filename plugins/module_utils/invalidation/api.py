# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""CloudFront: one call, one function. Shapes are boto3's."""

from __future__ import annotations

from typing import Any

from ..api import ApiErrors, retry


@ApiErrors.common_error_handler("read distribution {distribution_id}")
@retry
def get_distribution(client: Any, distribution_id: str) -> dict:
    return client.get_distribution(Id=distribution_id)["Distribution"]


@ApiErrors.common_error_handler("invalidate paths of distribution {distribution_id}")
@retry
def create_invalidation(client: Any, distribution_id: str, reference: str, items: list[str]) -> dict:
    """The whole answer, Invalidation and metadata. It is safe to repeat: the reference makes it the same one."""
    batch = {"Paths": {"Quantity": len(items), "Items": items}, "CallerReference": reference}
    return client.create_invalidation(DistributionId=distribution_id, InvalidationBatch=batch)


@ApiErrors.common_error_handler("read invalidation {invalidation_id} of distribution {distribution_id}")
@retry
def get_invalidation(client: Any, distribution_id: str, invalidation_id: str) -> dict:
    return client.get_invalidation(DistributionId=distribution_id, Id=invalidation_id)["Invalidation"]


@ApiErrors.common_error_handler("list the invalidations of distribution {distribution_id}")
@retry
def list_invalidations(client: Any, distribution_id: str, most: int, marker: str = "") -> dict:
    """One page, newest first: Items of at most most, NextMarker if there are more."""
    request = {"DistributionId": distribution_id, "MaxItems": str(most), **({"Marker": marker} if marker else {})}
    return client.list_invalidations(**request)["InvalidationList"]
