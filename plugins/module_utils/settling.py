# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits until what was just written can be read. It polls, and ends with the first look that sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

FIRST, GROWTH, LONGEST = 0.2, 1.5, 3.0
"""Seconds from the first look to the second, how much longer the next pause is, and the longest one."""


def settled(look: Callable[[], Seen], good: Callable[[Seen], bool], seconds: float) -> tuple[Seen, bool]:  # noqa: UP047 - ansible-test
    """What was seen last, and whether it was good; one more look is taken when the time is over.

    look: reads once. good: whether what it read is as written. seconds: how long to try, 0 for a single look.
    """
    deadline = time.monotonic() + seconds
    pause = FIRST
    while not good(seen := look()):
        left = deadline - time.monotonic()
        if left <= 0:
            return seen, False
        time.sleep(min(pause, left))
        pause = min(pause * GROWTH, LONGEST)
    return seen, True
