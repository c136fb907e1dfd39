# SPDX-License-Identifier: GPL-3.0-or-later
"""Loopback addresses for tasks."""

from __future__ import annotations

import threading

#: Third octets of task addresses; below are control (0) and load balancers (1).
FIRST_NET, LAST_NET = 16, 250


class AddressPool:
    """Hands out NETWORK.16.1 and up, each address again only after all others: a late request to a task that is gone
    meets a closed port, never another task. Thread-safe.

    network: the claimed /16 as a prefix, "127.N".
    """

    def __init__(self, network: str) -> None:
        self._network = network
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._next = 0
        self._size = (LAST_NET - FIRST_NET + 1) * 254

    def take(self) -> str:
        """The next free address. RuntimeError if every one is in use."""
        with self._lock:
            for _ in range(self._size):
                address = self._address(self._next)
                self._next = (self._next + 1) % self._size
                if address not in self._used:
                    self._used.add(address)
                    return address
        raise RuntimeError(f"all {self._size} task addresses are in use")

    def give_back(self, address: str) -> None:
        """The address is free again."""
        with self._lock:
            self._used.discard(address)

    def _address(self, index: int) -> str:
        net, host = divmod(index, 254)
        return f"{self._network}.{FIRST_NET + net}.{host + 1}"
