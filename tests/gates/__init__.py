# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of `make test`: the same commands for a developer and for CI."""
