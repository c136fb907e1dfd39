# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reads the alarms of the gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import cloudwatch
from .plan_model import Alarm

if TYPE_CHECKING:
    from .observe import Clients


def read_alarms(clients: Clients, names: Sequence[str]) -> tuple[Alarm, ...]:
    """Those that exist, metric and composite alarms alike. A read that fails raises; without names nothing is read."""
    if not names:
        return ()
    found = cloudwatch.describe_alarms(clients.get("cloudwatch"), list(names))
    return tuple(Alarm(item["AlarmName"], item["StateValue"], item.get("StateReason", "")) for item in found)
