# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials: those of the environment, else those of the instance's role through IMDSv2. Safe to share by threads."""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from slipway_llm.errors import HostError
from slipway_llm.sigv4 import Keys

EARLY = timedelta(minutes=5)
"""Keys are replaced this long before they expire; the next ones are there by then (EC2 user guide, IAM roles)."""


class Metadata:
    """The instance metadata service, version 2."""

    def __init__(self) -> None:
        default = "http://169.254.169.254"
        self._base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", default).rstrip("/")
        # Past any proxy of the environment, as the service is the host's own; and without TLS, whose certificates would
        # be read at every question.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.HTTPHandler,
            urllib.request.HTTPErrorProcessor,
            urllib.request.HTTPDefaultErrorHandler,
        ):
            self._opener.add_handler(handler())

    def get(self, path: str) -> str | None:
        """The document below /latest, or None where there is none. Raises OSError if the service does not answer."""
        token = self._ask("api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "300"})
        try:
            return self._ask(path, "GET", {"X-aws-ec2-metadata-token": token})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def _ask(self, path: str, method: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(f"{self._base}/latest/{path}", method=method, headers=headers)  # noqa: S310
        with self._opener.open(request, timeout=3) as answer:
            return str(answer.read().decode())


class Credentials:
    """Keys that are valid now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: Keys | None = None
        self._until = datetime.max.replace(tzinfo=timezone.utc)
        self._metadata = Metadata()

    def keys(self) -> Keys:
        """The keys; reads new ones shortly before the old ones expire. Raises HostError if there are none."""
        with self._lock:
            if self._keys is None or datetime.now(timezone.utc) > self._until - EARLY:
                self._read()
            assert self._keys is not None
            return self._keys

    def _read(self) -> None:
        environment = os.environ
        if "AWS_ACCESS_KEY_ID" in environment:
            token = environment.get("AWS_SESSION_TOKEN", "")
            self._keys = Keys(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)
            return
        try:
            role = self._metadata.get("meta-data/iam/security-credentials/")
            found = self._metadata.get(f"meta-data/iam/security-credentials/{role}") if role else None
        except (OSError, ValueError) as error:
            raise HostError(f"the instance metadata service gives no credentials: {error}") from error
        if not found:
            raise HostError("the instance has no role: give its launch template an instance profile")
        document = json.loads(found)
        self._keys = Keys(document["AccessKeyId"], document["SecretAccessKey"], document["Token"])
        self._until = datetime.strptime(document["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
