# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as an error, and the counts and percentiles."""

from __future__ import annotations

import pytest

from localcloud.load import tally
from localcloud.load.client import Answer

HEADERS = {"x-slipway-color": "blue", "x-slipway-version": "1.0.0"}
BODY = b'{"version": "1.0.0", "color": "blue"}'


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(200, HEADERS, BODY), None),
        (Answer(299, HEADERS, BODY), None),
        (Answer(302, HEADERS, BODY), "status 302"),
        (Answer(404, HEADERS, BODY), "status 404"),
        (Answer(503, {}, b""), "status 503"),
        (Answer(200, HEADERS, b""), "wrong body"),
        (Answer(200, HEADERS, b"[]"), "wrong body"),
        (Answer(200, HEADERS, b'{"version": "1.0.0"}'), "wrong body"),
        (Answer(200, HEADERS, BODY.replace(b"blue", b"green")), "wrong body"),
        (Answer(200, {}, BODY), "wrong body"),
    ],
)
def test_verdict(answer, verdict):
    assert tally.verdict(answer) == verdict


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7.0], 0.5, 7.0), ([7.0], 0.99, 7.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0], 1.0, 2.0)],
)
def test_percentile(values, share, expected):
    assert tally.percentile(values, share) == expected


def test_percentile_is_the_nearest_rank():
    values = [float(value) for value in range(1, 201)]
    assert [tally.percentile(values, share) for share in (0.5, 0.99, 1.0)] == [100.0, 198.0, 200.0]


def test_seconds_and_total():
    counts = tally.Tally()
    good = Answer(200, HEADERS, BODY)
    counts.add(1.0, good, None, 0.010)
    counts.add(1.5, Answer(503, {}, b"no"), "status 503", 0.020)
    first = counts.turn()
    counts.add(2.0, None, "timeout", 10.0)
    second = counts.turn()
    assert first["ended"] == 2
    assert first["statuses"] == {"200": 1, "503": 1}
    assert first["colors"] == {"blue": 1}
    assert first["errors"] == {"status 503": 1}
    assert (first["p50_ms"], first["max_ms"]) == (10.0, 20.0)
    assert (second["ended"], second["statuses"], second["errors"]) == (1, {}, {"timeout": 1})
    assert counts.total.as_json()["errors"] == {"status 503": 1, "timeout": 1}
    assert counts.samples["status 503"] == [{"at": 1.5, "latency_ms": 20.0, "body": "no"}]


def test_only_the_first_samples_of_a_kind_are_kept():
    counts = tally.Tally()
    for index in range(10):
        counts.add(float(index), None, "timeout", 1.0)
    assert [sample["at"] for sample in counts.samples["timeout"]] == [0.0, 1.0, 2.0]
