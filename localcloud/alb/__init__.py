# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane of the local cloud's Application Load Balancers: a real reverse proxy with AWS's semantics."""
