# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image installs agrees with the checkout, and the Dockerfile keeps its promises."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from typing import ClassVar

from .conftest import FOLDER


def pins(path):
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_the_image_installs_what_the_tests_ran_with():
    own, checkout = pins(FOLDER / "requirements.txt"), pins(FOLDER.parents[1] / "requirements.txt")
    assert own.items() <= checkout.items()
    assert pins(FOLDER / "requirements.in").items() <= own.items()


def test_every_installed_file_has_a_hash():
    lines = (FOLDER / "requirements.txt").read_text().split("\n")
    assert all(line.endswith("\\") or line.startswith("    --hash=") or not line for line in lines)


def instructions():
    """Instruction and the rest of its line, in their order, with continued lines joined."""
    lines = (FOLDER / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def test_every_stage_starts_from_a_base_that_cannot_change():
    found = instructions()
    assert found[0][0] == "ARG"
    assert re.fullmatch(r"BASE=python:3\.\d+\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", found[0][1])
    assert [rest for name, rest in found if name == "FROM"] == ["${BASE} AS build", "${BASE}"]


def test_the_image_runs_as_nobody_in_particular():
    found = instructions()
    last = found[[number for number, (name, _) in enumerate(found) if name == "FROM"][-1] :]
    assert ("USER", "10001:10001") in last
    assert all(rest.startswith("--from=build ") for name, rest in last if name == "COPY")
    assert json.loads(dict(last)["ENTRYPOINT"])[0] == "/opt/venv/bin/python"


def test_the_image_says_whether_it_is_well():
    """The command that Docker would run, with the Python of the tests in the place of the image's."""
    command = json.loads(dict(instructions())["HEALTHCHECK"].partition(" CMD ")[2])
    probe = [sys.executable, *command[1:]]
    with http.server.HTTPServer(("127.0.0.1", 0), Well) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        env = {"PORT": str(server.server_port)}
        assert [subprocess.run(probe, env=env, stderr=subprocess.DEVNULL).returncode for _ in range(2)] == [0, 1]
        server.shutdown()


class Well(http.server.BaseHTTPRequestHandler):
    """Well once, and then no more."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(200 if self.asked == ["/healthz"] else 503)
        self.end_headers()

    def log_message(self, *_):
        pass
