# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a distribution, as it is configured, would serve a release as it is published. Pure.

What is looked for makes releases fail in ways that nobody sees where they are made: a document that edges keep whatever
its Cache-Control says, a missing file that looks like a page, a path that another origin answers. A problem is what
would make the proof at the edge fail after the switch, so that it had better stop the run before; a note is what costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .model_plan import SITE

Config = Mapping[str, Any]
_PRINCIPAL = "cloudfront.amazonaws.com"
# The only conditions of a grant that CloudFront's requests are sure to meet, in lower case.
_CONDITIONS = {"aws:sourcearn", "aws:sourceaccount"}
_COMPARISONS = {"stringequals", "stringlike", "arnequals", "arnlike"}
# Errors that a missing object and a refused request show as.
_MISSING = (403, 404)


def configuration_problems(distribution: Config, bucket: str, policy: Config | None, paths: Iterable[str]) -> list[str]:
    """distribution: as GetDistribution gives it, one of whose origins is the bucket's site. policy: the bucket's, None
    for none. paths: viewer paths, encoded, of what is not immutable."""
    config, name = distribution["DistributionConfig"], distribution["Id"]
    found = [*_hidden(config, name), *_elsewhere(config, name, bucket, paths)]
    origin = next(iter(_site_origins(config, bucket)), {})
    if origin.get("S3OriginConfig", {}).get("OriginAccessIdentity"):
        return found  # an identity of old, whose grants name it by other means
    if not origin.get("OriginAccessControlId"):
        found.append(
            f"distribution {name} does not sign its requests to {bucket} (no origin access control), so that the bucket"
            " refuses them; run site.yml, which adds one"
        )
    return [*found, *_grants(distribution, bucket, policy)]


def configuration_notes(distribution: Config, policies: Mapping[str, Config], paths: Iterable[str]) -> list[str]:
    """policies: id -> CachePolicyConfig of those that policies_of() names."""
    kept: dict[float, list[str]] = {}
    for path in paths:
        seconds = minimum_ttl(behavior_of(distribution["DistributionConfig"], path), policies)
        if seconds > 0:
            kept.setdefault(seconds, []).append(path)
    return [
        f"distribution {distribution['Id']} keeps {_few(kept[seconds])} for at least {seconds:g} s whatever its"
        " Cache-Control says (minimum TTL): for so long visitors may get the old one beside the new ones"
        for seconds in sorted(kept, reverse=True)
    ]


def policies_of(distribution: Config, paths: Iterable[str]) -> list[str]:
    """The ids of the cache policies by which the paths are cached."""
    behaviors = [behavior_of(distribution["DistributionConfig"], path) for path in paths]
    return sorted({behavior["CachePolicyId"] for behavior in behaviors if behavior.get("CachePolicyId")})


def behavior_of(config: Config, path: str) -> Config:
    """The cache behavior of a path: the first whose pattern matches, in order, else the default one."""
    for behavior in _items(config, "CacheBehaviors"):
        if _matches(behavior["PathPattern"], path):
            return behavior
    default: Config = config["DefaultCacheBehavior"]
    return default


def minimum_ttl(behavior: Config, policies: Mapping[str, Config]) -> float:
    """Seconds; a behavior without a policy has a minimum of its own (legacy cache settings)."""
    policy = policies.get(behavior.get("CachePolicyId", ""))
    return float((policy if policy is not None else behavior).get("MinTTL", 0))


def _matches(pattern: str, path: str) -> bool:
    """CloudFront's * and ? and nothing else; the slash before a pattern is optional (CacheBehavior, PathPattern)."""
    literal = pattern.replace("[", "[[]")
    return fnmatchcase(path, literal if literal.startswith(("/", "*")) else f"/{literal}")


def _hidden(config: Config, name: str) -> Iterator[str]:
    """Only what says 200: a page of one's own under the right status is well."""
    mapped = {
        int(item["ErrorCode"]): item.get("ResponsePagePath", "")
        for item in _items(config, "CustomErrorResponses")
        if str(item.get("ResponseCode", "")) == "200"
    }
    hidden = [code for code in _MISSING if code in mapped]
    if hidden:
        codes = " and ".join(str(code) for code in hidden)
        yield (
            f"distribution {name} answers {codes} with 200 and {mapped[hidden[0]]}: a script that is missing comes as"
            " HTML, and what the firewall refuses or an API does not find looks like a page; take the custom error"
            " responses away and let a function answer the application's paths, as site.yml does"
        )


def _elsewhere(config: Config, name: str, bucket: str, paths: Iterable[str]) -> Iterator[str]:
    own = {origin["Id"] for origin in _site_origins(config, bucket)}
    stray: dict[str, list[str]] = {}
    for path in paths:
        target = behavior_of(config, path)["TargetOriginId"]
        if target not in own:
            stray.setdefault(target, []).append(path)
    for target, found in stray.items():
        lost = "no visitor would get the release's"
        yield f"distribution {name} asks origin {target} for {_few(found)}, not {bucket}: {lost}"


def _site_origins(config: Config, bucket: str) -> list[Config]:
    folder = f"/{SITE.rstrip('/')}"
    return [
        origin
        for origin in _items(config, "Origins")
        if of_bucket(origin["DomainName"], bucket) and origin.get("OriginPath") == folder
    ]


def of_bucket(domain: str, bucket: str) -> bool:
    """BUCKET.s3.REGION.amazonaws.com and the older BUCKET.s3.amazonaws.com; regions of China end in .com.cn."""
    pattern = rf"{re.escape(bucket)}\.s3(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?"
    return re.fullmatch(pattern, domain) is not None


def _grants(distribution: Config, bucket: str, policy: Config | None) -> Iterator[str]:
    arn, name = distribution["ARN"], distribution["Id"]
    partition = arn.split(":")[1]
    resource = f"arn:{partition}:s3:::{bucket}"
    if not _granted(policy, "s3:GetObject", f"{resource}/{SITE}index.html", arn):
        yield f"bucket {bucket} does not let distribution {name} read {SITE}*: visitors would get 403; run site.yml"
    if not _granted(policy, "s3:ListBucket", resource, arn):
        yield (
            f"bucket {bucket} does not let distribution {name} list it (s3:ListBucket), so that a missing file is a 403"
            " instead of a 404; run site.yml, which grants it"
        )


def _granted(policy: Config | None, action: str, resource: str, distribution_arn: str) -> bool:
    """Whether a statement allows it to CloudFront for this distribution. What statements deny is not weighed."""
    statements = _listed((policy or {}).get("Statement"))
    return any(
        statement.get("Effect") == "Allow"
        and _PRINCIPAL in _listed(_services(statement.get("Principal")))
        and any(fnmatchcase(action.lower(), str(item).lower()) for item in _listed(statement.get("Action")))
        and any(fnmatchcase(resource, str(item)) for item in _listed(statement.get("Resource")))
        and _met(statement.get("Condition") or {}, distribution_arn)
        for statement in statements
    )


def _services(principal: Any) -> Any:
    return principal.get("Service") if isinstance(principal, Mapping) else None


def _met(condition: Config, distribution_arn: str) -> bool:
    for comparison, keys in condition.items():
        for key, values in keys.items():
            if comparison.lower() not in _COMPARISONS or key.lower() not in _CONDITIONS:
                return False
            if key.lower() == "aws:sourcearn" and not any(
                fnmatchcase(distribution_arn, str(value)) for value in _listed(values)
            ):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    """A policy's lists may be written as single values."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _items(config: Config, key: str) -> list[Config]:
    return list((config.get(key) or {}).get("Items") or [])


def _few(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
