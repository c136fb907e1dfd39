# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Asks the data plane which color answers: one request over one new connection, as a fresh client would."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from itertools import count
from urllib.parse import SplitResult, urlsplit

from .plan_model import Probe

# Long enough for a slow answer, short enough to notice a hanging one within the proof's deadline.
_ANSWER_TIMEOUT = 5.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """color: the header's value, empty when it is absent. text: what happened, in a few words."""

    color: str
    text: str


def url_problem(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        return f"probe.url {url!r} is no http or https URL"
    return None


class Prober:
    """Sends probes to the addresses of the load balancer in turn: each node applies new weights in its own time."""

    def __init__(self, probe: Probe, validate_certs: bool = True) -> None:
        self._probe = probe
        self._parts = urlsplit(probe.url)
        self._context = ssl.create_default_context()
        if not validate_certs:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        self._turn = count()

    def ask(self) -> Answer:
        """Never raises: no answer is an answer too."""
        try:
            addresses = _addresses(self._parts)
            return self._ask(addresses[next(self._turn) % len(addresses)])
        except (OSError, http.client.HTTPException) as error:
            return Answer("", f"no answer: {error}")

    def addresses(self) -> int:
        """How many addresses take turns; 1 when the name does not resolve now."""
        try:
            return len(_addresses(self._parts))
        except OSError:
            return 1

    def _ask(self, address: str) -> Answer:
        parts = self._parts
        port = parts.port or _PORTS[parts.scheme]
        host = self._probe.host or parts.netloc.rpartition("@")[2]
        connection = http.client.HTTPConnection(address, port, timeout=_ANSWER_TIMEOUT)
        try:
            connection.connect()
            if parts.scheme == "https":
                name = self._probe.host or parts.hostname
                connection.sock = self._context.wrap_socket(connection.sock, server_hostname=name)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers={"Host": host, "Connection": "close"})
            answer = connection.getresponse()
            answer.read(65536)
            color = answer.getheader(self._probe.header, "")
            return Answer(color if answer.status < 500 else "", f"{answer.status} {color or 'without color'}")
        finally:
            connection.close()


def _addresses(parts: SplitResult) -> list[str]:
    """Every address of the URL's host, in a stable order."""
    port = parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    return sorted({str(info[4][0]) for info in found})
