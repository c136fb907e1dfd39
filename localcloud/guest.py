# SPDX-License-Identifier: GPL-3.0-or-later
"""The local cloud is a guest of one machine: whoever is connected from elsewhere is cut off before it is read.

Everything listens on loopback, where the kernel delivers nothing from outside, unless somebody forwards a port or sets
net.ipv4.conf.*.route_localnet. This holds then, too.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)


def is_on_this_machine(peer: object) -> bool:
    """Whether a peer's name, as a transport tells it, is on this machine's loopback; what has no name is not."""
    if not isinstance(peer, tuple) or not peer:
        return False
    try:
        return ipaddress.ip_address(peer[0]).is_loopback
    except ValueError:
        return False


def turned_away(transport: asyncio.BaseTransport | asyncio.StreamWriter | None) -> bool:
    """Cut off a connection that does not come from this machine; whether it was."""
    if transport is None:
        return False
    peer = transport.get_extra_info("peername")
    if peer is None or is_on_this_machine(peer):
        return False
    log.warning("cut off %s: the local cloud serves this machine only", peer)
    inner: Any = getattr(transport, "transport", transport)
    inner.abort()
    return True
