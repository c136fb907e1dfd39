# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CloudFront's configurations: how the API writes a list, and what is declared laid over what is there. Pure.

The API wraps every list as {"Quantity": 2, "Items": [...]}; here a declared list is a plain list
(https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]


def wire(declared: Any) -> Any:
    """What the API takes: lists wrapped, and a Quantity beside Items that stand among other members."""
    if isinstance(declared, Mapping):
        return _wire_mapping(declared)
    if isinstance(declared, list | tuple):
        return _wrap([wire(item) for item in declared])
    return declared


def _wire_mapping(declared: Config) -> dict[str, Any]:
    written = {key: wire(value) for key, value in declared.items() if key != "Items"}
    if "Items" in declared:
        written.update(_wrap([wire(item) for item in declared["Items"]]))
    return written


def _wrap(items: list[Any]) -> dict[str, Any]:
    # An empty Items is malformed XML to some operations; Quantity 0 alone is understood by all.
    return {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}


def merge(live: Any, declared: Any) -> Any:
    """DECLARED over LIVE: members that DECLARED does not name stay, a declared list replaces the old one, and a member
    declared None is not to be there."""
    if not isinstance(declared, Mapping):
        return declared
    there = live if isinstance(live, Mapping) else {}
    merged = {**there, **{key: merge(there.get(key), value) for key, value in declared.items()}}
    if "Quantity" in declared and "Items" not in declared:
        merged.pop("Items", None)
    return {key: value for key, value in merged.items() if value is not None}


def same(one: Any, other: Any) -> bool:
    """Whether two configurations mean the same."""
    return bool(canonical(one) == canonical(other))


def canonical(value: Any) -> Any:
    """A configuration in the one form of its meaning: what is empty is not there, and lists of words have no order."""
    if isinstance(value, Mapping):
        members = {key: canonical(item) for key, item in value.items()}
        return {key: item for key, item in members.items() if item not in (None, "", [], {}, {"Quantity": 0})}
    if isinstance(value, list | tuple):
        items = [canonical(item) for item in value]
        ordered = any(isinstance(item, Mapping) for item in items)
        return items if ordered else sorted(items, key=json.dumps)
    return value


def members_that_differ(before: Config, after: Config) -> tuple[str, ...]:
    """Names of the top-level members that differ, sorted: what a diff shows of a long configuration."""
    one, other = canonical(before), canonical(after)
    return tuple(key for key in sorted({*one, *other}) if one.get(key) != other.get(key))
