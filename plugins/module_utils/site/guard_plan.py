# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether bucket and distribution are what a site may be published to. Pure.

The bucket must not be public: then anybody reads around the firewall, and reads what lies beside the site. The
distribution must have just this bucket and just this folder as an origin, or a release would go live nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .distribution_plan import of_bucket
from .manifest_plan import TAG_HEADER
from .model_plan import SITE

# GetPublicAccessBlock in the Amazon S3 API reference.
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def bucket_problems(bucket: str, block: Mapping[str, bool] | None, public: bool) -> list[str]:
    """block: the bucket's public access block, None for none. public: as S3 judges the bucket's policy."""
    if public:
        return [f"bucket {bucket} is public: its policy lets anybody read it; run site.yml, which takes that away"]
    open_ways = [name for name in _BLOCKS if not (block or {}).get(name)]
    if open_ways:
        return [f"bucket {bucket} does not block public access ({', '.join(open_ways)} off); run site.yml, which does"]
    return []


def distribution_problems(distribution: Mapping[str, Any], bucket: str, mode: str) -> list[str]:
    """distribution: as GetDistribution gives it. mode: paths or tag."""
    config, name = distribution["DistributionConfig"], distribution["Id"]
    origins = config["Origins"].get("Items", [])
    folder = SITE.rstrip("/")
    own = [origin for origin in origins if of_bucket(origin["DomainName"], bucket)]
    if not any(origin.get("OriginPath") == f"/{folder}" for origin in own):
        shown = ", ".join(f"{origin['DomainName']}{origin.get('OriginPath', '')}" for origin in origins)
        lacks = f"none of its origins is {bucket} with the path /{folder} (they are {shown})"
        return [f"distribution {name} is not this site's: {lacks}; give the id that site.yml told"]
    found = []
    if not config["Enabled"]:
        found.append(f"distribution {name} is disabled: nobody would see the release; run site.yml, which enables it")
    header = config.get("CacheTagConfig", {}).get("HeaderName", "")
    if mode == "tag" and header.lower() != TAG_HEADER.lower():
        told = f"its header is {header}" if header else "it did not opt in"
        found.append(
            f"distribution {name} cannot be invalidated by tag: {told}; set CacheTagConfig to"
            f" {TAG_HEADER.lower()}, or take mode: paths"
        )
    return found


def distribution_notes(distribution: Mapping[str, Any]) -> list[str]:
    """What forbids nothing but should be known."""
    if distribution["Status"] == "Deployed":
        return []
    return [f"distribution {distribution['Id']} is still being deployed: edges may follow its old configuration"]
