# SPDX-License-Identifier: GPL-3.0-or-later
"""A broken release: it stops at its start, with exit status 3 and a line in its log."""

from __future__ import annotations

import sys

if sys.argv[1:]:  # its jobs work
    sys.exit(0)
print("crash: DATABASE_URL is not set", file=sys.stderr, flush=True)
sys.exit(3)
