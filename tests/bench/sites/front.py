# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before the bucket, as far as site_release asks: its guards, a distribution, and an edge without a cache.

Invalidations are complete at once: how long CloudFront takes is the same for every tool, and no part of what is
measured here.
"""

from __future__ import annotations

import itertools
import json
from urllib.parse import unquote

from tests.bench.sites.memory import XML

BUCKET = "bench"
DISTRIBUTION = "EBENCH"
# Where the site lies in the bucket.
FOLDER = "site/"
_API = f"/2020-05-31/distribution/{DISTRIBUTION}"
_CF = 'xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"'
_ARN = f"arn:aws:cloudfront::111111111111:distribution/{DISTRIBUTION}"
_BLOCKED = "".join(
    f"<{name}>true</{name}>"
    for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
)
_ORIGIN = (
    "<Origins><Quantity>1</Quantity><Items><Origin><Id>site</Id><OriginPath>/site</OriginPath>"
    f"<DomainName>{BUCKET}.s3.us-east-1.amazonaws.com</DomainName><OriginAccessControlId>O1</OriginAccessControlId>"
    "</Origin></Items></Origins>"
)
_BEHAVIOR = (
    "<DefaultCacheBehavior><TargetOriginId>site</TargetOriginId><CachePolicyId>P1</CachePolicyId>"
    "</DefaultCacheBehavior>"
)
_DISTRIBUTION = (
    f"<Distribution {_CF}><Id>{DISTRIBUTION}</Id><ARN>{_ARN}</ARN><Status>Deployed</Status>"
    "<DomainName>bench.test</DomainName><InProgressInvalidationBatches>0</InProgressInvalidationBatches>"
    f"<DistributionConfig><Enabled>true</Enabled>{_ORIGIN}{_BEHAVIOR}</DistributionConfig></Distribution>"
)
_CACHE_POLICY = (
    f"<CachePolicy {_CF}><Id>P1</Id>"
    "<CachePolicyConfig><Name>site</Name><MinTTL>0</MinTTL></CachePolicyConfig></CachePolicy>"
)


def _statement(action, resource):
    allowed = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}}
    condition = {"StringEquals": {"AWS:SourceArn": _ARN}}
    return {**allowed, "Action": action, "Resource": f"arn:aws:s3:::{BUCKET}{resource}", "Condition": condition}


# What site_release asks of the bucket before it writes: name of the subresource -> answer.
_GUARDS = {
    "publicAccessBlock": f"<PublicAccessBlockConfiguration>{_BLOCKED}</PublicAccessBlockConfiguration>",
    "policyStatus": "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>",
    "policy": json.dumps({"Statement": [_statement("s3:GetObject", f"/{FOLDER}*"), _statement("s3:ListBucket", "")]}),
}


class Front:
    """answer() is None for what is the bucket's. memory: its objects and the counts of all requests."""

    def __init__(self, memory):
        self._memory = memory
        self._numbers = itertools.count(1)
        self._batches = {}

    def answer(self, method, target, body):
        if target.startswith("/2020-05-31/"):
            self._memory.counts["cloudfront"] += 1
            return 200 if method == "GET" else 201, XML, self._cloudfront(method, target, body).encode()
        if target.startswith(f"/{BUCKET}?"):
            text = _GUARDS.get(target.partition("?")[2].partition("&")[0].rstrip("="))
            if text:
                self._memory.counts["guard"] += 1
                return 200, XML, text.encode()
        return None

    def edge(self, target):
        """What a visitor gets."""
        self._memory.counts["edge"] += 1
        path = unquote(target.partition("?")[0])[1:] or "index.html"
        stored = self._memory.objects.get(f"{BUCKET}/{FOLDER}{path}")
        return (200, stored.answer(), stored.body) if stored else (404, {"content-type": "text/html"}, b"")

    def _cloudfront(self, method, target, body):
        if target.startswith("/2020-05-31/cache-policy/"):
            return _CACHE_POLICY
        if not target.startswith(f"{_API}/invalidation"):
            return _DISTRIBUTION if target.startswith(_API) else _CACHE_POLICY
        if method == "POST":
            name = f"I{next(self._numbers)}"
            self._batches[name] = body.decode().partition("?>")[2] or body.decode()
        else:
            name = target.rpartition("/")[2]
        batch = self._batches.get(name, "").replace(f" {_CF}", "")
        created = "<CreateTime>2026-01-01T00:00:00Z</CreateTime>"
        return f"<Invalidation {_CF}><Id>{name}</Id><Status>Completed</Status>{created}{batch}</Invalidation>"
