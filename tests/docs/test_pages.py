# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the documentation, run as they stand, as a reader would. Which ones, the pages say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docs_build.blocks import ELSEWHERE, LITERAL
from docs_build.commands import plays

from .conftest import marked

END = "tests/docs/test_pages.py::test_nothing_stays_behind"


@pytest.mark.parametrize("block", marked(LITERAL), ids=lambda block: block.place.replace("docs/", ""))
def test_blocks(said, block):
    assert block.place in said, "a block before it failed"
    if isinstance(said[block.place], AssertionError):
        raise said[block.place]


def test_what_the_pages_have_made_answers(said, first, second):
    """The release that awaited a person, and the service that was added, with the secret that was rotated."""
    assert '"version":"2.0.0"' in first.shell.run('curl -fsS "$LOCAL_ALB_URL/version"').replace(" ", "")
    admin = 'curl -fsS --header "Host: admin.example.com" "$LOCAL_ALB_URL/version"'
    assert '"version":"1.0.0"' in second.shell.run(admin).replace(" ", "")


def test_nothing_stays_behind(said, first):
    [block] = marked(END)
    first.shell.run(block.text)
    status = [sys.executable, "-m", "localcloud", "status", "--state", str(first.checkout / ".local")]
    assert subprocess.run(status, cwd=first.checkout, check=False).returncode == 3


@pytest.mark.parametrize("block", marked(ELSEWHERE), ids=lambda block: block.place)
def test_elsewhere(block):
    """What such a block runs, runs in one that is run as it stands; only inventory and values may differ."""
    known = [play for each in marked(LITERAL) for play in plays(each.text)]
    for play in plays(block.text):
        assert any(
            play.playbook == other.playbook and play.variables <= other.variables and play.check == other.check
            for other in known
        ), play
