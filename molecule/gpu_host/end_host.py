# SPDX-License-Identifier: GPL-3.0-or-later
"""End an instance as its own idle stop does: out of its group, which wants one fewer."""

from __future__ import annotations

import sys

import boto3

if __name__ == "__main__":
    boto3.client("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=sys.argv[1], ShouldDecrementDesiredCapacity=True
    )
