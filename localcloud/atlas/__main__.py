# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of the local Atlas's process: `python -m localcloud.atlas --port 8765 --aws URL KEY SECRET`.

It prints its base URL when it answers. The AWS credentials are those of any account: with them it assumes a role in
Atlas's own.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from localcloud.atlas.aws import Aws
from localcloud.atlas.server import build, serve


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.atlas")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--aws", nargs=3, metavar=("URL", "KEY", "SECRET"), required=True, help="the AWS endpoint")
    parser.add_argument(
        "--account", action="append", default=[], help="AWS account that has a project; may be repeated"
    )
    parser.add_argument("--with-stdin", action="store_true", help="stop when standard input ends")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    atlas = build(given.account or ["111111111111"])
    asyncio.run(serve(atlas, Aws(*given.aws), given.host, given.port, with_stdin=given.with_stdin))
    return 0


if __name__ == "__main__":
    sys.exit(main())
