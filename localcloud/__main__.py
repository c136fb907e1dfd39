# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the local cloud: `python -m localcloud COMMAND`; docs/local-cloud.md tells more."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import lifecycle

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_STATE = Path(".local")


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3600 seconds")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud",
        description="An AWS-shaped cloud on loopback: the API (moto, mended), tasks as processes, a load balancer.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = _command(commands, "up", "start the local cloud; exit 0 when it is ready or was up already, 1 when it cannot")
    up.add_argument(
        "--weight-delay",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="seconds that a change of a listener rule takes to reach the load balancer's data plane (default 0)",
    )
    up.add_argument(
        "--images",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another image table, over localcloud/images.json; may be given more than once",
    )
    _command(commands, "down", "stop the local cloud and remove what it left; exit 0, also when there is none")
    _command(
        commands, "status", "say how the local cloud is; exit 0 when up, 1 when it has crashed, 3 when there is none"
    )
    push = _command(
        commands, "push", "put a local image into ECR, as `docker push` does; prints the reference by digest"
    )
    push.add_argument("image", metavar="NAME:VERSION", help="a key of the image tables, as in api:1.0.0")
    push.add_argument("--environment", default="local", metavar="ENV", help="whose account (default local)")
    push.add_argument("--repository", metavar="REPO", help="the ECR repository (default NAME)")
    push.add_argument("--tag", metavar="T", help="the tag (default VERSION)")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_STATE,
        metavar="DIR",
        help="the folder that holds this cloud's state, one cloud a folder (default .local)",
    )
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parsed = _parser().parse_args(arguments)
    state: Path = parsed.state.absolute()
    if parsed.command == "up":
        return lifecycle.up(state, parsed.weight_delay, parsed.images)
    if parsed.command == "down":
        return lifecycle.down(state)
    if parsed.command == "status":
        return lifecycle.show_status(state)
    from localcloud import push  # here: boto3 takes half a second to import, and only push needs it

    return push.run(state, parsed.image, parsed.environment, parsed.repository, parsed.tag)


if __name__ == "__main__":
    sys.exit(main())
