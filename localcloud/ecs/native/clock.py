# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a minute of a deployment lasts: the setting `minute` of the admin API."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(slots=True)
class Clock:
    """minute: seconds that a minute of bake times, step bake times and hook timeouts lasts. May change at any time."""

    minute: float = 60.0

    def minutes(self, seconds: float) -> float:
        """These seconds as minutes of a deployment."""
        return seconds / self.minute


CLOCK = Clock()
