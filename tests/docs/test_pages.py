# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the documentation, run as they stand, one block after the other, as a reader would.

Which ones that are the pages say (CONTRIBUTING.md). They share a shell and a cloud, and go on with what the pages
before have left, so that nothing is made twice.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from docs_build.blocks import ELSEWHERE, LITERAL
from docs_build.check import found
from docs_build.commands import plays

# In this order; what other pages have comes after them.
ORDER = (
    "docs/quick-start.md",
    "docs/tasks/deploy.md",
    "docs/tasks/recover.md",
    "docs/tasks/add-a-service.md",
    "docs/tasks/rotate-a-secret.md",
)
END = "tests/docs/test_pages.py::test_nothing_stays_behind"


def marked(test):
    """Blocks that name a test, page by page."""
    blocks = [block for block in found() if block.mark and test in block.mark.tests]
    return sorted(blocks, key=lambda block: ORDER.index(block.page) if block.page in ORDER else len(ORDER))


@pytest.mark.parametrize("block", marked(LITERAL), ids=lambda block: block.place.replace("docs/", ""))
def test_blocks(shell, block):
    shell.run(block.text)


def test_what_the_pages_have_made_answers(shell):
    """The last release, by each of the services."""
    assert '"version": "2.0.0"' in shell.run('curl -fsS "$LOCAL_ALB_URL/version"').replace('":"', '": "')
    rotated = "parameter/slipway-local/admin/token-2"
    assert rotated in shell.run("cat inventories/local/group_vars/all/services.yml")


def test_nothing_stays_behind(shell, checkout):
    [block] = marked(END)
    shell.run(block.text)
    status = [sys.executable, "-m", "localcloud", "status", "--state", str(checkout / ".local")]
    assert subprocess.run(status, cwd=checkout, check=False).returncode == 3


@pytest.mark.parametrize("block", marked(ELSEWHERE), ids=lambda block: block.place)
def test_elsewhere(block):
    """What such a block runs, runs in one that is run as it stands; only inventory and values may differ."""
    known = [play for each in marked(LITERAL) for play in plays(each.text)]
    for play in plays(block.text):
        assert any(
            play.playbook == other.playbook and play.variables <= other.variables and play.check == other.check
            for other in known
        ), play
