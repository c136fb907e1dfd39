# SPDX-License-Identifier: GPL-3.0-or-later
"""A host: a Debian of its own that boots with its own systemd (systemd-nspawn), and the metadata service it asks.

It shares this machine's network, so that what it is told to listen on is loopback, and the local cloud is in reach.
"""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
# Exit status of systemd-nspawn when its system wants to be booted again.
REBOOT = 133
USER_DATA = """[Unit]
Description=The user data, once, as cloud-init runs it
After=network-online.target
ConditionPathExists=!/var/lib/user-data.done

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=600
ExecStart=/bin/bash /var/lib/user-data
ExecStartPost=/usr/bin/touch /var/lib/user-data.done

[Install]
WantedBy=multi-user.target
"""


class Metadata:
    """IMDSv2 of one instance: a token first, then its id and its role's credentials. No spot notice."""

    def __init__(self, instance: str, keys: Mapping[str, str]) -> None:
        credentials = {
            "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
            "Token": "",
            "Code": "Success",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "Expiration": "2036-01-01T00:00:00Z",
        }
        documents = {
            "/latest/meta-data/instance-id": instance,
            "/latest/meta-data/iam/security-credentials/": "host",
            "/latest/meta-data/iam/security-credentials/host": json.dumps(credentials),
        }

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                self.answer(200, "token")

            def do_GET(self) -> None:
                if self.headers.get("X-aws-ec2-metadata-token") != "token":
                    self.answer(401, "")
                elif self.path in documents:
                    self.answer(200, documents[self.path])
                else:
                    self.answer(404, "")

            def answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class Machine:
    """The Debian in FOLDER/root, with the instance store FOLDER/nvme, which a reboot keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._root = folder, folder / "root"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self, user_data: str, env: Mapping[str, str]) -> None:
        """What the image brings beside Debian, the user data, and where its programs find AWS.

        Raises CalledProcessError, whose stderr is the reason; its exit status is 3 where no Debian can be made.
        """
        subprocess.run([HERE / "root.sh", self._root], check=True, stderr=subprocess.PIPE, text=True)
        units = self._root / "etc" / "systemd" / "system"
        shutil.copy(HERE / "docker", self._root / "usr" / "bin" / "docker")
        (units / "docker.service").write_text("[Service]\nExecStart=/usr/bin/sleep infinity\n")
        (units / "user-data.service").write_text(USER_DATA)
        (units / "multi-user.target.wants").mkdir(exist_ok=True)
        (units / "multi-user.target.wants" / "user-data.service").symlink_to("../user-data.service")
        (self._root / "var" / "lib" / "user-data").write_text(user_data)
        # Debian's AWS CLI is older than AWS_ENDPOINT_URL.
        cli = self._root / "usr" / "local" / "bin" / "aws"
        cli.write_text('#!/bin/sh\nexec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n')
        cli.chmod(0o755)
        conf = self._root / "etc" / "systemd" / "system.conf.d"
        conf.mkdir()
        pairs = " ".join(f'"{name}={value}"' for name, value in env.items())
        (conf / "environment.conf").write_text(f"[Manager]\nDefaultEnvironment={pairs}\n")
        # A file system of its own, as the refill wants it.
        store = self._folder / "nvme"
        store.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "instance-store", store], check=True)

    def boot(self) -> None:
        """Start it; systemd's own messages go to FOLDER/console.log."""
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--link-journal=no", "--console=pipe"]
        command += [f"--directory={self._root}", f"--bind={self._folder / 'nvme'}:/opt/dlami/nvme"]
        with (self._folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [*command, "--boot"], stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
            )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it; its exit status and output."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        enter = ["nsenter", f"--target={children[-1]}", "--mount", "--uts", "--ipc", "--pid", "--root", "--wd"]
        return subprocess.run(
            [
                *enter,
                "/usr/bin/env",
                "-i",
                "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "LANG=C.UTF-8",
                *command,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def reboot(self, seconds: float) -> bool:
        """Have its systemd reboot it; False if it has not gone down within SECONDS. systemd-nspawn leaves the start
        to whoever started it."""
        assert self._process is not None
        self.run("systemctl", "--no-block", "reboot")
        try:
            status = self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.boot()
        return status == REBOOT

    def ended(self) -> bool:
        """Whether it is switched off."""
        assert self._process is not None
        return self._process.poll() is not None

    def close(self) -> None:
        """Switch it off, and leave nothing mounted."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if (self._folder / "nvme").is_mount():
            subprocess.run(["umount", self._folder / "nvme"], check=True)


def until(what: Callable[[], bool], seconds: float) -> bool:
    """Look once a second whether it is so; False if it is not within SECONDS."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True
