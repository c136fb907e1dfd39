# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch alarms that change state by themselves, over the metrics that moto keeps."""
