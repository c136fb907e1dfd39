# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Calls that do not depend on each other, made at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# More at once find no further connection: botocore keeps ten a client.
THREADS = 8


def together(calls: Mapping[Any, Callable[[], Any]]) -> dict[Any, Any]:
    """Key -> what its call returned. Raises what the first call that failed raised, once all have ended."""
    if len(calls) < 2:
        return {key: call() for key, call in calls.items()}
    with ThreadPoolExecutor(min(THREADS, len(calls))) as pool:
        waiting = {key: pool.submit(call) for key, call in calls.items()}
        return {key: future.result() for key, future in waiting.items()}
