# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry point of the local Atlas's process.

The supervisor starts it with `--settings` of its cloud; it then stops at the end of standard input, which is the
supervisor's end, however that came about. Alone: `python -m localcloud.atlas --aws URL KEY SECRET`; it prints its base
URL when it answers. The AWS credentials may be any account's: with them it assumes a role in Atlas's own.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.atlas.aws import Aws
from localcloud.atlas.server import Place, build, serve
from localcloud.settings import Settings


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.atlas")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--settings", type=Path, help="of a local cloud")
    where.add_argument("--aws", nargs=3, metavar=("URL", "KEY", "SECRET"), help="an AWS endpoint and its credentials")
    parser.add_argument("--ready", type=int, default=-1, help="descriptor for the word that it answers")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if given.settings:
        settings = Settings.load(given.settings)
        parts = urlsplit(settings.atlas_url)
        accounts = [account.id for account in settings.accounts]
        aws = Aws(settings.endpoint_url, settings.accounts[0].access_key, settings.accounts[0].secret_key)
        proxy = urlsplit(settings.atlas_proxy).port or 0
        place = Place(
            parts.hostname or "", parts.port or 0, proxy, settings.scratch, with_stdin=True, ready=given.ready
        )
        asyncio.run(serve(build(accounts), aws, place))
    else:
        with tempfile.TemporaryDirectory() as folder:
            place = Place("127.0.0.1", 0, 0, Path(folder))
            asyncio.run(serve(build(["111111111111"]), Aws(*given.aws), place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
