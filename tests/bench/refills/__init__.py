# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark of the refill is made of."""
