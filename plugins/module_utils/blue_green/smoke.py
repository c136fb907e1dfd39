# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The step that checks the candidate over the preview route before any weight moves."""

from __future__ import annotations

import http.client
import time
from itertools import count
from urllib.parse import urlsplit

from .http_request import addresses_of, exchange, tls_context
from .plan_model import Probe, Smoke
from .probe import Prober
from .run import Run, StepFailedError
from .smoke_plan import Answer, Result, complaints_of, described, failure, routes_of, shown_url
from .steps_plan import CheckSmoke

# Seconds between two looks at which color answers.
ROUTE_INTERVAL = 0.2
# Bytes of a body in which a text is looked for.
BODY_LIMIT = 1 << 20


def check_smoke(run: Run, step: CheckSmoke) -> None:
    """All checks run, and all that failed are told at once. The results stay in run.smoke."""
    for route in routes_of(step.checks, step.probe) if step.probe else []:
        _await_color(run, step.color, route)
    results = [_result(run, step, check) for check in step.checks]
    run.smoke += [result.shown() for result in results]
    failed = failure(step.color, results)
    if failed:
        raise StepFailedError(failed)
    run.progress.say(f"{len(results)} of {len(results)} smoke checks of {step.color} passed")


def _await_color(run: Run, color: str, route: Probe) -> None:
    """The preview rule has just been changed, and each node of the load balancer follows in its own time: a check
    that the old color passes says nothing."""
    prober = Prober(route, run.validate_certs)
    need = max(route.count, prober.addresses())
    deadline = run.progress.clock() + route.timeout
    streak = 0
    while streak < need:
        answer = prober.ask()
        streak = streak + 1 if answer.color == color else 0
        run.progress.say(f"preview: {answer.text}")
        if streak < need and run.progress.clock() >= deadline:
            raise StepFailedError(
                f"the preview route {shown_url(route.url)} did not answer from {color} {need} times in a row within"
                f" {route.timeout:g} s, so no smoke check was made: {answer.text}"
            )
        if streak == 0:
            run.pause(ROUTE_INTERVAL)


def _result(run: Run, step: CheckSmoke, check: Smoke) -> Result:
    """The check's first pass, or its last failure."""
    for attempt in count(1):
        answer = ask(check, attempt, run.validate_certs)
        result = Result(check, answer, complaints_of(check, answer, step.color, step.probe), attempt)
        run.progress.say(described(result))
        if result.passed or attempt >= check.attempts:
            return result
        run.pause(step.poll_interval)
    raise AssertionError  # count() does not end


def ask(check: Smoke, attempt: int, validate_certs: bool) -> Answer:
    """Never raises: no answer is a finding too. Attempts go to the load balancer's addresses in turn."""
    parts = urlsplit(check.url)
    started = time.monotonic()
    try:
        addresses = addresses_of(parts)
        found = exchange(
            parts,
            addresses[(attempt - 1) % len(addresses)],
            context=tls_context(validate_certs),
            host=check.host,
            method=check.method,
            timeout=check.seconds,
            limit=BODY_LIMIT,
        )
    except (OSError, http.client.HTTPException) as error:
        return Answer(None, seconds=time.monotonic() - started, error=f"no answer: {error or type(error).__name__}")
    return Answer(found.status, found.headers, found.body.decode("utf-8", "replace"), found.seconds)
