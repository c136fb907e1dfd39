# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests.bench.swap consists of: the local cloud and its services, the contenders, and how they are measured."""
