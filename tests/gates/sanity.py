# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `sanity`: every test of `ansible-test sanity`, on a copy, since it refuses to run through the self-link.

Everything it caches stays under build/, so that the user's home is not touched.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import ansible_collections.amazon as amazon  # type: ignore[import-untyped]

from tests.gates.run import ROOT, Outcome, execute

TREE = ROOT / "build" / "sanity" / "ansible_collections"
HOME = ROOT / "build" / "sanity" / "home"
COPY = TREE / "slipway" / "ops"


def run() -> list[Outcome]:
    """Copy the collection, run the sanity tests on it, and count them."""
    copy_collection()
    bootstrap_pip()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    # A pyenv shim called python3.9 that cannot run breaks the compile tests: the real interpreter comes first.
    path = f"{Path(sys.executable).parent}:{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin"
    command = ["ansible-test", "sanity", "--color", "no", "--python", python]
    done = execute("sanity", command, cwd=COPY, env={"HOME": str(HOME), "PATH": path, "ANSIBLE_CONFIG": ""})
    total = len(re.findall(r"^Running sanity test", done.output, re.MULTILINE))
    match = re.search(r"The (\d+) sanity test\(s\) listed below", done.output)
    failed = int(match[1]) if match else int(done.status != 0)
    return [Outcome("sanity", max(total - failed, 0), failed, done.seconds, done.log)]


def copy_collection() -> None:
    """Copy what git knows or would add, and the collections that Slipway's modules import."""
    shutil.rmtree(TREE, ignore_errors=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        source = ROOT / name
        if name and (source.is_symlink() or source.is_file()):
            target = COPY / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.run(["git", "init", "-q", "."], cwd=COPY, check=True)
    subprocess.run(["git", "add", "-A"], cwd=COPY, check=True)
    (TREE / "amazon").symlink_to(next(iter(amazon.__path__)))


def bootstrap_pip() -> None:
    """Give ansible-test the pip that Python brings: otherwise it downloads one from outside PyPI.

    ansible-core 2.21 looks for the file of this name (`_util/target/setup/bootstrap` in its sources).
    """
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    if not version("ansible-core").startswith("2.21."):
        raise SystemExit("sanity: ansible-core is no longer 2.21: look up the name of its cached get-pip anew")
    (cache / "get_pip_25_2.py").write_text("import ensurepip\n\nensurepip.bootstrap()\n", encoding="utf-8")
