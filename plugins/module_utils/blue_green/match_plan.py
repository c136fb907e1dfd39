# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether a resource is as asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(now: Any, aim: Any) -> bool:
    """Whether what AWS shows already is what is asked for; it shows more members than were sent, in its own order."""
    if isinstance(aim, Mapping):
        return isinstance(now, Mapping) and all(matches(now.get(key), value) for key, value in aim.items())
    if isinstance(aim, list):
        return isinstance(now, list) and sorted(map(repr, now)) == sorted(map(repr, aim))
    return bool(now == aim)
