# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: the policies that AWS manages."""

from __future__ import annotations

import os


def install() -> None:
    """Let each account have AWS's managed policies, which moto carries but leaves out unless told so.

    Attaching arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy needs no one to create it first
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html). Costs 0.1 s an account.
    """
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
