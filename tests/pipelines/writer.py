# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that writes release records one after the other, as module slipway.ops.release_record does.

Usage: `python -m tests.pipelines.writer NAME COUNT`, with AWS's variables in the environment. Prints the ids that the
release store has said to be written.
"""

from __future__ import annotations

import os
import sys

import boto3
from ansible_collections.slipway.ops.plugins.module_utils import releases
from ansible_collections.slipway.ops.plugins.module_utils.release_record_plan import put_request, record_of

SERVICE = "written"


def main() -> None:
    """Every record is one of the same second, as when all of them deploy at once."""
    name, count, table = sys.argv[1], int(sys.argv[2]), os.environ["TABLE"]
    client = boto3.client("dynamodb")
    for number in range(count):
        content = {"kind": "deploy", "outcome": "promoted", "digest": f"sha256:{number}", "git_sha": "", "by": name}
        record = record_of({"service": SERVICE, "started": 1795500763.0, **content})
        releases.put(client, put_request(table, record))
        print(record["id"], flush=True)


if __name__ == "__main__":
    main()
