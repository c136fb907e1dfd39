# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: a bucket that refuses requests without TLS, and buckets of other accounts."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from moto.iam.access_control import IAMPolicy
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.responses import S3Response

from localcloud.control.bucket_policy import account, allows
from localcloud.mends.callers import principal_arn
from localcloud.mends.patch import wrap

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


class AccessDeniedError(S3ClientError):  # type: ignore[misc]
    """The bucket's policy does not let the caller in."""

    code = 403

    def __init__(self) -> None:
        super().__init__("AccessDenied", "Access Denied")


def install() -> None:
    """Put the mends in place."""
    wrap(S3Response, "_set_action", set_action)
    wrap(FakeBucket, "get_permission", get_permission)
    wrap(FakeBucket, "_log_permissions_enabled_policy", may_get_logs)


def set_action(original: Any, self: S3Response, kind: str, method: str, querystring: dict[str, Any]) -> None:
    """What an account asks of another one's bucket, the bucket's policy must allow; moto lets every account in.

    Here a request's action is known, and nothing of it was done yet. The caller's own policies are not looked at, as
    nowhere in the local cloud, and neither are requests without a signature, which moto itself judges.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html
    """
    original(self, kind, method, querystring)
    partition, owner = s3_backends.bucket_accounts.get(self.bucket_name, ("", self.current_account))
    action = self.data["Action"]
    if owner == self.current_account or action == "CreateBucket" or "Authorization" not in self.headers:
        return
    name = "ListBucket" if action == "HeadBucket" else action
    key = f"/{self.parse_key_name()}" if kind == "KEY" else ""
    bucket = s3_backends[owner][partition].buckets[self.bucket_name]
    policy = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
    caller = account(self.current_account, principal_arn(self))
    if not allows(policy, f"s3:{name}", f"arn:aws:s3:::{self.bucket_name}{key}", caller):
        raise AccessDeniedError


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
