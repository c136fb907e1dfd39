# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `molecule`: every role's scenario over one shared local cloud."""

from __future__ import annotations

from tests.gates.run import ROOT, Outcome, execute

BUILD = ROOT / "build" / "molecule"


def run() -> list[Outcome]:
    """Run all scenarios; each one counts as a test."""
    scenarios = sorted(
        path.parent.name for path in ROOT.glob("molecule/*/molecule.yml") if path.parent.name != "default"
    )
    env = {
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(BUILD / "state"),
        "MOLECULE_GLOB": "molecule/*/molecule.yml",
    }
    done = execute("molecule", ["molecule", "test", "--all", "--workers", "2"], env=env)
    failed = [] if done.status == 0 else [name for name in scenarios if f"{name}" in done.output]
    return [
        Outcome(
            "molecule", len(scenarios) - len(failed), max(len(failed), int(done.status != 0)), done.seconds, done.log
        )
    ]
