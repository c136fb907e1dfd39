# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop this host for good: idle, or at the end of its longest life.

In an Auto Scaling group a host that only powers off is replaced, and costs on. So the group is asked to end this
instance and to want one fewer; only if it agreed is the power switched off. If it did not, this fails, and systemd runs
it again every minute.
"""

from __future__ import annotations

import subprocess
import sys

from slipway_llm.aws import Aws
from slipway_llm.credentials import Metadata
from slipway_llm.errors import HostError
from slipway_llm.settings import Settings, run


def main(settings: Settings) -> None:
    """Leave the group, if there is one, and power off."""
    if settings.autoscaling_group:
        try:
            instance = Metadata().get("meta-data/instance-id")
        except (OSError, ValueError) as error:
            raise HostError(f"the instance metadata service does not answer: {error}; still running") from error
        if not instance:
            raise HostError("the instance metadata service knows no instance id; still running")
        Aws(settings.region).leave_group(instance)
        print(f"{instance} leaves {settings.autoscaling_group}, which wants one fewer", flush=True)
    done = subprocess.run(["systemctl", "--no-block", "poweroff"], check=False)
    if done.returncode:
        raise HostError(f"systemctl poweroff ended with {done.returncode}; still running")


if __name__ == "__main__":
    sys.exit(run("stop", main))
