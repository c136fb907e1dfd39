# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the benchmark of site.yml (tests/bench/converge.py)."""
