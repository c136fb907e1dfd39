# SPDX-License-Identifier: GPL-3.0-or-later
"""The detached process at the top of a local cloud: starts its processes, watches them, stops everything.

Control is joined to the ALB and to the edge by two pipes each: configuration one way, reports the other. When control
goes, however it goes, both read the end of their pipe and exit; when the supervisor goes, control reads the end of its
standard input and stops. What is left after that carries the cloud's marker and is swept.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import accounts, images, network, processes, status
from localcloud.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds for control to be ready; a cold start on a busy machine takes about three.
_START_LIMIT = 60.0
#: Seconds that control has to stop tasks before it is killed. Tasks get SIGTERM and little time: nobody waits for them.
_STOP_LIMIT = 8.0


class StartError(Exception):
    """The cloud cannot start; one line."""


@dataclasses.dataclass(frozen=True, slots=True)
class Child:
    """A process under watch and the log it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def epitaph(self) -> str:
        """How it ended, in one line."""
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"
        return f"{self.name} (pid {self.process.pid}) {how}"


class Supervisor:
    """One cloud from start to stop. `report` is the descriptor on which `up` waits for the first word."""

    def __init__(self, cloud: Settings, report: int) -> None:
        self._cloud = cloud
        self._report = report
        self._children: list[Child] = []
        identity = processes.Identity.of(os.getpid())
        assert identity is not None
        self._status = status.Status(status.STARTING, identity, cloud.cloud_id, cloud.endpoint_url)

    def run(self) -> int:
        """Run until told to stop (0) or until a child dies (1)."""
        wake = _catch_signals()
        started = time.monotonic()
        self._status.save(self._cloud.state)
        try:
            self._start_children()
            accounts.write_env_files(self._cloud)
            self._status = dataclasses.replace(self._status, phase=status.READY)
            self._status.save(self._cloud.state)
            self._say({"ready": True, "seconds": round(time.monotonic() - started, 2)})
            if self._watch(wake):
                return self._stop()
        except StartError as error:
            return self._crash(str(error))
        return self._crash("")

    def _start_children(self) -> None:
        settings_path = self._cloud.state / "settings.json"
        config_read, config_write = os.pipe()
        report_read, report_write = os.pipe()
        site_read, site_write = os.pipe()
        seen_read, seen_write = os.pipe()
        ready_read, ready_write = os.pipe()
        atlas_read, atlas_write = os.pipe()
        self._start(
            "control",
            [
                "--settings",
                str(settings_path),
                "--alb-in",
                str(report_read),
                "--alb-out",
                str(config_write),
                "--edge-in",
                str(seen_read),
                "--edge-out",
                str(site_write),
                "--ready",
                str(ready_write),
            ],
            keep=(report_read, config_write, seen_read, site_write, ready_write),
            stdin=subprocess.PIPE,
            stdout=None,
        )
        self._start("alb", [], keep=(), stdin=config_read, stdout=report_write)
        self._start(
            "atlas",
            ["--settings", str(settings_path), "--ready", str(atlas_write)],
            keep=(atlas_write,),
            stdin=subprocess.PIPE,
            stdout=None,
        )
        given = (config_read, config_write, report_read, report_write, ready_write, atlas_write)
        for descriptor in (*given, site_write, seen_read):
            os.close(descriptor)
        self._await_ready("control", ready_read)
        self._await_ready("atlas", atlas_read)
        # Last: there is no distribution yet, and the others' start is what `up` waits for.
        self._start("edge", [], keep=(), stdin=site_read, stdout=seen_write)
        os.close(site_read)
        os.close(seen_write)

    def _start(
        self, name: str, arguments: Sequence[str], *, keep: Sequence[int], stdin: int, stdout: int | None
    ) -> None:
        log = self._cloud.logs / f"{name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", f"localcloud.{name}", *arguments],
                stdin=stdin,
                stdout=stream if stdout is None else stdout,
                stderr=stream,
                pass_fds=tuple(keep),
                cwd=images.ROOT,
                env=_clean_environment() | self._cloud.marker,
                start_new_session=True,
            )
        self._children.append(Child(name, process, log))

    def _await_ready(self, name: str, descriptor: int) -> None:
        """The process closes or writes its ready pipe; end of file without a word means that it is gone."""
        readable, _, _ = select.select([descriptor], [], [], _START_LIMIT)
        word = os.read(descriptor, 16) if readable else b""
        os.close(descriptor)
        if not readable:
            raise StartError(f"{name} is not ready after {_START_LIMIT:.0f} s")
        if word != b"ready":
            raise StartError(f"{name} did not start")

    def _watch(self, wake: socket.socket) -> bool:
        """True when told to stop, False when a child has died."""
        while all(child.process.poll() is None for child in self._children):
            if set(wake.recv(4096)) - {signal.SIGCHLD}:
                return True
        return False

    def _stop(self) -> int:
        self._stop_children()
        status.remove_files(self._cloud.state, keep_report=False)
        return 0

    def _crash(self, reason: str) -> int:
        # A child that is at its end takes its neighbor along through their pipes: give its status a moment to arrive.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._children[0].process.wait(0.5)
        dead = next((child for child in self._children if child.process.poll() is not None), None)
        told = " ".join(part for part in (reason and f"{reason}:", dead.epitaph if dead else "") if part)
        self._stop_children()
        log_tail = status.tail(dead.log if dead else self._cloud.logs / "control.log")
        self._status = dataclasses.replace(self._status, phase=status.CRASHED, reason=told, log_tail=log_tail)
        status.remove_files(self._cloud.state, keep_report=True)
        self._status.save(self._cloud.state)
        self._say({"ready": False, "reason": told, "log_tail": log_tail})
        return 1

    def _stop_children(self) -> None:
        deadline = time.monotonic() + _STOP_LIMIT
        for child in self._children:
            if child.process.stdin:
                child.process.stdin.close()
            if child.name == "control":
                child.process.terminate()
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, deadline - time.monotonic()))
        for child in self._children:
            child.process.kill()
            child.process.wait()
        processes.sweep(self._cloud.cloud_id)

    def _say(self, word: dict[str, Any]) -> None:
        """Tell `up`, once; it may have been interrupted and be gone."""
        if self._report >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._report, json.dumps(word).encode())
            os.close(self._report)
            self._report = -1


def _clean_environment() -> dict[str, str]:
    """The user's environment without what would change how moto and boto3 behave: a profile, an account, a region."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}


def _catch_signals() -> socket.socket:
    """A socket that gets the number of each signal, so that waiting for one is a read.

    Handlers, not a blocked mask: children would inherit a mask.
    """
    read, write = socket.socketpair()
    write.setblocking(False)
    signal.set_wakeup_fd(write.detach())
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return read


def _claim_state(state: Path) -> socket.socket:
    """At most one supervisor a state folder; the claim ends with the process."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = state.stat()
    try:
        claim.bind(f"\0slipway-localcloud-state-{folder.st_dev}-{folder.st_ino}")
    except OSError as error:
        raise StartError(f"another `up` is at work in {state}") from error
    return claim


def _make_settings(arguments: argparse.Namespace, prefix: str) -> Settings:
    host, atlas = f"{prefix}.0.1", f"{prefix}.0.2"
    return Settings(
        state=arguments.state,
        cloud_id=uuid.uuid4().hex,
        network=prefix,
        endpoint_url=f"http://{host}:{network.free_port(host, 4566)}",
        atlas_url=f"http://{atlas}:{network.free_port(atlas, 8443)}",
        atlas_proxy=f"http://{atlas}:{network.free_port(atlas, 3128)}",
        accounts=accounts.make(prefix),
        images=tuple(arguments.images),
        weight_delay=arguments.weight_delay,
    )


def main() -> int:
    """Entry point of the detached process; its standard streams go to STATE/log/supervisor.log."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.supervisor")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--weight-delay", type=float, required=True)
    parser.add_argument("--images", type=Path, action="append", default=[])
    parser.add_argument("--report", type=int, required=True)
    arguments = parser.parse_args()
    try:
        with _claim_state(arguments.state):
            return _run(arguments)
    except (StartError, network.NetworkError) as error:
        os.write(arguments.report, json.dumps({"ready": False, "reason": str(error), "log_tail": []}).encode())
        return 1


def _run(arguments: argparse.Namespace) -> int:
    try:
        prefix, claim = network.claim_network(str(arguments.state))
        with claim:
            cloud = _make_settings(arguments, prefix)
            cloud.scratch.mkdir(mode=0o700, exist_ok=True)
            cloud.save(cloud.state / "settings.json")
            return Supervisor(cloud, arguments.report).run()
    except network.NetworkError:
        status.remove_files(arguments.state, keep_report=False)
        raise


if __name__ == "__main__":
    sys.exit(main())
