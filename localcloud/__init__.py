# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud: an AWS-shaped control plane and real data planes on loopback (docs/local-cloud.md)."""
