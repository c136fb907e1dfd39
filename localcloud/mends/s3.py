# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: a bucket that refuses requests without TLS."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from moto.iam.access_control import IAMPolicy
from moto.s3.models import FakeBucket

from localcloud.mends.patch import wrap

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def install() -> None:
    """Put the mend in place."""
    wrap(FakeBucket, "get_permission", get_permission)
    wrap(FakeBucket, "_log_permissions_enabled_policy", may_get_logs)


def get_permission(original: Any, self: Any, action: str, resource: str) -> Any:
    """A statement about requests without TLS is about no other.

    moto leaves a bucket policy's conditions out of account, so that `Deny ... if aws:SecureTransport is false` denies
    everything. Loopback stands for TLS here, as it does for the rest of the local cloud.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-HTTP-HTTPS
    """
    if self.policy is None:
        return original(self, action, resource)
    policy = json.loads(self.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    others = [statement for statement in statements if statement.get("Condition") != _WITHOUT_TLS]
    return IAMPolicy(json.dumps(policy | {"Statement": others})).is_action_permitted(action, resource)


def may_get_logs(original: Any, _self: Any, target_bucket: Any, target_prefix: str | None) -> bool:
    """A principal may be "*" (IAM user guide, policy elements: Principal), at which moto's reading of it fails."""
    if target_bucket.policy is None:
        return False
    policy = json.loads(target_bucket.policy)
    named = [statement for statement in policy["Statement"] if isinstance(statement.get("Principal"), dict)]
    read = SimpleNamespace(
        name=target_bucket.name,
        partition=target_bucket.partition,
        policy=json.dumps(policy | {"Statement": named}).encode(),
    )
    return bool(original(target_bucket=read, target_prefix=target_prefix))
