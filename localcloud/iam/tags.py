# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of a resource, for aws:ResourceTag, from moto's state. Callers hold lock.MOTO.

Only of kinds that policies of this project know by their tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

if TYPE_CHECKING:
    from collections.abc import Mapping


def tags_of(arn: str) -> Mapping[str, str]:
    """Key to value; nothing for what does not exist, has none or is of another kind."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return {}
    service, region, account, rest = parts[2:6]
    if service == "elasticloadbalancing":
        return _balancing(elbv2_backends[account][region], arn)
    if service == "ec2" and not rest.endswith("*"):
        tags: dict[str, str] = ec2_backends[account][region].tags.get(rest.rpartition("/")[2], {})
        return tags
    return {}


def _balancing(backend: object, arn: str) -> Mapping[str, str]:
    tagging = backend.tagging_service  # type: ignore[attr-defined]
    tags: dict[str, str] = tagging.get_tag_dict_for_resource(arn) if tagging.has_tags(arn) else {}
    return tags
