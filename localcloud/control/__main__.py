# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of the control process; started by the supervisor only."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from localcloud.settings import Settings


def _stop_with_supervisor() -> None:
    """The supervisor holds the other end of standard input: its end is the supervisor's, however it came about."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Run the control process until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.control")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--alb-in", type=int, required=True, help="descriptor of the ALB's reports")
    parser.add_argument("--alb-out", type=int, required=True, help="descriptor of the ALB's configuration")
    parser.add_argument("--edge-in", type=int, required=True, help="descriptor of the edge's reports")
    parser.add_argument("--edge-out", type=int, required=True, help="descriptor of the edge's configuration")
    parser.add_argument("--ready", type=int, required=True, help="descriptor for the word that all is up")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # Handlers, not a blocked mask: the processes of tasks would inherit a mask and never see their SIGTERM.
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    threading.Thread(target=_stop_with_supervisor, name="supervisor", daemon=True).start()
    gc.disable()  # moto's import makes a million objects that stay: looking through them again and again takes a third
    from localcloud.control.process import Control, Pipes

    pipes = Pipes(arguments.alb_in, arguments.alb_out, arguments.edge_in, arguments.edge_out)
    control = Control(Settings.load(arguments.settings), pipes)
    control.start()
    gc.freeze()
    gc.enable()
    os.write(arguments.ready, b"ready")
    os.close(arguments.ready)
    stopped.wait()
    control.stop()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads in the middle of a request have nothing to finish
