# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark of publishing a site is made of."""
