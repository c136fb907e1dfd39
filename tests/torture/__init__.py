# SPDX-License-Identifier: GPL-3.0-or-later
"""The torture suite: releases of a site that are killed, raced and damaged while visitors come and go."""

import sys
from pathlib import Path

# The collection, in whose own words the site is made.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))
