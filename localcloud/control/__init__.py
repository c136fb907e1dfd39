# SPDX-License-Identifier: GPL-3.0-or-later
"""The control process: moto's AWS API with the mends, and the bridge from its state to the data planes."""
