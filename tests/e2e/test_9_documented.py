# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the documentation that name tests of this folder were run by them: same playbook, same variables."""

from __future__ import annotations

import pytest

from docs_build.check import found
from docs_build.commands import plays
from tests.e2e.harness import RAN

HERE = "tests/e2e/test_"


def _documented():
    return [block for block in found() if block.mark and block.mark.tests and all(map(_here, block.mark.tests))]


def _here(test):
    return test.startswith(HERE)


@pytest.mark.parametrize("block", _documented(), ids=lambda block: block.place)
def test_the_documented_commands_were_run(request, block):
    """Where all of its tests are in this session, so that a part of the tests can be run alone."""
    names = {item.nodeid.partition("[")[0] for item in request.session.items}
    if not names.issuperset(block.mark.tests):
        pytest.skip("not all of its tests are run")
    missing = [
        play
        for play in plays(block.text)
        if not any(
            play.playbook == other.playbook and play.variables <= other.variables and play.check == other.check
            for other in RAN
        )
    ]
    assert missing == []
