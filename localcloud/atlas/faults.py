# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: which call of which operation goes wrong, and how."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

#: error: refuse with status and code; drop: close the connection before anything is done; lost: do it, then close the
#: connection without an answer; delay: answer after `seconds`.
KINDS = frozenset({"error", "drop", "lost", "delay"})


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """operation: an operationId or "*"; calls: call numbers from 1 since the faults were set, empty means all."""

    operation: str
    kind: str
    calls: frozenset[int] = frozenset()
    status: int = 500
    code: str = "UNEXPECTED_ERROR"
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0

    @classmethod
    def parse(cls, given: dict[str, Any]) -> Fault:
        """From the JSON of the admin API; ValueError tells what is wrong."""
        if given.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if unknown := set(given) - {"operation", "kind", "calls", "status", "code", "headers", "seconds"}:
            raise ValueError(f"unknown key {min(unknown)}")
        return cls(
            operation=str(given.get("operation", "*")),
            kind=given["kind"],
            calls=frozenset(int(call) for call in given.get("calls", [])),
            status=int(given.get("status", 500)),
            code=str(given.get("code", "UNEXPECTED_ERROR")),
            headers=tuple(sorted(given.get("headers", {}).items())),
            seconds=float(given.get("seconds", 0.0)),
        )


class Faults:
    """The faults in force and how often each operation was called since."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.calls: collections.Counter[str] = collections.Counter()

    def set(self, faults: list[Fault]) -> None:
        """Replace the faults and count from one again."""
        self._faults = faults
        self.calls.clear()

    def next(self, operation: str) -> Fault | None:
        """Count a call; the fault that strikes it."""
        self.calls[operation] += 1
        number = self.calls[operation]
        for fault in self._faults:
            if fault.operation in (operation, "*") and (not fault.calls or number in fault.calls):
                return fault
        return None
