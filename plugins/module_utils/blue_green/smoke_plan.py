# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one answer to a smoke check means, and how a failure is told without telling a secret. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from .plan_model import Probe, Smoke

# Characters of a body that a failure shows.
SHOWN_BODY = 200
# A value beside a name that sounds like a secret's, as JSON, a form or a header has it, and credentials by their form.
# Nothing of unbounded length stands where a match can begin at each character: a long answer would take hours.
_NAMED = re.compile(
    r"""(?ix) ( (?: password | passwd | secret | token | api[_-]?key | authorization | cookie | credential
    | private[_-]?key | session | signature ) [\w.-]{0,64} ["']? \s* [:=] \s* )
    (?: "[^"]*"? | '[^']*'? | [^\s,;&}<{[] [^\s,;&}<]* )"""
)
_SCHEMED = re.compile(r"(?i)\b(bearer|basic)(\s+)[\w.~+/=-]+")
_KEYS = re.compile(r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|eyJ[\w-]{1,4096}\.[\w-]+(?:\.[\w-]*)?|sk-[\w-]{16,})")
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: status None when there was no whole answer, and then error says why. headers by lower-case name."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """A check with its last answer. complaints is empty when it passed."""

    check: Smoke
    answer: Answer
    complaints: tuple[str, ...]
    attempt: int

    @property
    def passed(self) -> bool:
        return not self.complaints

    def shown(self) -> dict[str, Any]:
        """As the module's result has it."""
        return {
            "url": shown_url(self.check.url),
            "status": self.answer.status,
            "seconds": round(self.answer.seconds, 3),
            "passed": self.passed,
            "detail": described(self),
        }


def complaints_of(check: Smoke, answer: Answer, color: str, probe: Probe | None) -> tuple[str, ...]:
    """All that is wrong with an answer. With a probe, an answer that names another color is wrong, whatever it says."""
    if answer.status is None:
        return (answer.error,)
    found = []
    if answer.status != check.status:
        found.append(f"status {answer.status} instead of {check.status}")
    if check.contains and check.contains not in answer.body:
        found.append(f"the body does not contain {check.contains!r}")
    found += [
        f"header {name} {_shown_header(name, answer)} does not contain {text!r}"
        for name, text in check.headers.items()
        if str(text) not in answer.headers.get(name.lower(), "") or name.lower() not in answer.headers
    ]
    if answer.seconds > check.seconds:
        found.append(f"it took {answer.seconds:.2f} s, more than {check.seconds:g} s")
    came_from = answer.headers.get(probe.header.lower(), color) if probe else color
    if came_from != color:
        found.append(f"it came from {came_from}, not from {color}")
    return tuple(found)


def _shown_header(name: str, answer: Answer) -> str:
    value = answer.headers.get(name.lower())
    if value is None:
        return "is absent and"
    return printable(f"{name}: {value}", SHOWN_BODY).partition(": ")[2]


def described(result: Result) -> str:
    """One line: what was asked, what came, and when it failed what was wrong and what the body says."""
    answer = result.answer
    asked = f"{result.check.method} {shown_url(result.check.url)}"
    tries = f", attempt {result.attempt} of {result.check.attempts}" if result.attempt > 1 else ""
    if result.passed:
        return f"{asked}: {answer.status} in {answer.seconds:.2f} s{tries}"
    body = printable(answer.body, SHOWN_BODY)
    shown = f"; the body says {body!r}" if body else ""
    return f"{asked}: {', '.join(result.complaints)} (after {answer.seconds:.2f} s{tries}){shown}"


def failure(color: str, results: Iterable[Result]) -> str | None:
    """One line that names every check that failed; None when none did."""
    done = list(results)
    failed = [described(result) for result in done if not result.passed]
    return f"{len(failed)} of {len(done)} smoke checks of {color} failed: {' | '.join(failed)}" if failed else None


def printable(text: str, most: int) -> str:
    """The beginning of a text on one line, with nothing in it that looks like a secret."""
    hidden = _NAMED.sub(rf"\g<1>{_HIDDEN}", _SCHEMED.sub(rf"\g<1>\g<2>{_HIDDEN}", _KEYS.sub(_HIDDEN, text)))
    flat = " ".join("".join(char if char.isprintable() else " " for char in hidden).split())
    return flat if len(flat) <= most else f"{flat[:most]}..."


def shown_url(url: str) -> str:
    """Without what may be secret in it: user and password, and the values of the query."""
    parts = urlsplit(url)
    query = re.sub(r"=[^&]*", f"={_HIDDEN}", parts.query)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def routes_of(checks: Iterable[Smoke], probe: Probe) -> list[Probe]:
    """For each place that the checks ask, how to see which color answers there: the probe's path at that place."""
    asked = urlsplit(probe.url)
    places = {
        (urlsplit(check.url).scheme, urlsplit(check.url).netloc, check.host or probe.host): None for check in checks
    }
    return [
        replace(probe, url=SplitResult(scheme, place, asked.path, asked.query, "").geturl(), host=host)
        for scheme, place, host in places
    ]
