# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of `make bench`: when the traffic was whole, what was overhead, which medians the table shows."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from tests.bench import swap
from tests.bench.swaps import sampler, table
from tests.bench.swaps.measure import full_traffic, overhead, own_seconds


def seen(*answers, host="api"):
    return [{"t": 100.0 + at, "host": host, "version": version} for at, version in answers]


@pytest.mark.parametrize(
    ("samples", "seconds"),
    [
        (seen((0, "1"), (1, "1"), (2, "2"), (3, "2")), 2.0),
        (seen((0, "1"), (1, "2"), (2, "1"), (3, "2"), (4, "2")), 3.0),
        (seen((0, "1"), (1, "2"), (2, ""), (3, "2")), 3.0),
        (seen((0, "1"), (1, "2"), (2, "1")), None),
        (seen((-5, "2"), (1, "1"), (2, "2")), 2.0),
        ([*seen((0, "2")), *seen((9, "1"), host="other")], 0.0),
        ([], None),
    ],
    ids=["at once", "mixed", "an error between", "never whole", "before the command", "another host", "nothing"],
)
def test_full_traffic_begins_where_no_other_answer_follows(samples, seconds):
    assert full_traffic(samples, "api", "2", 100.0) == seconds


def test_what_is_waited_for_is_no_overhead():
    result = {"timings": {"services": 0.5, "healthy": 11.0, "prove": 5.0, "watch": 2.0, "total": 19.0}}
    own, stages = overhead(result, 21.0)
    assert own == pytest.approx(3.0)
    assert stages == {"services": 0.5, "healthy": 11.0, "prove": 5.0, "watch": 2.0}


@pytest.mark.parametrize(
    ("calls", "settled", "seconds"),
    [
        ([(101.0, "DescribeServices"), (102.0, "UpdateService")], [90.0, 110.0, 150.0], 12.0),
        ([(102.0, "UpdateService")], [90.0], 20.0),
        ([(102.0, "UpdateService")], [130.0], 0.0),
        ([(101.0, "DescribeServices")], [110.0], 20.0),
    ],
    ids=["between update and steady state", "never steady", "steady after the end", "nothing was updated"],
)
def test_what_a_peer_does_beside_the_deployment_is_its_overhead(calls, settled, seconds):
    log = [{"time": time, "operation": operation} for time, operation in calls]
    texts = [
        {"createdAt": datetime.fromtimestamp(at, UTC), "message": "(service x) has reached a steady state."}
        for at in settled
    ]
    events = [{"createdAt": datetime.fromtimestamp(105, UTC), "message": "(service x) has started 1 tasks."}, *texts]
    assert own_seconds(log, events, 20.0) == pytest.approx(seconds)


def test_no_round_begins_that_has_no_time(monkeypatch, capsys):
    clock = iter([0.0, 300.0, 300.0, 650.0, 650.0])
    monkeypatch.setattr(swap.time, "monotonic", lambda: next(clock))
    assert list(swap.rounds_within(5, 900.0)) == [1, 2]
    assert capsys.readouterr().out == "no time for round 3\n"


def figures(full, end, failed=0, calls=10, **own):
    fixed = {"requests": 1000, "failed": failed, "calls": calls, "overhead": 1.5, "stages": None}
    return {"full": full, "end": end, **fixed, **own}


def test_the_table_has_medians_and_all_failures():
    rounds = [
        {"deploy": figures(full, full + 5, failed), "back": figures(1.0, 2.0)}
        for full, failed in ((10.0, 0), (12.0, 3), (99.0, 0))
    ]
    shown = table.markdown({"a peer": rounds})
    assert "| a peer | 12.0 s | 17.0 s | 1.0 s | 2.0 s | 50 (3 of 6,000) | 10 | 10 | 1.5 s | 1.5 s |" in shown
    assert "stages" not in shown


def test_slipways_own_seconds_are_taken_apart():
    own = {"overhead": 2.5, "stages": {"healthy": 8.0, "prove": 5.0}}
    shown = table.markdown({"Slipway": [{"deploy": figures(1, 2, **own), "back": figures(1, 2, **own)}]})
    assert "| swap | 2.5 s | healthy 8.0 s, prove 5.0 s |" in shown


def test_the_sampler_tells_answers_from_errors(tmp_path):
    """One good answer, one of status 503, and a closed port: each is a line."""
    answers = {b"good": b"HTTP/1.1 200 OK\r\nX-Slipway-Version: 2.0.0\r\n\r\n{}", b"bad": b"HTTP/1.1 503 No\r\n\r\n"}

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(next(answer for host, answer in answers.items() if b"Host: " + host in head))
        writer.close()

    async def play():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with (tmp_path / "lines").open("w") as out:
            slots = asyncio.Semaphore(2)
            for host in ("good", "bad"):
                await sampler.sample(f"http://127.0.0.1:{port}/version", host, out, slots)
            server.close()
            await server.wait_closed()
            await sampler.sample(f"http://127.0.0.1:{port}/version", "good", out, slots)

    asyncio.run(play())
    lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert [line["version"] for line in lines] == ["2.0.0", "", ""]
    assert lines[1]["error"] == "HTTP/1.1 503 No"
    assert "error" in lines[2]
