# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `web`: the example frontend built anew from its sources, and what a real browser makes of it and of the reports.

Both need what not every machine has. Without npm, or without a Chromium, that part does not run, and a line says so.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from localcloud.demo import browser
from tests.gates import suites
from tests.gates.run import ROOT, Outcome, check

SOURCES = ROOT / "examples" / "web"
BUILT = SOURCES / "releases"
NODE = (20, 19)
# What is made, of all that is in SOURCES itself.
MADE = ["node_modules", BUILT.name]


def run() -> list[Outcome]:
    """Lint, test and build the frontend, compare the builds with the shipped ones, and look at them in a browser."""
    return [*frontend(missing_node()), *in_browser(browser.find())]


def missing_node() -> str:
    """Why npm cannot be used; empty if it can."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    found = tuple(int(part) for part in version.removeprefix("v").split(".")[:2])
    return "" if found >= NODE else f"Node.js {version} is too old: {'.'.join(map(str, NODE))} or newer"


def frontend(missing: str) -> list[Outcome]:
    """In a copy elsewhere: the checkout stays as it is, its .gitignore has no say, and a build that depends on where it
    is made is seen."""
    if missing:
        return [not_run("web", missing)]
    with tempfile.TemporaryDirectory(prefix="slipway-web-") as folder:
        return checked(Path(folder) / "web")


def checked(copy: Path) -> list[Outcome]:
    """Install what the lock names, and try everything on it."""
    shutil.copytree(SOURCES, copy, ignore=lambda folder, _: MADE if Path(folder) == SOURCES else [])
    outcomes = [check("web-install", ["npm", "ci", "--no-audit", "--no-fund"], cwd=copy)]
    if not outcomes[0].failed:
        outcomes += [check("web-lint", ["npm", "run", "lint"], cwd=copy), check("web-test", ["npm", "test"], cwd=copy)]
        outcomes += [rebuilt(copy, version) for version in sorted(path.name for path in BUILT.iterdir())]
    return outcomes


def rebuilt(copy: Path, version: str) -> Outcome:
    """Build a release; it must be the shipped one to the last byte."""
    name = f"web-build-{version}"
    done = check(name, ["npm", "run", "build"], cwd=copy, env={"RELEASE": version})
    made, shipped = files(copy / "releases" / version), files(BUILT / version)
    differing = sorted(path for path in made.keys() | shipped.keys() if made.get(path) != shipped.get(path))
    for path in differing:
        print(f"-- {name}: examples/web/releases/{version}/{path} is not what its sources give: build it anew")
    return Outcome(name, int(not differing), int(bool(differing or done.failed)), done.seconds, done.log)


def files(folder: Path) -> dict[str, bytes]:
    """Path to content of all files in a folder; none where there is no folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_browser(chromium: str | None) -> list[Outcome]:
    """What a browser shows of the shipped releases and of the reports."""
    if chromium is None:
        return [not_run("browser", "no Chromium is installed (Debian: apt install chromium)")]
    return [suites.pytest("browser", ["tests/browser", "-q"])]


def not_run(name: str, why: str) -> Outcome:
    """A part that this machine cannot run, said where it is seen."""
    print(f"-- {name}: NOT RUN: {why}", flush=True)
    return Outcome(name, 0, 0, 0.0, f"NOT RUN: {why}")
