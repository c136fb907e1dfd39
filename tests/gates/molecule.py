# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `molecule`: every role's scenario over one shared local cloud."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from tests.gates.run import ROOT, Outcome, execute

BUILD = ROOT / "build" / "molecule"
COLOR = re.compile(r"\x1b\[[0-9;]*m")
#: A line of molecule's closing recap: `vpc : actions=6 successful=6 ... failed=0`.
RECAP = re.compile(r"^(\w+)\s*: actions=\d+.*\bfailed=(\d+)", re.MULTILINE)


def run() -> list[Outcome]:
    """Run all scenarios; each one counts as a test, and one that never ran as failed."""
    stop = [sys.executable, "-m", "localcloud", "down", "--state", str(BUILD / "local")]
    subprocess.run(stop, cwd=ROOT, stdout=subprocess.DEVNULL)
    shutil.rmtree(BUILD, ignore_errors=True)  # what an interrupted run left would be taken for a running cloud
    scenarios = {path.parent.name for path in ROOT.glob("molecule/*/molecule.yml")} - {"default"}
    env = {
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(BUILD / "state"),
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
    }
    done = execute("molecule", ["molecule", "test", "--all", "--workers", "2"], env=env)
    passed = scenarios & succeeded(done.output)
    failed = len(scenarios - passed) or int(done.status != 0)
    return [Outcome("molecule", len(passed), failed, done.seconds, done.log)]


def succeeded(output: str) -> set[str]:
    """Names of the scenarios that molecule's recap tells without a failure."""
    return {name for name, failed in RECAP.findall(COLOR.sub("", output)) if failed == "0"}
