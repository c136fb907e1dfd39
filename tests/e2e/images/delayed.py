# SPDX-License-Identifier: GPL-3.0-or-later
"""The example's release 2.0.0 with bad timing: it starts late (--start-after S), or dies on its own (--die-after S)."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import threading
import time
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "api"


def _die() -> None:
    print("delayed: out of memory", file=sys.stderr, flush=True)
    os._exit(137)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--start-after", type=float, default=0.0)
    parser.add_argument("--die-after", type=float)
    parser.add_argument("job", nargs="?", help="a job of the release instead, undelayed")
    given = parser.parse_args()
    sys.argv[1:] = [given.job] if given.job else []
    time.sleep(0 if given.job else given.start_after)
    if given.die_after is not None and not given.job:
        timer = threading.Timer(given.die_after, _die)
        timer.daemon = True
        timer.start()
    sys.path.insert(0, str(EXAMPLE))
    runpy.run_path(str(EXAMPLE / "releases" / "2.0.0" / "main.py"), run_name="__main__")
