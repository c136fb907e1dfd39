# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of the pages, typed by two people at the same time on one cloud: most of what they do is waiting.

Each has a copy of the checkout and a shell. The first begins with the quick start; the second begins where that has
made the environment, and adds things to it.
"""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docs_build.blocks import LITERAL
from docs_build.check import found
from localcloud.demo import run
from tests.pipelines.world import VENV, Shell, copy_checkout

# So that both take about as long.
FIRST = (
    "docs/quick-start.md",
    "docs/tasks/deploy.md",
    "docs/tasks/recover.md",
    "docs/doctor.md",
    "docs/tasks/add-an-environment.md",
)
SECOND = ("docs/tasks/add-a-service.md", "docs/tasks/rotate-a-secret.md")
# Of the quick start, what the second person waits for: a cloud, and the environment.
MADE = 2
# What a reader of these pages has done and has in the environment.
BEFORE = ". .venv/bin/activate\n. .local/env\n"
GIVEN = {"ADMIN_TOKEN": "of the documentation's test"}


def marked(test):
    """Blocks that name a test, in the order in which they are run; pages that nobody has placed are the second's."""
    order = (*FIRST, *SECOND)
    blocks = [block for block in found() if block.mark and test in block.mark.tests]
    return sorted(blocks, key=lambda block: order.index(block.page) if block.page in order else len(order))


class Person:
    """A shell in a copy of the checkout, with the .venv that `make venv` would make over the network."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.said = folder / "slipway", {}
        copy_checkout(self.checkout)
        (self.checkout / ".venv").mkdir()
        for name in ("bin", "lib", "include", "pyvenv.cfg", ".requirements.cksum"):
            (self.checkout / ".venv" / name).symlink_to(VENV / name)
        path = [Path(sys.base_prefix) / "bin", "/usr/local/bin", "/usr/bin", "/bin"]
        env = {"PATH": os.pathsep.join(map(str, path)), "LANG": "C.UTF-8", **GIVEN}
        self.shell = Shell(env, self.checkout)

    def types(self, blocks) -> None:
        """Run them in turn and keep what each printed; after the first that fails, none."""
        for block in blocks:
            try:
                self.said[block.place] = self.shell.run(block.text)
            except AssertionError as error:
                self.said[block.place] = error
                return


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    """Who begins, and has the cloud."""
    person = Person(tmp_path_factory.mktemp("first"))
    yield person
    person.shell.close()
    run.cloud(person.checkout / ".local", "down")


@pytest.fixture(scope="session")
def second(first, tmp_path_factory):
    """Who goes on from there on the same cloud."""
    person = Person(tmp_path_factory.mktemp("second"))
    # The cloud is the first's, with its program and its images.
    shutil.rmtree(person.checkout / "localcloud")
    for name in (".local", "localcloud"):
        (person.checkout / name).symlink_to(first.checkout / name)
    yield person
    person.shell.close()


@pytest.fixture(scope="session")
def said(first, second):
    """Place of a block -> what it printed, or why it failed."""
    blocks = marked(LITERAL)
    firsts = [block for block in blocks if block.page in FIRST]
    others = [block for block in blocks if block.page not in FIRST]
    first.types(firsts[:MADE])
    with ThreadPoolExecutor(1) as beside:
        second.shell.run(BEFORE)
        rest = beside.submit(second.types, others)
        if len(first.said) == MADE and isinstance(list(first.said.values())[-1], str):
            first.types(firsts[MADE:])
        rest.result()
    return first.said | second.said
