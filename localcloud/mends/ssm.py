# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems Manager: the public parameters with the newest Deep Learning AMI, which moto does not have.

Values are made up: no image of the local cloud has any content. See
https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
"""

from __future__ import annotations

import datetime
import hashlib
import re
from typing import Any

from moto.ssm.models import Parameter, SimpleSystemManagerBackend

from localcloud.mends.patch import wrap

_PUBLIC = re.compile(r"/aws/service/deeplearning/ami/x86_64/[a-z0-9.-]+/latest/ami-id")


def install() -> None:
    """Put the mend in place."""
    wrap(SimpleSystemManagerBackend, "get_parameter", _with_images)


def _with_images(original: Any, self: SimpleSystemManagerBackend, name: str) -> Parameter | None:
    found: Parameter | None = original(self, name)
    if found is not None or not _PUBLIC.fullmatch(name):
        return found
    image = "ami-" + hashlib.sha256(f"{self.region_name}{name}".encode()).hexdigest()[:17]
    return Parameter(
        account_id=self.account_id,
        name=name,
        value=image,
        parameter_type="String",
        description="",
        allowed_pattern="",
        keyid=None,
        last_modified_date=datetime.datetime.fromtimestamp(0, datetime.UTC),
        version=1,
        data_type="aws:ec2:image",
    )
