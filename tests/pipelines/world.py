# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of the pipelines: a local cloud, a GitHub in a folder, and a shell for who works with both."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from localcloud.demo import run, watch
from tests.pipelines.act import HERE, ROOT, Machine, Run
from tests.pipelines.github import HOST, Api, Site

SLIPWAY = "slipway/ops"
# Releases of the example, each of which becomes an image when a pipeline builds it.
RELEASES = ("1.0.0", "2.0.0", "3.0.0")
VENV = Path(sys.prefix)


@dataclass
class World:
    """Everything in FOLDER; `home` is where its people work."""

    folder: Path
    api: Api
    site: Site
    _runs: itertools.count[int] = field(default_factory=itertools.count)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _production: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state(self) -> Path:
        return self.folder / "cloud"

    @property
    def slipway(self) -> Path:
        """The working tree that Slipway's repository was pushed from."""
        return self.folder / "slipway"

    def env(self) -> dict[str, str]:
        """What a person's shell and a runner have: programs, git that goes to the folder, nothing of the user's."""
        path = [HERE / "bin", Path(sys.base_prefix) / "bin", *_folder("node"), "/usr/bin", "/bin"]
        own = {
            "PATH": os.pathsep.join(map(str, path)),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.folder),
            "GIT_TEMPLATE_DIR": str(self.folder / "template"),
            "PIPELINES_ROOT": str(ROOT),
            "PIPELINES_HERE": str(HERE),
            "PIPELINES_PYTHON": sys.executable,
            "PIPELINES_GITHUB": str(self.site.folder),
            "PIPELINES_CLOUD": str(self.state),
            "PIPELINES_BUILDS": str(self.folder / "builds"),
            "PIPELINES_SLIPWAY": SLIPWAY,
        }
        return own | self.site.git()

    def account(self, environment: str) -> dict[str, str]:
        """The environment of programs that use this AWS account."""
        kept = run.environment(self.state, environment)
        return {name: kept[name] for name in kept if name.startswith(("AWS_", "LOCAL_", "SLIPWAY_"))}

    def client(self, environment: str, service: str) -> Any:
        """A boto3 client of an account."""
        key = (environment, service)
        if key not in self._clients:
            self._clients[key] = watch.client(run.environment(self.state, environment), service)
        return self._clients[key]

    def pipeline(self, clone: Path, workflow: str, event: str = "push", inputs: Mapping[str, str] | None = None) -> Run:
        """Run a workflow of what was pushed last."""
        number = next(self._runs) + 1
        home = self.folder / "runs" / str(number)
        env = {
            "GITHUB_RUN_ID": str(number),
            "GITHUB_API_URL": self.api.url,
            "PIPELINES_ARTIFACTS": str(home / "artifacts"),
            "PIPELINES_ROLES": str(self.folder / "roles.jsonl"),
            "PIPELINES_ENVIRONMENTS": json.dumps(self.job_environments(workflow, inputs or {})),
        }
        return Machine(home, self.env() | env, {SLIPWAY: self.slipway}).run(clone, workflow, event, inputs or {})

    def job_environments(self, workflow: str, inputs: Mapping[str, str]) -> dict[str, str]:
        """Job id -> the GitHub environment that the job names, of the called workflow, which has its caller's name."""
        found = {}
        path = self.slipway / ".github" / "workflows" / workflow
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            given = job.get("environment", "")
            text = given["name"] if isinstance(given, dict) else given
            found[name] = inputs.get("environment", "") if "${{" in text else text
        return found

    def roles(self) -> list[dict[str, str]]:
        """Which job assumed which role, so far."""
        return [json.loads(line) for line in (self.folder / "roles.jsonl").read_text().splitlines()]

    def begin_production(self, inventories: Path) -> None:
        """Begin to make production with site.yml, beside what else goes on."""
        playbook = str(VENV / "bin" / "ansible-playbook")
        env = self.env() | self.account("production") | {"HOME": str(self.home), "PATH": os.environ["PATH"]}
        with self.production_log.open("w") as log:
            self._production = subprocess.Popen(
                [playbook, "-i", str(inventories / "production"), "playbooks/site.yml"],
                cwd=self.slipway,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def production_log(self) -> Path:
        """What site.yml said about production."""
        return self.folder / "production.log"

    def wait(self) -> int:
        """Wait for production; the exit status of site.yml."""
        return self._production.wait() if self._production else 1

    def slipway_commit(self) -> str:
        """The commit of Slipway that was pushed."""
        command = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(command, cwd=self.slipway, env=self.env(), check=True, capture_output=True, text=True)
        return done.stdout.strip()


def _folder(program: str) -> list[Path]:
    found = shutil.which(program)
    return [Path(found).parent] if found else []


def build(world: World) -> World:
    """Slipway's repository, as it is in this checkout, and a cloud that has nothing."""
    folder = world.folder
    world.home.mkdir()
    _hook(folder / "template" / "hooks" / "post-checkout")
    _publish_slipway(world)
    table = {}
    for release in RELEASES:
        (folder / "builds" / release).mkdir(parents=True)
        entry = ["{python}", "release/main.py"]
        table[f"api:{release}"] = {"folder": release, "entrypoint": entry, "env": {"PYTHONPATH": "."}}
    images = folder / "builds" / "images.json"
    images.write_text(json.dumps(table))
    run.cloud(world.state, "up", "--images", str(images))
    return world


def _hook(path: Path) -> None:
    """Every clone of Slipway comes with the .venv that `make venv` would make in a minute, over the network.

    Of links, so that whatever a clone did to it would not harm the checkout's own.
    """
    path.parent.mkdir(parents=True)
    parts = " ".join(f"'{VENV / name}'" for name in ("bin", "lib", "include", "pyvenv.cfg"))
    path.write_text(
        "#!/bin/sh\nif [ -f galaxy.yml ] && [ ! -e .venv ]; then\n"
        f"  mkdir .venv && ln -s {parts} .venv && cp '{VENV}/.requirements.cksum' .venv\nfi\n"
    )
    path.chmod(0o755)


def copy_checkout(folder: Path) -> None:
    """Copy into FOLDER what git would take of this checkout, whether it is committed or not."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, folder / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _publish_slipway(world: World) -> None:
    """Push this checkout."""
    copy_checkout(world.slipway)
    world.site.create(SLIPWAY)
    script = f"git init -q && git add -A && git commit -qm Slipway && git push -q {HOST}{SLIPWAY} main"
    subprocess.run(["sh", "-ec", script], cwd=world.slipway, env=world.env() | {"HOME": str(world.home)}, check=True)


class Shell:
    """A person's bash: what one block of commands exports or enters, the next one finds."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        self._block, self._errors = home / ".block", home / ".errors"
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                ["bash", "--norc", "-eu"],
                cwd=home,
                env=dict(env) | {"HOME": str(home)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def run(self, commands: str) -> str:
        """What the commands printed. Raises AssertionError with their errors as soon as one fails."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        self._block.write_text(commands)
        process.stdin.write(f". '{self._block}' </dev/null\nprintf '\\n--done--\\n'\n")
        process.stdin.flush()
        lines = []
        for line in process.stdout:
            if line == "--done--\n":
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError(f"{commands}\n{''.join(lines)}\n{self._errors.read_text()}")

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)
