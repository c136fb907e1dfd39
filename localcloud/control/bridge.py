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

    def places(self) -> list[dict[str, Any]]:
        """Where each listener is on loopback, and which one of AWS it stands for. Caller holds lock.MOTO."""
        return alb_config.places(alb_config.derive(self._places, self.weight_delay)["listeners"])

    def traffic(self) -> list[dict[str, Any]]:
        """Each forwarding rule with its groups' weights and the states of their targets, as of this moment."""
        with MOTO:
            config = alb_config.derive(self._places, self.weight_delay)
            registered = {group["arn"]: group["targets"] for group in config["target_groups"]}
            return [
                {"rule": rule["arn"], "listener": listener["arn"], "groups": groups}
                for listener in config["listeners"]
                for rule in listener["rules"]
                if (groups := [_states(arn, weight, registered.get(arn, [])) for arn, weight in _weights(rule)])
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


def _weights(rule: dict[str, Any]) -> list[tuple[str, int]]:
    """The target groups that a rule forwards to. A group that is named alone has all the weight."""
    return [
        (group["TargetGroupArn"], int(group.get("Weight", 1)))
        for action in rule["actions"]
        if action["Type"] == "forward"
        for group in action.get("ForwardConfig", {}).get("TargetGroups")
        or [{"TargetGroupArn": action.get("TargetGroupArn", "")}]
    ]


def _states(arn: str, weight: int, targets: list[dict[str, Any]]) -> dict[str, Any]:
    health = HEALTH.of(arn)
    states = [
        health[target["id"], target["port"]].state if (target["id"], target["port"]) in health else "initial"
        for target in targets
    ]
    return {"arn": arn, "weight": weight, "states": states}
