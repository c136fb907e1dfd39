# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What private S3 buckets need to become the ones wanted. Pure: no I/O, no AWS.

A bucket is a set of settings, each a document as the S3 API has it. None of them is an object: nothing here reads,
writes or removes what is in a bucket, except that a bucket to be removed is emptied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .gateway_endpoint_plan import canonical

Settings = Mapping[str, Any]

ORDER = ("public access", "ownership", "encryption", "versioning", "lifecycle", "access log", "tags", "policy")
"""In this order settings are made: a policy is judged by what public access is allowed, so that comes first."""

PUBLIC_ACCESS = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
OWNERSHIP = "BucketOwnerEnforced"


@dataclass(frozen=True)
class Bucket:
    """A bucket as it is, or None in the place of settings when there is none."""

    name: str
    settings: Settings | None


@dataclass(frozen=True)
class Step:
    """create, delete, or put one setting of one bucket."""

    action: str
    bucket: str
    before: Any
    after: Any

    @property
    def label(self) -> str:
        """The step in words."""
        return (
            f"{self.action} {self.bucket}" if self.action in ("create", "delete") else f"{self.bucket}: {self.action}"
        )


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    steps: tuple[Step, ...]

    def diff(self) -> dict[str, Any]:
        """Before and after of what differs."""
        return {
            "before": {step.label: step.before for step in self.steps if step.before is not None},
            "after": {step.label: step.after for step in self.steps if step.after is not None},
        }


def wanted_settings(bucket: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a bucket as a module's caller writes it; what is None is left alone.

    Args:
        bucket: kms_key_arn, versioning, lifecycle_rules, access_log ({bucket, prefix}), tags and policy, or None each.
    """
    log = bucket["access_log"]
    given = {
        "public access": PUBLIC_ACCESS,
        "ownership": OWNERSHIP,
        "encryption": _encryption(bucket["kms_key_arn"]),
        "versioning": None if bucket["versioning"] is None else ("Enabled" if bucket["versioning"] else "Suspended"),
        "lifecycle": bucket["lifecycle_rules"],
        "access log": log and {"TargetBucket": log["bucket"], "TargetPrefix": log["prefix"]},
        "tags": bucket["tags"] and {key: str(value) for key, value in bucket["tags"].items()},
        "policy": bucket["policy"],
    }
    return {name: value for name, value in given.items() if value is not None}


def plan_present(live: Sequence[Bucket], wanted: Mapping[str, Settings]) -> Plan:
    """Create the buckets that are missing and put the settings that differ, bucket by bucket."""
    steps: list[Step] = []
    for bucket in live:
        settings = bucket.settings
        if settings is None:
            steps.append(Step("create", bucket.name, None, {}))
        there = settings or {}
        steps.extend(
            Step(name, bucket.name, there.get(name), wanted[bucket.name][name])
            for name in ORDER
            if name in wanted[bucket.name] and _differs(name, there, wanted[bucket.name][name])
        )
    return Plan(tuple(steps))


def plan_absent(live: Sequence[Bucket]) -> Plan:
    """Empty and delete the buckets that are there."""
    return Plan(tuple(Step("delete", bucket.name, {}, None) for bucket in live if bucket.settings is not None))


def _differs(name: str, live: Settings, wanted: Any) -> bool:
    there = live.get(name)
    if name == "versioning" and wanted == "Suspended" and there is None:
        # A bucket that never had versions needs none suspended.
        return False
    return bool((there or wanted) and canonical(there) != canonical(wanted))


def _encryption(key: str | None) -> list[Any] | None:
    """With a key of one's own S3 asks KMS once for many objects (bucket key), not for each."""
    if key is None:
        return None
    if not key:
        return [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    return [{"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}]
