# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `sanity`: every test of `ansible-test sanity`, on the collection as `ansible-galaxy` builds it.

Everything it caches stays under build/, so that the user's home is not touched.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

from ansible_collections import amazon

from tests.gates.run import ROOT, Outcome, execute

TREE = ROOT / "build" / "sanity" / "tree" / "ansible_collections"
HOME = ROOT / "build" / "sanity" / "home"
COPY = TREE / "slipway" / "ops"


def run() -> list[Outcome]:
    """Install the collection, run the sanity tests on it, and count them."""
    install_collection()
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


def install_collection() -> None:
    """Build and install the collection as a user of Galaxy gets it, beside the collections that its modules import."""
    shutil.rmtree(TREE.parent, ignore_errors=True)
    COPY.mkdir(parents=True)
    build = ["ansible-galaxy", "collection", "build", "--force", "--output-path", str(TREE.parent)]
    subprocess.run(build, cwd=ROOT, check=True)
    (archive,) = TREE.parent.glob("slipway-ops-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(COPY, filter="data")
    (COPY / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "config.yml", COPY / "tests")
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
