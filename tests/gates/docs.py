# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate `docs`: the site is built without a warning, and every block of commands says which test runs it.

Those that no other test runs are run by tests/docs, in gate e2e.
"""

from __future__ import annotations

import sys

from tests.gates.run import Outcome, check


def run() -> list[Outcome]:
    """Check and build the documentation."""
    return [check("docs", [sys.executable, "-m", "docs_build"])]
