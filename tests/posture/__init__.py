# SPDX-License-Identifier: GPL-3.0-or-later
"""What an independent scanner finds in what site.yml makes: `make posture`."""
