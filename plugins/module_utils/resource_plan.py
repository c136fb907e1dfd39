# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the plan of one resource is: API calls by name, and what a user compares. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One API call and its arguments; which actions there are says the plan of the resource."""

    action: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """The one value that check mode, diff mode and the real run share. Changed is bool(steps)."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    blocked: str = ""
