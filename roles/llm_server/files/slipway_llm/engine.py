# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the engine's container by its digest, pulled before by `python -m slipway_llm.pull`: become `docker run`.

The command line is a list from the settings to exec: nothing in it passes a shell or systemd's own quoting.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from slipway_llm.engine_plan import CONTAINER, command
from slipway_llm.errors import HostError
from slipway_llm.pull import docker
from slipway_llm.settings import Settings, run


def main(settings: Settings) -> None:
    """Become the container's foreground client."""
    model = Path(os.path.realpath(settings.current))
    if not model.is_dir():
        raise HostError(f"{settings.current}: no complete model; see `systemctl status slipway-llm-refill`")
    # A container of a run that was killed keeps the name.
    docker("rm", "--force", CONTAINER)
    (Path(settings.models) / ".cache").mkdir(exist_ok=True)
    arguments = command(settings, model)
    os.execvp(arguments[0], arguments)  # noqa: S606 - no shell: that is the point


if __name__ == "__main__":
    sys.exit(run("engine", main))
