# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows a try, as a table."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site.s3_retry_plan import (
    ATTEMPTS,
    Budget,
    Tried,
    Verdict,
    verdict,
    wait_range,
)

DONE, AGAIN, FAIL = Verdict.DONE, Verdict.AGAIN, Verdict.FAIL


@pytest.mark.parametrize(
    ("tried", "wanted"),
    [
        (Tried(1, 200), DONE),
        (Tried(1, 204), DONE),
        (Tried(1, 200, "InternalError"), AGAIN),
        (Tried(1, 200, "AccessDenied"), FAIL),
        (Tried(1, 0), AGAIN),
        (Tried(ATTEMPTS - 1, 0), AGAIN),
        (Tried(ATTEMPTS, 0), FAIL),
        (Tried(1, 500), AGAIN),
        (Tried(1, 502), AGAIN),
        (Tried(1, 503, "SlowDown"), AGAIN),
        (Tried(ATTEMPTS, 503, "SlowDown"), FAIL),
        (Tried(1, 429), AGAIN),
        (Tried(1, 501, "NotImplemented"), FAIL),
        (Tried(1, 400, "RequestTimeout"), AGAIN),
        (Tried(1, 400, "InvalidArgument"), FAIL),
        (Tried(1, 409, "ConditionalRequestConflict"), AGAIN),
        (Tried(1, 409, "OperationAborted"), AGAIN),
        (Tried(1, 409, "BucketNotEmpty"), FAIL),
        (Tried(1, 412, "PreconditionFailed"), Verdict.NOT_AS_WANTED),
        (Tried(3, 412), Verdict.NOT_AS_WANTED),
        (Tried(1, 403, "AccessDenied"), FAIL),
        (Tried(1, 403, "RequestTimeTooSkewed"), Verdict.CORRECT_CLOCK),
        (Tried(2, 403, "RequestTimeTooSkewed", corrected=True), FAIL),
        (Tried(1, 400, "BadDigest"), AGAIN),
        (Tried(2, 400, "XAmzContentSHA256Mismatch"), FAIL),
        (Tried(1, 404), FAIL),
        (Tried(1, 404, "NoSuchKey"), FAIL),
        (Tried(1, 404, "NoSuchKey", may_be_absent=True), DONE),
        (Tried(1, 404, may_be_absent=True), DONE),
        (Tried(1, 404, "NoSuchBucket", may_be_absent=True), FAIL),
        (Tried(1, 301, "PermanentRedirect"), FAIL),
        (Tried(1, 304), FAIL),
    ],
)
def test_verdict(tried, wanted):
    assert verdict(tried) is wanted


@pytest.mark.parametrize(
    ("number", "retry_after", "wanted"),
    [
        (1, "", (0.0, 0.2)),
        (3, "", (0.0, 0.8)),
        (7, "", (0.0, 10.0)),
        (1, "2", (2.0, 2.2)),
        (1, "3600", (60.0, 60.2)),
        (2, "Wed, 21 Oct 2026 07:28:00 GMT", (0.0, 0.4)),
        (2, "-1", (0.0, 0.4)),
    ],
)
def test_waits_grow_and_honor_what_was_asked_for(number, retry_after, wanted):
    assert wait_range(number, retry_after) == pytest.approx(wanted)


def test_the_budget_runs_out_and_is_earned_back():
    budget = Budget(left=10, most=10, price=5)
    assert [budget.spend() for _number in range(3)] == [True, True, False]
    for _number in range(20):
        budget.refill()
    assert budget.left == 10
