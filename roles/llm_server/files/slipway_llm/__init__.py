# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a host that serves a model. Standard library only, and Python 3.10: the host has its own."""
