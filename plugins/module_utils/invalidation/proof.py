# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Proves that an edge serves a release: plain requests, as a visitor's, of the site's own address.

No cache buster: another query string is another key of the cache, and would prove the origin. Which edge answers is up
to DNS, so that this proves the edge near whoever runs it, and says so; Completed is what tells of all the others.
"""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from ..blue_green.http_request import PORTS, addresses_of, exchange, tls_context
from .invalidation import Pace
from .model_plan import poll_after
from .proof_plan import PLAIN, Answer, Check, Wanted, asset_checks, fault_of, first_checks, summary

SCOPE = "proves the edge near this run; others follow the same invalidation"
# A request without one is what AWS WAF's core rule set blocks (rule NoUserAgent_HEADER).
USER_AGENT = "slipway-proof"
# Seconds for one answer, bytes of one body, requests at a time.
_TIMEOUT = 10.0
_LARGEST = 64 * 1024 * 1024
_AT_ONCE = 8


class ProofError(Exception):
    """The edge does not serve what it should. One line, for people. proof: what was seen."""

    def __init__(self, text: str, proof: Proof) -> None:
        super().__init__(text)
        self.proof = proof


@dataclass(slots=True)
class Proof:
    """results: what was last seen for each check. etags: path -> ETag of the plain and right answer."""

    site_url: str
    results: dict[Check, tuple[Answer, str]] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    rounds: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> list[tuple[Check, str]]:
        return [(check, fault) for check, (_answer, fault) in self.results.items() if fault]

    def note(self, check: Check, answer: Answer) -> None:
        fault = fault_of(check, answer, self.etags.get(check.path, ""))
        self.results[check] = answer, fault
        if not fault and check.encoding == PLAIN:
            self.etags[check.path] = answer.headers.get("etag", "")

    def start(self) -> bytes:
        """The start document, empty as long as it is not the right one."""
        for check, (answer, fault) in self.results.items():
            if check.what == "start" and not fault:
                return answer.body
        return b""

    def shown(self) -> dict[str, Any]:
        """For a result and a report."""
        checks = [
            {
                "path": check.path,
                "what": check.what,
                "status": answer.status,
                "fault": fault,
                "cache": answer.headers.get("x-cache", ""),
                "edge": answer.headers.get("x-amz-cf-pop", ""),
            }
            for check, (answer, fault) in self.results.items()
        ]
        return {
            "url": self.site_url,
            "proven": bool(checks) and not self.faults,
            "scope": SCOPE,
            "rounds": self.rounds,
            "seconds": round(self.seconds, 3),
            "checks": checks,
        }


def url_problem(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
        return f"site_url {url!r} is no http or https address of a site"
    return None


def prove(site_url: str, wanted: Wanted, pace: Pace, *, validate_certs: bool = True) -> Proof:
    """Asks until everything is as wanted, and nothing again that was right once. Raises ProofError at the deadline.

    wanted: with at least one document. site_url: scheme and host, https://d111111abcdef8.cloudfront.net.
    """
    proof, started = Proof(site_url.rstrip("/")), pace.clock()
    browser = _Browser(proof.site_url, validate_certs)
    todo, assets_known = first_checks(wanted), False
    while True:
        _ask_all(browser, todo, proof)
        start = proof.start()
        if start and not assets_known:
            assets_known = True
            _ask_all(browser, asset_checks(wanted, start), proof)
        proof.rounds += 1
        proof.seconds = pace.clock() - started
        todo = [check for check, _fault in proof.faults]
        if not todo:
            pace.say(f"{proof.site_url} serves the release: {len(proof.results)} checks passed; {SCOPE}")
            return proof
        _wait(proof, pace)


def _wait(proof: Proof, pace: Pace) -> None:
    text = summary(proof.faults)
    if pace.over:
        raise ProofError(
            f"{proof.site_url} does not serve the release after {proof.seconds:.0f} s: {text}. That is what visitors of"
            f" this edge get now; {pace.again}",
            proof,
        )
    pace.say(f"not yet: {text}")
    pace.rest(poll_after(proof.rounds - 1))


def _ask_all(browser: _Browser, checks: Sequence[Check], proof: Proof) -> None:
    """Plain requests first: their tags judge the compressed ones."""
    for plain in (True, False):
        chosen = [check for check in checks if (check.encoding == PLAIN) == plain]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(browser.ask, chosen))
        for check, answer in zip(chosen, answers, strict=True):
            proof.note(check, answer)


class _Browser:
    """Asks the site, each of its addresses in turn, over a new connection each time."""

    def __init__(self, site_url: str, validate_certs: bool) -> None:
        self._url = site_url
        self._context = tls_context(validate_certs)
        self._turn = count()

    def ask(self, check: Check) -> Answer:
        """Never raises: no answer is an answer too."""
        parts = urlsplit(self._url + check.path)
        try:
            addresses = addresses_of(parts)
            address = addresses[next(self._turn) % len(addresses)]
            headers = {"Accept-Encoding": check.encoding, "User-Agent": USER_AGENT}
            found = exchange(parts, address, context=self._context, timeout=_TIMEOUT, limit=_LARGEST, headers=headers)
        except (OSError, http.client.HTTPException) as error:
            return Answer(error=f"no answer: {error}")
        return Answer(found.status, found.headers, found.body)
