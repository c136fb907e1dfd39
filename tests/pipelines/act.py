# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of workflows with act in host mode, and what its --json says of it.

Every action that is not ours is one of stubs/OWNER/NAME, mapped by the very reference that the workflows name. Another
one cannot be had, because the way out of the machine is a proxy that is not there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STUBS = HERE / "stubs"
ACT = Path(sys.executable).parent / "act"
# Labels of the runners that the workflows ask for: here all of them are this machine.
RUNNERS = ("ubuntu-latest", "ubuntu-24.04")
NOWHERE = "http://127.0.0.1:9"
_USES = re.compile(r"""^\s*(?:-\s+)?uses:\s*['"]?([^'"\s#]+)""", re.MULTILINE)


class NoStubError(Exception):
    """A workflow uses an action that nothing here stands in for."""


@dataclass(frozen=True)
class Run:
    """A run that ended: its number, act's exit status and its events in their order."""

    number: str
    status: int
    events: list[dict[str, Any]]
    log: str

    @property
    def results(self) -> dict[str, str]:
        """Job id -> success or failure, in the order in which they ended; a job that was skipped is not there."""
        return {event["jobID"]: event["jobResult"] for event in self.events if "jobResult" in event}

    @property
    def started(self) -> list[str]:
        """Ids of the jobs in the order in which they began."""
        return list(dict.fromkeys(event["jobID"] for event in self.events if event.get("step") == "Set up job"))

    def in_order(self, *jobs: str) -> bool:
        """Whether each of the jobs began after the one before it had ended."""
        begun = [self._first(job, "step") for job in jobs]
        ended = [self._first(job, "jobResult") for job in jobs]
        return all(0 <= end < begin for end, begin in zip(ended, begun[1:], strict=False))

    def _first(self, job: str, key: str) -> int:
        found = (number for number, event in enumerate(self.events) if event.get("jobID") == job and key in event)
        return next(found, -1)

    def summary(self, job: str) -> str:
        """What the job wrote for its page; act shows what a composite action wrote once more, as the action's own."""
        found = [event for event in self.events if event.get("jobID") == job and event.get("command") == "summary"]
        steps = [event["stepID"] for event in found]
        inner = [each for each in found if not any(_within(step, each["stepID"]) for step in steps)]
        return "".join(event["content"] for event in inner)

    def outputs(self, job: str) -> dict[str, str]:
        """What the job's steps set, the last of a name."""
        return {
            event["name"]: event["arg"]
            for event in self.events
            if event.get("jobID") == job and event.get("command") == "set-output"
        }

    @property
    def why(self) -> str:
        """For who reads a failed assertion: the end of what each job that failed printed, and act's own errors."""
        failed = [job for job, result in self.results.items() if result == "failure"]
        printed = {job: [event["msg"] for event in self.events if event.get("jobID") == job] for job in failed}
        return "\n".join([*("".join(lines)[-6000:] for lines in printed.values()), self.log])


def _within(step: list[str], other: list[str]) -> bool:
    return len(step) > len(other) and step[: len(other)] == other


def used(files: Iterable[Path]) -> set[str]:
    """The actions of other repositories that the files use, as they name them: OWNER/NAME[/PATH]@REF."""
    found = {name for path in files for name in _USES.findall(path.read_text(encoding="utf-8"))}
    return {name for name in found if "@" in name}


def stand_ins(names: Iterable[str], own: Mapping[str, Path]) -> list[str]:
    """act's arguments that give each action its folder: OWN ones by OWNER/NAME, all others from the stubs."""
    folders: dict[str, Path] = {}
    for name in names:
        action, _, reference = name.partition("@")
        repository = "/".join(action.split("/")[:2])
        folder = own.get(repository, STUBS / repository)
        if not folder.is_dir():
            raise NoStubError(f"{name}: write tests/pipelines/stubs/{repository}/action.yml, or do without it")
        folders[f"{repository}@{reference}"] = folder
    return [f"--local-repository={name}={folder}" for name, folder in sorted(folders.items())]


@dataclass(frozen=True)
class Machine:
    """One run's own: a home that is thrown away, its environment, and folders of repositories that are not stubs."""

    home: Path
    env: Mapping[str, str]
    own: Mapping[str, Path]

    def run(self, clone: Path, workflow: str, event: str, inputs: Mapping[str, str]) -> Run:
        """Run a workflow file of a clone as GitHub would for this event on the branch that is checked out."""
        self.home.mkdir(parents=True)
        payload = self.home / "event.json"
        payload.write_text(json.dumps({"inputs": inputs}))
        files = [path for folder in (clone, *self.own.values()) for path in folder.glob(".github/**/*.yml")]
        command = [
            *(str(ACT), event, "--workflows", f".github/workflows/{workflow}", "--eventpath", str(payload)),
            *(f"--platform={label}=-self-hosted" for label in RUNNERS),
            *(
                "--json",
                "--no-cache-server",
                "--no-skip-checkout",
                "--actor",
                "ada",
                "--secret",
                "GITHUB_TOKEN=a-token",
            ),
            *(f"--env={name}={value}" for name, value in self.env.items() if name.startswith("GITHUB_")),
            *stand_ins(used(files), self.own),
        ]
        quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace"}
        done = subprocess.run(command, cwd=clone, env=self._env(), **quiet)
        (self.home / "act.jsonl").write_text(done.stdout)
        (self.home / "act.log").write_text(done.stderr)
        shutil.rmtree(self.home / ".cache", ignore_errors=True)
        return Run(
            self.env["GITHUB_RUN_ID"], done.returncode, [_event(line) for line in done.stdout.splitlines()], done.stderr
        )

    def _env(self) -> dict[str, str]:
        """Nothing of the user's own, whose credentials and settings a step would inherit."""
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        return kept | {"HOME": str(self.home), "HTTPS_PROXY": NOWHERE, "ACT_DISABLE_VERSION_CHECK": "true"} | self.env


def _event(line: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(line)
    return event
