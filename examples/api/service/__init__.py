# SPDX-License-Identifier: GPL-3.0-or-later
"""What both releases of the example share: settings, the HTTP server's life, S3 items and the LLM proxy."""
