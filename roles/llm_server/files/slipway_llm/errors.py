# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that a program of the host ends with."""

from __future__ import annotations


class HostError(Exception):
    """What happened, to what, and what to do, in one line for people."""
