# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Asks the data plane which color answers: one request over one new connection, as a fresh client would."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from .http_request import PORTS, addresses_of, exchange, tls_context
from .plan_model import Probe

# Long enough for a slow answer, short enough to notice a hanging one within the proof's deadline.
_ANSWER_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """color: the header's value, empty when it is absent or the server failed, which is broken. text: what happened."""

    color: str
    text: str
    broken: bool = False


def url_problem(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        return f"probe.url {url!r} is no http or https URL"
    return None


class Prober:
    """Sends probes to the addresses of the load balancer in turn: each node applies new weights in its own time."""

    def __init__(self, probe: Probe, validate_certs: bool = True) -> None:
        self._probe = probe
        self._parts = urlsplit(probe.url)
        self._context = tls_context(validate_certs)
        self._turn = count()

    def ask(self) -> Answer:
        """Never raises: no answer is an answer too."""
        try:
            addresses = addresses_of(self._parts)
            return self._ask(addresses[next(self._turn) % len(addresses)])
        except (OSError, http.client.HTTPException) as error:
            return Answer("", f"no answer: {error}")

    def addresses(self) -> int:
        """How many addresses take turns; 1 when the name does not resolve now."""
        try:
            return len(addresses_of(self._parts))
        except OSError:
            return 1

    def _ask(self, address: str) -> Answer:
        found = exchange(self._parts, address, context=self._context, host=self._probe.host, timeout=_ANSWER_TIMEOUT)
        color = found.headers.get(self._probe.header.lower(), "")
        broken = found.status >= 500
        return Answer("" if broken else color, f"{found.status} {color or 'without color'}", broken)
