# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of a resource, for aws:ResourceTag, from moto's state. Callers hold lock.MOTO.

Only of kinds that policies of this project know by their tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudfront.models import cloudfront_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.kms.models import kms_backends

if TYPE_CHECKING:
    from collections.abc import Mapping


def resolved(arn: str) -> str:
    """The key that an alias of KMS stands for, as which it is asked for; empty if there is none, about which AWS tells
    everybody; any other ARN as it is."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "kms" or not parts[5].startswith("key/alias/"):
        return arn
    key = kms_backends[parts[4]][parts[3]].get_key_id_from_alias(parts[5].removeprefix("key/"))
    return f"{':'.join(parts[:5])}:key/{key}" if key else ""


def tags_of(arn: str) -> Mapping[str, str]:
    """Key to value; nothing for what does not exist, has none or is of another kind."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return {}
    service, region, account, rest = parts[2:6]
    if service == "elasticloadbalancing":
        return _balancing(elbv2_backends[account][region], arn)
    if service == "kms":
        return _keys(kms_backends[account][region], rest)
    if service == "cloudfront":
        return _front(cloudfront_backends[account]["aws"], arn)
    if service == "ec2" and not rest.endswith("*"):
        tags: dict[str, str] = ec2_backends[account][region].tags.get(rest.rpartition("/")[2], {})
        return tags
    return {}


def _balancing(backend: Any, arn: str) -> Mapping[str, str]:
    tagging = backend.tagging_service
    tags: dict[str, str] = tagging.get_tag_dict_for_resource(arn) if tagging.has_tags(arn) else {}
    return tags


def _keys(backend: Any, rest: str) -> Mapping[str, str]:
    tagger, name = backend.tagger, rest.rpartition("/")[2]
    return dict(tagger.get_tag_dict_for_resource(name)) if tagger.has_tags(name) else {}


def _front(backend: Any, arn: str) -> Mapping[str, str]:
    return dict(backend.tagger.get_tag_dict_for_resource(arn)) if backend.tagger.has_tags(arn) else {}
