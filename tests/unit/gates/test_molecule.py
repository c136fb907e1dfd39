# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scenarios molecule says succeeded."""

from __future__ import annotations

from tests.gates.molecule import succeeded

RECAP = """\
SCENARIO RECAP
\x1b[32mdefault\x1b[0m             : \x1b[32mactions=2\x1b[0m  successful=2  disabled=0  skipped=0  missing=0  failed=0
\x1b[32mvpc\x1b[0m                 : actions=6  successful=6  disabled=0  skipped=0  missing=0  failed=0
\x1b[31malb\x1b[0m                 : actions=6  successful=2  disabled=0  skipped=0  missing=0  \x1b[31mfailed=1\x1b[0m
"""


def test_a_scenario_succeeds_by_the_recap_alone():
    assert succeeded("INFO vpc converge\nINFO s3_endpoint converge\n" + RECAP) == {"default", "vpc"}
