# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's shell in a copy of the checkout, where the pages' blocks are typed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localcloud.demo import run
from tests.pipelines.world import VENV, Shell, copy_checkout

# What the pages say that a reader has in the environment.
GIVEN = {"ADMIN_TOKEN": "of the documentation's test"}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """The copy, with the .venv that `make venv` would make over the network; its cloud is down in the end."""
    folder = tmp_path_factory.mktemp("docs") / "slipway"
    copy_checkout(folder)
    (folder / ".venv").mkdir()
    for name in ("bin", "lib", "include", "pyvenv.cfg", ".requirements.cksum"):
        (folder / ".venv" / name).symlink_to(VENV / name)
    yield folder
    run.cloud(folder / ".local", "down")


@pytest.fixture(scope="session")
def shell(checkout):
    """One bash for all blocks, with nothing of the user's own but programs."""
    path = [Path(sys.base_prefix) / "bin", "/usr/local/bin", "/usr/bin", "/bin"]
    bash = Shell({"PATH": os.pathsep.join(map(str, path)), "LANG": "C.UTF-8", **GIVEN}, checkout)
    yield bash
    bash.close()
