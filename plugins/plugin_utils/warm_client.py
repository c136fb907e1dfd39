# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's side of the warm process (warm_process.py): its start, and one request for each module."""

from __future__ import annotations

import array
import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.display import Display

PROGRAM = Path(__file__).with_name("warm_process.py")
INTEGER = struct.Struct("!i")
CHUNK = 1 << 16
# As a shell says it (128 + signal), which is what stock Ansible reports of a module that was killed.
KILLED = 128
END_SECONDS = 1

display = Display()


class ColdError(Exception):
    """The module was not started, so that it can be run in the ordinary way."""


@dataclass(frozen=True)
class Ended:
    """What a module left: exit status as a shell tells it, and all that it printed."""

    status: int
    stdout: bytes
    stderr: bytes


class WarmProcess:
    """A process that runs modules in children of its own. It ends when the last holder of its socket does."""

    def __init__(self, services: list[str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {
            "control": theirs.fileno(),
            "roots": [str(path) for path in AnsibleCollectionConfig.collection_paths],
            "services": services,
        }
        self._control = ours
        self.environment = dict(os.environ)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # The terminal's Ctrl-C is for the controller, which ends modules in an orderly way.
            start_new_session=True,
        )
        theirs.close()

    def __enter__(self) -> WarmProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        """It ends at once, unless a module outlives the run; nobody waits for that."""
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)

    def run(self, module: str, request: Mapping[str, Any]) -> Ended:
        """Run a module in a child of the warm process. module: its Python name; request: see warm_process.serve.

        Raises ColdError if it was certainly not started.
        """
        ours, theirs = socket.socketpair()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        try:
            with ours:
                try:
                    with theirs:
                        self._ask(module, [theirs.fileno(), out_end, err_end])
                finally:
                    os.close(out_end)
                    os.close(err_end)
                pid = _started(ours, json.dumps(request).encode())
                with _passing_signals_to(pid):
                    stdout, stderr = _drained(out, err)
                    return _ended(_integer(ours), stdout, stderr)
        finally:
            os.close(out)
            os.close(err)

    def _ask(self, module: str, descriptors: list[int]) -> None:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        try:
            self._control.sendmsg([module.encode()], [rights])
        except OSError as error:
            raise ColdError(str(error)) from error


def _started(connection: socket.socket, request: bytes) -> int:
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # a child that has ended meanwhile; what follows tells
    pid = _integer(connection)
    if pid is None:
        raise ColdError("the warm process has ended")
    return pid


def _integer(connection: socket.socket) -> int | None:
    """The next number that the warm process sends, None if it has ended instead."""
    try:
        received = connection.recv(INTEGER.size, socket.MSG_WAITALL)
    except ConnectionError:
        return None
    return INTEGER.unpack(received)[0] if len(received) == INTEGER.size else None


def _drained(*descriptors: int) -> list[bytes]:
    """All that is written to pipes until their last writers are gone."""
    parts: dict[int, list[bytes]] = {descriptor: [] for descriptor in descriptors}
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            for key, _events in selector.select():
                chunk = os.read(key.fd, CHUNK)
                if chunk:
                    parts[key.fd].append(chunk)
                else:
                    selector.unregister(key.fd)
    return [b"".join(parts[descriptor]) for descriptor in descriptors]


def _ended(status: int | None, stdout: bytes, stderr: bytes) -> Ended:
    if status is None:
        return Ended(255, stdout, stderr + b"the process that ran the module was lost; its exit status is unknown\n")
    if status < 0:
        return Ended(KILLED - status, stdout, stderr + f"{signal.strsignal(-status)}\n".encode())
    return Ended(status, stdout, stderr)


@contextlib.contextmanager
def _passing_signals_to(pid: int) -> Iterator[None]:
    """A worker that is told to end tells its module, as the process group of a stock worker is told."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def passed_on(number: int, frame: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)
        signal.signal(number, before[signal.Signals(number)])
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in before:
        signal.signal(number, passed_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
