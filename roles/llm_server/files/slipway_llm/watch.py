# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch the engine: tell CloudWatch, stop a host that nobody uses, and leave before a spot instance is taken away."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from slipway_llm.aws import Aws
from slipway_llm.credentials import Metadata
from slipway_llm.errors import HostError
from slipway_llm.idle_plan import Decision, Limits, State, decide
from slipway_llm.metrics_plan import Sample, sample
from slipway_llm.ready import ask, why_not
from slipway_llm.settings import Settings, run

EVERY = 15.0
"""Seconds between two looks: a spot instance has two minutes from its notice on (Amazon EC2 user guide)."""
REPORT_EVERY = 60.0
NAMESPACE = "Slipway/LLM"


def uptime() -> float:
    """Seconds since the boot."""
    return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])


def start_unit(*arguments: str) -> None:
    """Ask systemd, without waiting: it may be about to stop this very program."""
    subprocess.run(["systemctl", "--no-block", *arguments], check=False)


def notify(text: str) -> None:
    """Tell systemd, if it wants to know (sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(text.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def look(settings: Settings) -> Sample | None:
    """What the engine says of its work now; None if it does not."""
    try:
        status, body = ask(settings, "/metrics")
    except (OSError, http.client.HTTPException):
        return None
    return sample(settings.engine, body.decode(errors="replace")) if status == 200 else None


def gpu_memory() -> float | None:
    """MiB in use on the fullest GPU, or None where there is no telling."""
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        return max(float(line) for line in said.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


class Watch:
    """unit: how systemd is asked. clock: uptime in seconds."""

    def __init__(
        self, settings: Settings, unit: Callable[..., None] = start_unit, clock: Callable[[], float] = uptime
    ) -> None:
        self._settings, self._unit, self._clock = settings, unit, clock
        self._aws, self._metadata = Aws(settings.region), Metadata()
        self._limits = Limits(settings.idle_minutes * 60.0, settings.grace_minutes * 60.0)
        self._state = State()
        self._condition = ""
        self._tokens: float | None = None
        self._reported = self._asked = float("-inf")
        self._leaving = False

    def turn(self) -> Decision:
        """Look once, and do what follows."""
        now, found = self._clock(), look(self._settings)
        decision = decide(self._state, found, now, self._limits)
        self._state = decision.state
        if decision.condition != self._condition:
            print(f"{self._condition or 'started'} -> {decision.condition}, up {now:.0f} s", flush=True)
            self._condition = decision.condition
        if decision.condition == "stop" and now - self._asked >= 60:
            self._asked = now
            print(f"no work for {decision.idle / 60:.0f} minutes: stopping this host", flush=True)
            self._unit("start", "slipway-llm-stop.service")
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            self._report(found, decision, now)
        self._spot()
        return decision

    def _spot(self) -> None:
        """At an interruption notice stop taking requests, so that those under way can end and new ones go elsewhere."""
        if self._leaving:
            return
        try:
            notice = self._metadata.get("meta-data/spot/instance-action")
        except (OSError, ValueError):
            return
        if notice:
            print(f"this spot instance is being taken: {notice}; the proxy stops", flush=True)
            self._leaving = True
            self._unit("stop", "slipway-llm-proxy.service")

    def _report(self, found: Sample | None, decision: Decision, now: float) -> None:
        """Put the metrics. What fails here is said, and no reason to stop or to go on."""
        ready = not why_not(self._settings)
        values = {"Ready": (float(ready), "None"), "UptimeSeconds": (now, "Seconds")}
        if found:
            before = found.tokens if self._tokens is None else self._tokens
            # After a restart the counter begins at 0.
            made = found.tokens - before if found.tokens >= before else found.tokens
            values |= {
                "RequestsRunning": (found.running, "Count"),
                "RequestsWaiting": (found.waiting, "Count"),
                "TokensGenerated": (made, "Count"),
                "IdleSeconds": (decision.idle, "Seconds"),
            }
            self._tokens = found.tokens
        memory = gpu_memory()
        if memory is not None:
            values["GpuMemoryUsedMiB"] = (memory, "Megabytes")
        refilled = self._refilled()
        if refilled is not None:
            values["RefillSeconds"] = (refilled, "Seconds")
        try:
            self._aws.put_metrics(NAMESPACE, self._settings.name, values)
        except HostError as error:
            print(f"metrics were not taken: {error}", file=sys.stderr, flush=True)

    def _refilled(self) -> float | None:
        """Seconds that the last refill took."""
        try:
            return float(json.loads((Path(self._settings.run) / "refill.json").read_text(encoding="utf-8"))["seconds"])
        except (OSError, ValueError, KeyError):
            return None


def main(settings: Settings) -> None:
    """Watch for ever."""
    watch = Watch(settings)
    notify("READY=1")
    while True:
        watch.turn()
        notify("WATCHDOG=1")
        time.sleep(EVERY)


if __name__ == "__main__":
    sys.exit(run("watch", main))
