# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane of the local cloud's CloudFront distributions: a real edge cache with CloudFront's semantics."""
