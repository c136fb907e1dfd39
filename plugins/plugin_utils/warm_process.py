# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A program: it has imported what AWS modules import, and runs modules in children that it forks.

No part of the controller: Ansible's module_utils behave otherwise there (warnings, tracebacks, serialization), and it
has threads, which a process that forks must not have. This one has a single thread, no sockets but those below, and
never makes an AWS client or reads a credential; what its children inherit is code and the descriptions of AWS services.

A message on the control socket is the Python name of a module, with three descriptors: a connection, and where the
module's stdout and stderr go. The warm process writes the child's pid to the connection, and how it ended. The child
reads the request from it: see `serve`. The end of the control socket, when controller and workers are gone, ends it.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import types
from pathlib import Path
from typing import Any

INTEGER = struct.Struct("!i")
DESCRIPTORS = 3
CHUNK = 1 << 16
# What Python's own exit status is of a program that was interrupted.
INTERRUPTED = 130
IMPORTS = (
    "ansible.module_utils.basic",
    "ansible.module_utils._internal._ansiballz._loader",
    "boto3",
    "botocore.client",
    "ansible_collections.amazon.aws.plugins.module_utils.modules",
)
# What a client is made of, beside the endpoints of all services.
MODELS = ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1")


class ModuleCode(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds modules (plugins/modules) and compiles each of them once, for this process and its children."""

    def __init__(self) -> None:
        self._loaders: dict[str, Any] = {}
        self._codes: dict[str, Any] = {}

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """A spec whose loader is this, None for what is no module."""
        if ".plugins.modules." not in name and not name.startswith("ansible.modules."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.submodule_search_locations is not None:
            return spec
        self._loaders[name] = spec.loader
        spec.loader = self
        return spec

    def get_code(self, fullname: str) -> Any:
        """The module's code."""
        if fullname not in self._codes:
            self._codes[fullname] = self._loaders[fullname].get_code(fullname)
        return self._codes[fullname]

    def get_source(self, fullname: str) -> Any:
        """The module's text, for tracebacks."""
        return self._loaders[fullname].get_source(fullname)

    def is_package(self, fullname: str) -> bool:  # noqa: ARG002
        """Never: packages are left to others."""
        return False


def collections_at(roots: list[str]) -> None:
    """Make ansible_collections.* importable from the folders in which the controller looks for collections."""
    package = types.ModuleType("ansible_collections")
    package.__path__ = [str(Path(root) / "ansible_collections") for root in roots]
    sys.modules["ansible_collections"] = package


def share_models() -> None:
    """One loader for all botocore sessions with the same search path: its cache holds data and nothing else."""
    import botocore.loaders
    import botocore.session

    botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


class Preload:
    """What is left to be loaded before it is needed, a piece at a time."""

    def __init__(self, services: list[str]) -> None:
        self._pieces: list[Any] = [functools.partial(importlib.import_module, name) for name in IMPORTS]
        self._pieces.append(share_models)
        self._pieces.append(self._common)
        self._pieces += [functools.partial(self._model, service, kind) for service in services for kind in MODELS]

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def piece(self) -> None:
        """Load the next piece. What cannot be loaded is left to the module that wants it, which tells why."""
        with contextlib.suppress(Exception):
            self._pieces.pop(0)()
        if not self._pieces:
            gc.collect()
            gc.freeze()

    @staticmethod
    def _loader() -> Any:
        import botocore.session

        return botocore.session.create_loader(None)

    def _common(self) -> None:
        for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
            self._loader().load_data(name)

    def _model(self, service: str, kind: str) -> None:
        self._loader().load_service_model(service, kind)


def serve(connection: socket.socket, module: str, out: int, err: int) -> int:
    """In the child: read the request, become the process that stock Ansible would have started, run the module.

    The request: arguments (JSON text, as AnsiballZ has it), profile, folder (working directory), umask, environment
    (all of it), and later: for an asynchronous task its job id and time limit in seconds, else empty. Returns the exit
    status.
    """
    parts = []
    while chunk := connection.recv(CHUNK):
        parts.append(chunk)
    connection.close()
    request = json.loads(b"".join(parts))
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    for source, target in ((out, 1), (err, 2)):
        os.dup2(source, target)
        os.close(source)
    with contextlib.suppress(OSError):
        os.chdir(request["folder"])
    sys.argv = [""]
    from ansible.module_utils._internal._ansiballz import _loader

    run = functools.partial(
        _loader.run_module,
        json_params=request["arguments"].encode(),
        profile=request["profile"],
        module_fqn=module,
        modlib_path=next((path for path in sys.path if (Path(path) / "ansible" / "module_utils").is_dir()), ""),
        extensions={},
    )
    return _status(functools.partial(_later, run, module, *request["later"]) if request["later"] else run)


def _later(run: Any, module: str, job: str, limit: str) -> None:
    """Have Ansible's async_wrapper, unchanged, start a module that is in this process already."""
    from ansible.modules import async_wrapper

    async_wrapper.subprocess = types.SimpleNamespace(PIPE=subprocess.PIPE, Popen=functools.partial(Forked, run))
    # The temporary folder, of which there is none, is not to be removed.
    sys.argv = ["async_wrapper", job, limit, "true", module, module]
    async_wrapper.main()


class Forked:
    """What async_wrapper needs of subprocess.Popen, for a call in the place of a command."""

    def __init__(self, run: Any, command: list[bytes], **_settings: Any) -> None:
        (self._out, out), (self._err, err) = os.pipe(), os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            for source, target in ((out, 1), (err, 2)):
                os.dup2(source, target)
            os.close(self._out)
            os.close(self._err)
            sys.argv = [os.fsdecode(command[0])]
            _finish(_status(run))
        os.close(out)
        os.close(err)

    def communicate(self) -> tuple[str, str]:
        """All that it prints, as text, when it has ended."""
        parts: dict[int, bytes] = {self._out: b"", self._err: b""}
        with selectors.DefaultSelector() as selector:
            for descriptor in parts:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                for key, _events in selector.select():
                    chunk = os.read(key.fd, CHUNK)
                    parts[key.fd] += chunk
                    if not chunk:
                        selector.unregister(key.fd)
        os.waitpid(self._pid, 0)
        out, err = (part.decode(errors="surrogateescape") for part in parts.values())
        return out, err


def _status(run: Any) -> int:
    """The exit status of a program that consists of this call, with what Python would print."""
    try:
        run()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return (ended.code or 0) & 0xFF
        print(ended.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        return INTERRUPTED
    except BaseException:  # noqa: BLE001 whatever it was, Python would print it
        traceback.print_exc()
        return 1
    return 0


def _finish(status: int) -> None:
    """End the child as Python ends a program: threads, exit functions, output; but not each object by itself."""
    threading._shutdown()
    atexit._run_exitfuncs()
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    os._exit(status)


class Server:
    """The loop: requests, ends of children, and preloading while there are none."""

    def __init__(self, control: socket.socket, preload: Preload) -> None:
        self._control = control
        self._preload = preload
        self._running: dict[int, socket.socket] = {}
        self._woken, self._wake = os.pipe()
        self._open = True

    def run(self) -> None:
        """Serve until nobody can ask any more and all children have ended."""
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ, self._request)
            selector.register(self._woken, selectors.EVENT_READ, self._reap)
            while self._open or self._running:
                events = selector.select(0 if self._preload and self._open else None)
                for key, _mask in events:
                    key.data()
                if not self._open and self._control in {key.fileobj for key in selector.get_map().values()}:
                    selector.unregister(self._control)
                if not events and self._preload:
                    self._preload.piece()

    def _request(self) -> None:
        message, ancillary, _flags, _address = self._control.recvmsg(
            CHUNK, socket.CMSG_LEN(DESCRIPTORS * array.array("i").itemsize)
        )
        if not message:
            self._open = False
            return
        descriptors = array.array("i")
        descriptors.frombytes(ancillary[0][2])
        connection = socket.socket(fileno=descriptors[0])
        out, err = descriptors[1:]
        module = message.decode()
        # Once here, and not in each child. A module that cannot be imported tells why when it is run.
        with contextlib.suppress(BaseException):
            importlib.import_module(module)
        # Its child runs it as a program, and runpy warns of one that has been imported.
        sys.modules.pop(module, None)
        self._start(connection, module, out, err)
        os.close(out)
        os.close(err)

    def _start(self, connection: socket.socket, module: str, out: int, err: int) -> None:
        try:
            pid = os.fork()
        except OSError:
            connection.close()  # the worker runs the module in the ordinary way
            return
        if pid == 0:
            self._become_child()
            _finish(_status(lambda: sys.exit(serve(connection, module, out, err))))
        self._running[pid] = connection
        _tell(connection, pid)

    def _become_child(self) -> None:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        atexit._clear()
        self._control.close()
        os.close(self._woken)
        os.close(self._wake)
        for other in self._running.values():
            other.close()

    def _reap(self) -> None:
        os.read(self._woken, CHUNK)
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self._running.pop(pid)
            _tell(connection, os.waitstatus_to_exitcode(status))
            connection.close()


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # a worker that was killed
        connection.sendall(INTEGER.pack(number))


def main() -> None:
    """Take the settings from the command line, and serve."""
    settings = json.loads(sys.argv[1])
    collections_at(settings["roots"])
    sys.meta_path.insert(0, ModuleCode())
    control = socket.socket(fileno=settings["control"])
    control.set_inheritable(False)
    Server(control, Preload(settings["services"])).run()


if __name__ == "__main__":
    main()
