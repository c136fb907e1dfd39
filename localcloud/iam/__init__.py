# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM's decisions, for the callers whose policies are to be enforced. Off unless the admin API turns it on.

moto's own enforcement (moto/iam/access_control.py) looks at neither Resource nor Condition, which is what the policies
of this project are about; hence an own one.
"""
