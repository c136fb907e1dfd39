# SPDX-License-Identifier: GPL-3.0-or-later
"""The chaos suite in its short form."""

from __future__ import annotations

import subprocess
import sys

from localcloud.images import ROOT


def test_the_short_form_goes_as_expected():
    """`make chaos` is the full form; to see a failure again: python -m tests.chaos --short --seed 1 --only NUMBER."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--short", "--seed", "1"], cwd=ROOT, capture_output=True, text=True
    )
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
