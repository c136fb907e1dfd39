# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the engine's image, by its digest: nothing is asked of the registry if the host has it already."""

from __future__ import annotations

import re
import subprocess
import sys

from slipway_llm.aws import Aws
from slipway_llm.errors import HostError
from slipway_llm.settings import Settings, run

ECR = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


def docker(*arguments: str, password: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run docker; the finished process."""
    return subprocess.run(["docker", *arguments], input=password, capture_output=True, text=True, check=False)


def pull(settings: Settings) -> None:
    """Pull it unless it is there. Raises HostError."""
    if docker("image", "inspect", settings.image).returncode == 0:
        return
    registry = settings.image.partition("/")[0]
    if ECR.fullmatch(registry):
        password = Aws(settings.region).registry_password()
        login = docker("login", "--username", "AWS", "--password-stdin", registry, password=password)
        if login.returncode:
            raise HostError(f"docker login {registry}: {login.stderr.strip()[-300:]}")
    print(f"pulling {settings.image}", flush=True)
    pulled = docker("pull", "--quiet", settings.image)
    if pulled.returncode:
        raise HostError(f"docker pull {settings.image}: {pulled.stderr.strip()[-300:]}")


if __name__ == "__main__":
    sys.exit(run("pull", pull))
