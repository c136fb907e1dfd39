# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: a key may be named by its ARN when it is enabled, disabled, deleted or taken back; moto breaks off with a 500.

See KeyId of https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html and its siblings.
"""

from __future__ import annotations

from typing import Any

from moto.kms.models import KmsBackend

from localcloud.mends.patch import wrap


def install() -> None:
    """Put the mends in place."""
    for name in ("cancel_key_deletion", "disable_key", "enable_key", "schedule_key_deletion"):
        wrap(KmsBackend, name, _by_id)


def _by_id(original: Any, self: KmsBackend, key_id: str, *arguments: Any) -> Any:
    return original(self, self.get_key_id(key_id), *arguments)
