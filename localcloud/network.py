# SPDX-License-Identifier: GPL-3.0-or-later
"""A /16 of loopback and free ports for one local cloud.

Linux answers on all of 127.0.0.0/8, so every load balancer and task can have an address of its own, as on AWS. The
claim on a /16 is a socket in Linux's abstract namespace: it is atomic, scoped to the network namespace as loopback
is, and the kernel drops it with the process that holds it; no file can go stale.
"""

from __future__ import annotations

import socket
import sys
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: 127.0 and 127.1 hold the machine's own services (systemd-resolved, Debian's host name).
_FIRST, _LAST = 20, 250


class NetworkError(Exception):
    """No address or port can be had; the message is one line."""


def claim_network(seed: str) -> tuple[str, socket.socket]:
    """Claim a free /16: its prefix "127.N" and the socket that holds the claim until it is closed.

    The search starts at a place given by the seed (the state folder), so that a cloud tends to get the same addresses
    again.
    """
    if sys.platform != "linux":
        raise NetworkError(
            "the local cloud needs Linux: it gives every load balancer and task its own address in 127.0.0.0/8, "
            "and elsewhere loopback has 127.0.0.1 only; run it in a Linux container or VM"
        )
    for number in _candidates(seed):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0slipway-localcloud-127.{number}")
        except OSError:
            claim.close()
            continue
        if _answers(f"127.{number}.0.1"):
            return f"127.{number}", claim
        claim.close()
        raise NetworkError(f"cannot bind 127.{number}.0.1: loopback is not 127.0.0.0/8 on this machine")
    raise NetworkError(f"all loopback networks 127.{_FIRST} to 127.{_LAST} are taken by other local clouds")


def _candidates(seed: str) -> Iterator[int]:
    count = _LAST - _FIRST + 1
    start = zlib.crc32(seed.encode()) % count
    return (_FIRST + (start + step) % count for step in range(count))


def _answers(host: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def free_port(host: str, first: int, taken: frozenset[int] = frozenset()) -> int:
    """The first port at or above `first` that can be bound on this host and is not in `taken`.

    Only another program's socket on 0.0.0.0 can be in the way: the address itself is ours. Ports stay below Linux's
    range for outgoing connections (32768), so that nothing takes one between this look and its use.
    """
    for port in range(first, 32768):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                probe.listen()
            except OSError:
                continue
        return port
    raise NetworkError(f"no free port on {host} from {first} up")
