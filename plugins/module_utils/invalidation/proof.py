# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Proves that an edge serves a release: plain requests, as a visitor's, of the site's own address.

No cache buster: another query string is another key of the cache, and would prove the origin. Which edge answers is up
to DNS, so that this proves the edge near whoever runs it, and says so; Completed is what tells of all the others.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import batched
from typing import Any
from urllib.parse import urlsplit

from ..blue_green.http_request import PORTS, tls_context
from ..site.s3_request_plan import Credentials, Scope
from ..site.s3_wire import BrokenAnswerError, Place, Wire
from .invalidation import Pace
from .model_plan import poll_after
from .proof_plan import PLAIN, Answer, Check, Wanted, asset_checks, fault_of, first_checks, summary

SCOPE = "proves the edge near this run; others follow the same invalidation"
# A request without one is what AWS WAF's core rule set blocks (rule NoUserAgent_HEADER).
USER_AGENT = "slipway-proof"
# Seconds to connect and without a byte, and for one answer as a whole.
_TIMEOUT = 10.0
_LONGEST = 60.0
# CloudFront compresses no more bytes than this; only what is compressed, and the start document, is needed itself.
_KEPT = 10_000_000
_AT_ONCE = 32
# So many are asked between two looks at the clock.
_BATCH = 200
# So many are shown in a result, those with faults first.
_SHOWN = 50


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
        self.results[check] = replace(answer, body=answer.body if check.what == "start" else b""), fault
        if not fault and check.encoding == PLAIN:
            self.etags[check.path] = answer.headers.get("etag", "")

    def start(self) -> bytes:
        """The start document, empty as long as it is not the right one."""
        for check, (answer, fault) in self.results.items():
            if check.what == "start" and not fault:
                return answer.body
        return b""

    def shown(self) -> dict[str, Any]:
        """For a result and a report. count: of all checks; checks: the first few, those with faults before others."""
        ordered = sorted(self.results.items(), key=lambda item: not item[1][1])[:_SHOWN]
        checks = [
            {
                "path": check.path,
                "what": check.what,
                "status": answer.status,
                "fault": fault,
                "cache": answer.headers.get("x-cache", ""),
                "edge": answer.headers.get("x-amz-cf-pop", ""),
            }
            for check, (answer, fault) in ordered
        ]
        return {
            "url": self.site_url,
            "proven": bool(checks) and not self.faults,
            "scope": SCOPE,
            "count": len(self.results),
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
    proof = Proof(site_url.rstrip("/"))
    browser = _Browser(proof.site_url, validate_certs)
    try:
        _rounds(browser, proof, wanted, pace)
    finally:
        browser.close()
    pace.say(f"{proof.site_url} serves the release: {len(proof.results)} checks passed; {SCOPE}")
    return proof


def _rounds(browser: _Browser, proof: Proof, wanted: Wanted, pace: Pace) -> None:
    started, todo, assets_known = pace.clock(), first_checks(wanted), wanted.known
    while True:
        _ask_all(browser, todo, proof, pace)
        start = proof.start()
        if start and not assets_known:
            assets_known = True
            _ask_all(browser, asset_checks(wanted, start), proof, pace)
        proof.rounds += 1
        proof.seconds = pace.clock() - started
        todo = [check for check, _fault in proof.faults]
        if not todo:
            return
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


def _ask_all(browser: _Browser, checks: Sequence[Check], proof: Proof, pace: Pace) -> None:
    """Plain requests first: their tags judge the compressed ones. Once the time is over nothing more is asked."""
    ordered = sorted(checks, key=lambda check: check.encoding != PLAIN)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for some in batched(ordered, _BATCH):
            if pace.over and proof.faults:
                answers = [Answer(error="not asked any more")] * len(some)
            else:
                answers = list(pool.map(browser.ask, some))
            # The compressed ones come last, and so after what they are judged by.
            for check, answer in zip(some, answers, strict=True):
                proof.note(check, answer)
            if len(ordered) > _BATCH:
                pace.say(f"{len(proof.results)} of {len(ordered)} files asked for")


# Visitors sign nothing.
_NOBODY = Credentials("", "", "")


class _Browser:
    """Asks the site over kept connections, through whatever proxy the environment names."""

    def __init__(self, site_url: str, validate_certs: bool) -> None:
        parts = urlsplit(site_url)
        place = Place(parts.scheme, parts.netloc.rpartition("@")[2], "/", Scope("", ""), lambda: _NOBODY, USER_AGENT)
        self._host = place.host
        # Certificates are trusted as visitors' are: those of the system.
        tls = tls_context(validate_certs) if place.scheme == "https" else None
        self._wire = Wire(place, tls, (_TIMEOUT, _TIMEOUT))

    def close(self) -> None:
        self._wire.close()

    def ask(self, check: Check) -> Answer:
        """Never raises: no answer is an answer too."""
        lines = [
            f"GET {check.path} HTTP/1.1",
            f"Host: {self._host}",
            f"User-Agent: {USER_AGENT}",
            f"Accept-Encoding: {check.encoding}",
        ]
        head = "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")
        try:
            return self._ask(head)
        except OSError as error:
            return Answer(error=f"no answer: {error}")

    def _ask(self, head: bytes) -> Answer:
        body = _Body()
        try:
            found = self._wire.exchange("GET", head, sink=body.take)
        except BrokenAnswerError as error:
            if not error.stale:
                raise
            body = _Body()
            found = self._wire.exchange("GET", head, sink=body.take, fresh=True)
        return Answer(found.status, found.headers, body.start, body.hash.hexdigest())


class _Body:
    """Of a body the hash, and as much of its beginning as may be needed."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.start = b""
        self._until = time.monotonic() + _LONGEST

    def take(self, block: bytes) -> None:
        """Raises TimeoutError for what trickles in."""
        if time.monotonic() > self._until:
            raise TimeoutError(f"no whole answer within {_LONGEST:g} s")
        self.hash.update(block)
        if len(self.start) + len(block) <= _KEPT:
            self.start += block
