# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge between the distributions and the edge process: configuration and invalidations out, reports back."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from localcloud.control import access_logs, edge_config, waf_logs
from localcloud.control.edge_board import CHANGED, EDGE
from localcloud.control.lock import MOTO
from localcloud.mends.cloudfront.store import Invalidation, stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.settings import Settings

log = logging.getLogger(__name__)

#: Seconds after which the distributions are looked at unasked.
_LOOK_AGAIN = 0.5
#: Who takes which report of records.
_LOGS = {"access": access_logs.deliver, "waf": waf_logs.deliver}


class EdgeBridge:
    """Sends the edge its whole configuration whenever it is another one, and every invalidation when it is due."""

    def __init__(
        self, settings: Settings, edge_in: int, edge_out: int, listeners: Callable[[], list[dict[str, Any]]]
    ) -> None:
        """listeners: the load balancers' listeners of this moment; called with lock.MOTO held."""
        self._settings, self._listeners = settings, listeners
        self._reports = os.fdopen(edge_in, "rb")
        self._out = os.fdopen(edge_out, "wb", buffering=0)
        self._places = edge_config.SitePlaces(settings)
        self._sent = b""
        EDGE.invalidation_delay = settings.invalidation_delay

    def start(self) -> None:
        """Start the two threads; they end with the process or with the edge's pipes."""
        EDGE.attached = True
        threading.Thread(target=self._write, name="edge-config", daemon=True).start()
        threading.Thread(target=self._read, name="edge-reports", daemon=True).start()

    def sites(self) -> list[dict[str, Any]]:
        """Which distribution answers where, for people and the admin API."""
        with MOTO:
            return edge_config.sites(self._places)

    def _write(self) -> None:
        wait = _LOOK_AGAIN
        while True:
            CHANGED.wait(wait)
            CHANGED.clear()
            try:
                with MOTO:
                    config = edge_config.derive(self._settings, self._places, self._listeners())
                    due, wait = self._due()
                line = json.dumps(config).encode() + b"\n"
            except Exception:
                log.exception("cannot derive the edge's configuration; it keeps the last one")
                continue
            lines = [line] if line != self._sent else []
            try:
                self._send(b"".join([*lines, *due]))
            except BrokenPipeError:
                return  # the supervisor sees the edge's end and says so
            self._sent = line

    def _due(self) -> tuple[list[bytes], float]:
        """The messages of the invalidations that are due, and the seconds until the next one is. Holds lock.MOTO."""
        now, wait, lines = time.monotonic(), _LOOK_AGAIN, []
        for distribution_id, item in _pending():
            if item.due > now:
                wait = min(wait, item.due - now)
                continue
            item.sent = True
            message = {"type": "invalidate", "id": item.id, "distribution": distribution_id, "paths": item.paths}
            lines.append(json.dumps(message).encode() + b"\n")
        return lines, wait

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._out.write(rest) :]

    def _read(self) -> None:
        for line in self._reports:
            try:
                self._take(json.loads(line))
            except Exception:
                log.exception("cannot use the edge's report %.200r", line)

    def _take(self, report: dict[str, Any]) -> None:
        if report["type"] == "invalidated":
            with MOTO:
                _complete(report["distribution"], report["id"])
            log.info("invalidation %s dropped %s objects", report["id"], report["dropped"])
        elif report["type"] in _LOGS:
            with MOTO:
                _deliver(report["type"], report["distribution"], report["records"])
        elif report["type"] == "listening":
            log.info("the edge listens on %s:%s for %s", report["host"], report["port"], report["distribution"])
        else:
            log.error("the edge says: %s", report.get("message"))


def _pending() -> Iterator[tuple[str, Invalidation]]:
    for store in stores():
        for distribution in store.distributions.values():
            for item in distribution.invalidations:
                if not item.sent:
                    yield distribution.id, item


def _deliver(kind: str, distribution_id: str, records: list[dict[str, Any]]) -> None:
    for store in stores():
        if distribution_id in store.distributions:
            _LOGS[kind](store.account_id, store.distributions[distribution_id], records)


def _complete(distribution_id: str, invalidation_id: str) -> None:
    for store in stores():
        distribution = store.distributions.get(distribution_id)
        for item in distribution.invalidations if distribution else ():
            if item.id == invalidation_id:
                item.done = True
