# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge between moto's load balancers and the ALB process: configuration out, health and metrics back."""

from __future__ import annotations

import json
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from localcloud.control import alb_config
from localcloud.control.data_plane import CHANGED, HEALTH
from localcloud.control.lock import MOTO
from localcloud.control.metrics import Metrics

if TYPE_CHECKING:
    from localcloud.settings import Settings

log = logging.getLogger(__name__)

#: Seconds after which moto is looked at unasked, for changes that came by a way which sets no CHANGED.
_LOOK_AGAIN = 0.5


class Bridge:
    """Sends the ALB its whole configuration whenever it is another one, and takes in what the ALB reports."""

    def __init__(self, settings: Settings, alb_in: int, alb_out: int) -> None:
        self._reports = os.fdopen(alb_in, "rb")
        self._out = os.fdopen(alb_out, "wb", buffering=0)
        self._places = alb_config.Places(settings)
        self._metrics = Metrics()
        self._sent = b""
        self.weight_delay = settings.weight_delay

    def start(self) -> None:
        """Start the two threads; they end with the process or with the ALB's pipes."""
        threading.Thread(target=self._write, name="alb-config", daemon=True).start()
        threading.Thread(target=self._read, name="alb-reports", daemon=True).start()

    def set_weight_delay(self, seconds: float) -> None:
        """Change how long a rule change takes to reach the data plane."""
        self.weight_delay = seconds
        CHANGED.set()

    def listeners(self) -> list[dict[str, Any]]:
        """Which listener answers where, for people and the admin API."""
        with MOTO:
            config = alb_config.derive(self._places, self.weight_delay)
        return [
            {"arn": item["arn"], "url": f"{item['protocol'].lower()}://{item['host']}:{item['port']}"}
            for item in config["listeners"]
        ]

    def _write(self) -> None:
        while True:
            CHANGED.wait(_LOOK_AGAIN)
            CHANGED.clear()
            try:
                with MOTO:
                    line = json.dumps(alb_config.derive(self._places, self.weight_delay)).encode() + b"\n"
            except Exception:
                log.exception("cannot derive the ALB's configuration; it keeps the last one")
                continue
            if line == self._sent:
                continue
            try:
                self._send(line)
            except BrokenPipeError:
                return  # the supervisor sees the ALB's end and says so
            self._sent = line

    def _send(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[self._out.write(rest) :]

    def _read(self) -> None:
        for line in self._reports:
            try:
                self._take(json.loads(line))
            except Exception:
                log.exception("cannot use the ALB's report %.200r", line)

    def _take(self, report: dict[str, Any]) -> None:
        if report["type"] == "health":
            HEALTH.report(report["target_groups"])
        elif report["type"] == "metrics":
            with MOTO:
                self._metrics.take(report)
        elif report["type"] == "listening":
            log.info("the ALB listens on %s:%s for %s", report["host"], report["port"], report["listener"])
        else:
            log.error("the ALB says: %s", report.get("message"))
