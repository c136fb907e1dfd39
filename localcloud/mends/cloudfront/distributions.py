# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront: distributions. In the place of moto's, which forgets origin access control, functions and half the rest.

Sources: API_CreateDistribution, API_UpdateDistribution, API_DeleteDistribution, API_ListDistributionsByWebACLId of
https://docs.aws.amazon.com/cloudfront/latest/APIReference/.
"""

from __future__ import annotations

from typing import Any

from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.mends.cloudfront import references
from localcloud.mends.cloudfront.defaults import complete
from localcloud.mends.cloudfront.errors import CloudFrontError, check_etag
from localcloud.mends.cloudfront.store import Config, Distribution, Store, page, store_of


def find(store: Store, distribution_id: str) -> Distribution:
    """The distribution, or NoSuchDistribution."""
    if distribution_id not in store.distributions:
        raise CloudFrontError("NoSuchDistribution", "The specified distribution does not exist.")
    return store.distributions[distribution_id]


def create_distribution(self: CloudFrontResponse) -> ActionResult:
    """A caller reference that was used before gives the same distribution if the configuration is the same too.

    Otherwise DistributionAlreadyExists (API_DistributionConfig, CallerReference).
    """
    return _create(self, self._get_param("DistributionConfig", {}), [])


def create_distribution_with_tags(self: CloudFrontResponse) -> ActionResult:
    """As CreateDistribution, with tags."""
    tags = self._get_param("DistributionConfigWithTags.Tags.Items", []) or []
    return _create(self, self._get_param("DistributionConfigWithTags.DistributionConfig", {}), tags)


def _create(self: CloudFrontResponse, given: Config, tags: list[dict[str, str]]) -> ActionResult:
    store = store_of(self.backend)
    config = complete(given)
    existing = next(
        (item for item in store.distributions.values() if item.config["CallerReference"] == config["CallerReference"]),
        None,
    )
    if existing is not None and existing.config != config:
        raise CloudFrontError(
            "DistributionAlreadyExists",
            "The caller reference that you are using to create a distribution is associated with another distribution. "
            f"Already exists: {existing.id}",
        )
    references.check(store, config, None)
    distribution = existing or Distribution(store.account_id, config)
    store.distributions[distribution.id] = distribution
    store.tagger.tag_resource(distribution.arn, tags)
    return _answer(distribution, Location=distribution.location)


def get_distribution(self: CloudFrontResponse) -> ActionResult:
    """The distribution with its status."""
    return _answer(find(store_of(self.backend), self._get_param("Id")))


def get_distribution_config(self: CloudFrontResponse) -> ActionResult:
    """The configuration alone."""
    distribution = find(store_of(self.backend), self._get_param("Id"))
    return ActionResult({"DistributionConfig": distribution.config, "ETag": distribution.etag})


def update_distribution(self: CloudFrontResponse) -> ActionResult:
    """Replaces the whole configuration, if the ETag is the current one; the caller reference must stay."""
    store = store_of(self.backend)
    distribution = find(store, self._get_param("Id"))
    check_etag(self._get_param("IfMatch"), distribution.etag)
    config = complete(self._get_param("DistributionConfig", {}))
    if config["CallerReference"] != distribution.config["CallerReference"]:
        raise CloudFrontError("IllegalUpdate", "The update contains modifications that are not allowed.")
    references.check(store, config, distribution.id)
    distribution.change(config)
    return _answer(distribution)


def delete_distribution(self: CloudFrontResponse) -> ActionResult:
    """Only a disabled distribution can be deleted, and only once that has been deployed."""
    store = store_of(self.backend)
    distribution = find(store, self._get_param("Id"))
    check_etag(self._get_param("IfMatch"), distribution.etag)
    if distribution.config["Enabled"] or distribution.status != "Deployed":
        raise CloudFrontError(
            "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled."
        )
    del store.distributions[distribution.id]
    store.tagger.delete_all_tags_for_resource(distribution.arn)
    return EmptyResult()


def list_distributions(self: CloudFrontResponse) -> ActionResult:
    """All distributions, a page at a time."""
    return _listing(self, list(store_of(self.backend).distributions.values()))


def list_distributions_by_web_acl_id(self: CloudFrontResponse) -> ActionResult:
    """The distributions that a web ACL protects; `null` is those without one."""
    wanted = self._get_param("WebACLId")
    wanted = "" if wanted == "null" else wanted
    found = [item for item in store_of(self.backend).distributions.values() if item.config["WebACLId"] == wanted]
    return _listing(self, found)


def _listing(self: CloudFrontResponse, distributions: list[Distribution]) -> ActionResult:
    marker, limit = self._get_param("Marker"), self._get_int_param("MaxItems")
    items, next_marker = page(distributions, "id", marker, limit)
    listing: dict[str, Any] = {
        "Marker": marker or "",
        "MaxItems": limit or 100,
        "IsTruncated": next_marker is not None,
        "Quantity": len(items),
    }
    if next_marker:
        listing["NextMarker"] = next_marker
    if items:
        listing["Items"] = [_summary(item) for item in items]
    return ActionResult({"DistributionList": listing})


def _facts(distribution: Distribution) -> dict[str, Any]:
    return {
        "Id": distribution.id,
        "ARN": distribution.arn,
        "Status": distribution.status,
        "LastModifiedTime": distribution.modified,
        "DomainName": distribution.domain_name,
    }


def _summary(distribution: Distribution) -> dict[str, Any]:
    """DistributionSummary has the configuration's members on its own level."""
    return {**distribution.config, **_facts(distribution), "ETag": distribution.etag}


def _answer(distribution: Distribution, **headers: str) -> ActionResult:
    body = {
        **_facts(distribution),
        "InProgressInvalidationBatches": sum(not item.completed for item in distribution.invalidations),
        "ActiveTrustedSigners": {"Enabled": False, "Quantity": 0},
        "ActiveTrustedKeyGroups": {"Enabled": False, "Quantity": 0},
        "DistributionConfig": distribution.config,
        "AliasICPRecordals": [
            {"CNAME": alias, "ICPRecordalStatus": "APPROVED"}
            for alias in distribution.config["Aliases"].get("Items") or ()
        ],
    }
    return ActionResult({"Distribution": body, "ETag": distribution.etag, **headers})
