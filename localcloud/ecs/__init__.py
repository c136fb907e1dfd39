# SPDX-License-Identifier: GPL-3.0-or-later
"""The ECS service scheduler: makes moto's ECS backend run real tasks.

plan.py decides (pure), controller.py loops and applies, lifecycle.py takes one task from PROVISIONING to STOPPED,
api.py mends the operations of moto that create and show all this. Runs inside the control process.
"""
