# SPDX-License-Identifier: GPL-3.0-or-later
"""The torture suite in its short form."""

from __future__ import annotations

import subprocess
import sys

from localcloud.images import ROOT


def test_the_short_form_goes_as_expected():
    """`make torture` is the full form."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--short", "--seed", "1"], cwd=ROOT, capture_output=True, text=True
    )
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
