# SPDX-License-Identifier: GPL-3.0-or-later
"""Access log records, gathered by the edge and handed to control now and then.

Fields are those of "Standard logging reference",
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html; those that are not
here (TLS, field-level encryption, ports) are left to whoever writes them: a hyphen.
"""

from __future__ import annotations

import time
from typing import Any

MAX_RECORDS = 20_000  # of one distribution between two reports; more are lost, as AWS promises best effort only


class Journal:
    """The records of one distribution since the last report: of its access log, and of its web ACL's."""

    def __init__(self) -> None:
        self._records: list[dict[str, Any]] = []
        self._judged: list[dict[str, Any]] = []

    def add(self, request: Any, status: int, size: int, x_cache: str, trace: str, seconds: float, kind: str) -> None:
        """Remember an answer. size: bytes of head and body; x_cache: the header's value; kind: Content-Type."""
        if len(self._records) >= MAX_RECORDS:
            return
        headers, now = request.headers, time.gmtime()
        path, _, query = request.raw_path.partition("?")
        result = x_cache.partition(" ")[0]
        self._records.append(
            {
                "date": time.strftime("%Y-%m-%d", now),
                "time": time.strftime("%H:%M:%S", now),
                "x-edge-location": "LCL50-P1",
                "sc-bytes": size,
                "c-ip": request.remote or "",
                "cs-method": request.method,
                "cs-uri-stem": path,
                "sc-status": status,
                "cs(Referer)": headers.get("Referer", ""),
                "cs(User-Agent)": headers.get("User-Agent", ""),
                "cs-uri-query": query,
                "cs(Cookie)": "",
                "x-edge-result-type": result,
                "x-edge-response-result-type": result,
                "x-edge-detailed-result-type": result,
                "x-edge-request-id": trace,
                "x-host-header": headers.get("Host", ""),
                "cs-protocol": "http" if headers.get("X-Forwarded-Proto") == "http" else "https",
                "cs-protocol-version": f"HTTP/{request.version.major}.{request.version.minor}",
                "time-taken": f"{seconds:.3f}",
                "time-to-first-byte": f"{seconds:.3f}",
                "x-forwarded-for": headers.get("X-Forwarded-For", ""),
                "sc-content-type": kind,
            }
        )

    def judge(self, request: Any, blocked: bool, rule: str, counted: tuple[str, ...], trace: str) -> None:
        """Remember a request that a rule of the web ACL blocked or counted ("Log fields for protection packs")."""
        if len(self._judged) >= MAX_RECORDS:
            return
        path, _, query = request.raw_path.partition("?")
        self._judged.append(
            {
                "timestamp": int(time.time() * 1000),
                "action": "BLOCK" if blocked else "ALLOW",
                "terminatingRuleId": rule,
                "nonTerminatingMatchingRules": [{"ruleId": name, "action": "COUNT"} for name in counted],
                "httpRequest": {
                    "clientIp": request.remote or "",
                    "country": request.headers.get("CloudFront-Viewer-Country", "-"),
                    "headers": [{"name": name, "value": value} for name, value in request.headers.items()],
                    "uri": path,
                    "args": query,
                    "httpVersion": f"HTTP/{request.version.major}.{request.version.minor}",
                    "httpMethod": request.method,
                    "requestId": trace,
                },
            }
        )

    def take(self) -> list[dict[str, Any]]:
        """The access log records, once."""
        taken, self._records = self._records, []
        return taken

    def take_judged(self) -> list[dict[str, Any]]:
        """The web ACL's records, once."""
        taken, self._judged = self._judged, []
        return taken
