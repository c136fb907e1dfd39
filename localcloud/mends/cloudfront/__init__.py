# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront: distributions, invalidations, functions, policies and origin access controls as AWS has them.

moto's own keep a part of a distribution's configuration only, take any ETag, and know no policies; they are replaced
here as a whole, while moto still reads requests and writes answers. Keys, key groups and key value stores are moto's.
"""

from __future__ import annotations

from moto.cloudfront.responses import CloudFrontResponse
from moto.cloudfront.urls import url_paths

from localcloud.mends.cloudfront import distributions, functions, invalidations, policies, tagging

_PATHS = (
    "function/(?P<function_name>[^/]+)/publish$",
    "function/(?P<function_name>[^/]+)/test$",
    "distributionsByWebACLId/(?P<web_acl_id>.+)$",
)
_OPERATIONS = (
    distributions.create_distribution,
    distributions.create_distribution_with_tags,
    distributions.get_distribution,
    distributions.get_distribution_config,
    distributions.update_distribution,
    distributions.delete_distribution,
    distributions.list_distributions,
    distributions.list_distributions_by_web_acl_id,
    invalidations.create_invalidation,
    invalidations.get_invalidation,
    invalidations.list_invalidations,
    functions.create_function,
    functions.update_function,
    functions.publish_function,
    functions.describe_function,
    functions.get_function,
    functions.list_functions,
    functions.delete_function,
    functions.test_function,
    tagging.tag_resource,
    tagging.untag_resource,
    tagging.list_tags_for_resource,
)


def install() -> None:
    """Put the operations, and the paths that moto does not route, in place."""
    paths = list(_PATHS)
    for kind in policies.KINDS:
        paths += [f"{kind.path}$", f"{kind.path}/(?P<policy_id>[^/]+)$", f"{kind.path}/(?P<policy_id>[^/]+)/config$"]
    for path in paths:
        url_paths["{0}/2020-05-31/" + path] = CloudFrontResponse.dispatch
    for operation in _OPERATIONS:
        setattr(CloudFrontResponse, operation.__name__, operation)
    for kind in (*policies.KINDS, policies.ACCESS_CONTROL):
        for name, function in policies.operations(kind).items():
            setattr(CloudFrontResponse, name, function)
