# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront: tags of what exists. moto takes and lists tags of any ARN (API_TagResource: NoSuchResource)."""

from __future__ import annotations

from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.mends.cloudfront.errors import CloudFrontError
from localcloud.mends.cloudfront.store import Store, store_of


def tag_resource(self: CloudFrontResponse) -> ActionResult:
    """Add or replace tags."""
    arn = _existing(self)
    store_of(self.backend).tagger.tag_resource(arn, self._get_param("Tags.Items", []) or [])
    return EmptyResult()


def untag_resource(self: CloudFrontResponse) -> ActionResult:
    """Remove tags by key."""
    arn = _existing(self)
    store_of(self.backend).tagger.untag_resource_using_names(arn, self._get_param("TagKeys.Items", []) or [])
    return EmptyResult()


def list_tags_for_resource(self: CloudFrontResponse) -> ActionResult:
    """The tags of a distribution or function."""
    arn = _existing(self)
    return ActionResult({"Tags": {"Items": store_of(self.backend).tagger.list_tags_for_resource(arn)["Tags"]}})


def _existing(self: CloudFrontResponse) -> str:
    store: Store = store_of(self.backend)
    arn: str = self._get_param("Resource")
    known = {item.arn for item in store.distributions.values()} | {item.arn for item in store.functions.values()}
    if arn not in known:
        raise CloudFrontError("NoSuchResource", "A resource that was specified is not valid.")
    return arn
