# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the commands of a session on a local cloud: playbooks, pushes, the load generator."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from localcloud import accounts, images

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: The load of a swap, requests a second, and when a forgotten generator stops by itself.
RATE, LOAD_LIMIT = 250.0, 600.0
#: Visitors a second during a site's release; each makes some ten requests.
VISITORS = 10.0
# Whatever points an AWS or Ansible program elsewhere must not leak in from the user's shell.
_FOREIGN = ("AWS_", "ANSIBLE_", "BOTO", "SLIPWAY_", "LOCAL_")


class StepFailedError(Exception):
    """A step did not end well; the message is for the user and may have several lines."""


def environment(state: Path, name: str) -> dict[str, str]:
    """The process environment for programs that use the environment NAME of the cloud in STATE."""
    text = accounts.env_path(state, name).read_text()
    pairs = (word.partition("=") for line in text.splitlines() for word in shlex.split(line)[1:])
    base = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    own = {
        "ANSIBLE_CONFIG": str(images.ROOT / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }
    return base | own | {key: value for key, _, value in pairs}


def cloud(state: Path, *arguments: str) -> str:
    """`python -m localcloud ARGUMENTS`; its output, stripped."""
    command = [sys.executable, "-m", "localcloud", *arguments, "--state", str(state)]
    done = subprocess.run(command, cwd=images.ROOT, capture_output=True, text=True)
    if done.returncode:
        raise StepFailedError((done.stderr or done.stdout).strip())
    return done.stdout.strip()


def setting(env: Mapping[str, str], name: str, value: float) -> None:
    """Change a setting of the running cloud (PUT /_localcloud/settings)."""
    body = json.dumps({name: value}).encode()
    connection = http.client.HTTPConnection(urlsplit(env["AWS_ENDPOINT_URL"]).netloc, timeout=10)
    try:
        connection.request("PUT", "/_localcloud/settings", body)
        answer = connection.getresponse()
        if answer.status != 200:
            raise StepFailedError(answer.read().decode())
    finally:
        connection.close()


def playbook(
    env: Mapping[str, str], name: str, inventory: str, extra: Sequence[str], each_line: Callable[[str], None]
) -> int:
    """Run playbooks/NAME.yml against inventories/INVENTORY, hand out each line of output, return the exit status."""
    command = ["ansible-playbook", "-i", f"inventories/{inventory}", f"playbooks/{name}.yml", *extra]
    return stream(env, command, each_line)


def stream(env: Mapping[str, str], command: Sequence[str], each_line: Callable[[str], None]) -> int:
    """Run a command in the checkout, hand out each line of its output (errors included), return the exit status."""
    with subprocess.Popen(
        command,
        cwd=images.ROOT,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            each_line(line.rstrip("\n"))
    return process.returncode


@dataclass(frozen=True)
class Counted:
    """What the load generator counted: its summary and its lines, one a second (localcloud.load.tally)."""

    summary: dict[str, Any]
    seconds: list[dict[str, Any]]


class Generator:
    """A generator as a process of its own, between `with` and the end of its block at the latest."""

    def __init__(self, arguments: Sequence[str], folder: Path, name: str, rate: float, seconds: float) -> None:
        """`python -m ARGUMENTS`; its files go to FOLDER and begin with NAME."""
        self._out, self._lines = folder / f"{name}.json", folder / f"{name}.jsonl"
        self._out.unlink(missing_ok=True)
        command = [sys.executable, "-m", *arguments, "--rate", str(rate), "--seconds", str(seconds)]
        command += ["--out", str(self._out), "--lines", str(self._lines)]
        self._process = subprocess.Popen(command, cwd=images.ROOT, stdin=subprocess.DEVNULL)

    def stop(self) -> Counted:
        """End the schedule, wait for the last answers, and return the counts."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(timeout=60)
        except subprocess.TimeoutExpired as error:
            raise StepFailedError("the load generator did not stop") from error
        if status not in (0, 1):
            raise StepFailedError(f"the load generator ended with exit status {status}")
        lines = [json.loads(line) for line in self._lines.read_text().splitlines()]
        return Counted(json.loads(self._out.read_text()), lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Load(Generator):
    """Requests to one address, as a load balancer's."""

    def __init__(self, url: str, folder: Path, rate: float = RATE, seconds: float = LOAD_LIMIT) -> None:
        """URL must answer as the example's /version does."""
        super().__init__(["localcloud.load", url], folder, "load", rate, seconds)


class Visitors(Generator):
    """Visitors of a site, each of whom loads all of a page (localcloud.load.visitors)."""

    def __init__(
        self, url: str, releases: Mapping[str, Path], folder: Path, rate: float = VISITORS, seconds: float = LOAD_LIMIT
    ) -> None:
        """RELEASES: name -> folder of each release that may be live, the old one first."""
        known = [f"--release={name}={path}" for name, path in releases.items()]
        ways_in = ["--path=/", "--path=/launches/aurora"]
        super().__init__(["localcloud.load.visit", url, *known, *ways_in], folder, "visitors", rate, seconds)
