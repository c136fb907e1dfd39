# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules of the collection as processes of their own, started from one that has imported everything already.

Reads a JSON line for each run: {"id", "module", "params", "env", "out", "skew"}; module main() then runs in a forked
process with these parameters, as Ansible hands them over, and writes its result to the file out (errors to out.err).
skew: seconds that the process's clock is wrong by. Writes {"id", "pid"} at its start and {"id", "status"} at its end,
status negative for a signal. Ends when its input does.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_MODULES = ("ecs_blue_green", "site_release")


def _import(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.slipway.ops.plugins.modules.{name}")


def _work(order: dict[str, Any]) -> int:
    """In the forked process: run the module; its exit status."""
    from ansible.module_utils.testing import patch_module_args

    os.environ.update(order["env"])
    if order.get("skew"):
        right = time.time
        time.time = lambda: right() + order["skew"]
    for descriptor, name in ((0, os.devnull), (1, order["out"]), (2, f"{order['out']}.err")):
        opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, descriptor)
    try:
        with patch_module_args(order["params"]):
            _import(order["module"]).main()
    except SystemExit as ended:
        sys.stdout.flush()
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 whatever it was, it is told
        traceback.print_exc()
        sys.stderr.flush()
        return 70
    return 71


def _tell(**message: Any) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


class _Parent:
    """The process that starts and reaps the others."""

    def __init__(self) -> None:
        self._running: dict[int, Any] = {}

    def start(self, order: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_work(order))
        self._running[pid] = order["id"]
        _tell(id=order["id"], pid=pid)

    def reap(self) -> None:
        while self._running:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            _tell(id=self._running.pop(pid), status=os.waitstatus_to_exitcode(status))

    def end(self) -> None:
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def main() -> int:
    """Serve until the input ends."""
    import selectors

    sys.path.insert(0, str(_ROOT / "collections"))
    for name in _MODULES:
        _import(name)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    parent, rest = _Parent(), b""
    _tell(ready=True)
    while True:
        ready = {key.fd for key, _ in selector.select()}
        if woken in ready:
            os.read(woken, 4096)
            parent.reap()
        if 0 in ready:
            read = os.read(0, 1 << 20)
            if not read:
                parent.end()
                return 0
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                parent.start(json.loads(line))


if __name__ == "__main__":
    sys.exit(main())
