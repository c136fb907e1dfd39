# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls, as policies name the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

if TYPE_CHECKING:
    from moto.core.responses import BaseResponse


def principal_arn(response: BaseResponse) -> str:
    """aws:PrincipalArn of the request: the user, or the role that was assumed
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html)."""
    account: str = response.current_account
    key: Any = getattr(response, "access_key", "")
    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(key)
    if role is not None:
        return str(role.role_arn)
    for user in iam_backends[account]["aws"].users.values():
        if any(each.access_key_id == key for each in user.access_keys):
            return str(user.arn)
    return f"arn:aws:iam::{account}:root"
