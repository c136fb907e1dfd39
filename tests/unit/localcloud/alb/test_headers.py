# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to header fields on their way through, and to stickiness cookies."""

from __future__ import annotations

import re

import pytest

from localcloud.alb.cookies import read_cookie, set_cookies
from localcloud.alb.headers import Hop, RawHeaders, request_head, response_head, trace_id
from localcloud.alb.responses import reason_phrase, response

HOP = Hop("203.0.113.9", "https", 443)
NOW = 0x5F5E1000


def sent(headers: RawHeaders, *, drop_invalid: bool = False, chunked: bool = False) -> dict[str, str]:
    head = request_head("GET", "/a?b", headers, HOP, now=NOW, drop_invalid=drop_invalid, chunked=chunked)
    first, *lines = head.decode().rstrip("\r\n").split("\r\n")
    assert first == "GET /a?b HTTP/1.1"
    return dict(line.split(": ", 1) for line in lines)


def test_forwarded_headers_are_set_and_the_clients_own_appended_to_or_replaced() -> None:
    fields = sent([(b"X-Forwarded-For", b"10.1.1.1"), (b"x-forwarded-proto", b"spoof"), (b"X-Forwarded-Port", b"1")])
    assert fields["X-Forwarded-For"] == "10.1.1.1, 203.0.113.9"
    assert (fields["X-Forwarded-Proto"], fields["X-Forwarded-Port"]) == ("https", "443")
    assert "x-forwarded-proto" not in fields


def test_hop_by_hop_fields_stay_behind() -> None:
    names = ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect")
    headers = [(name.encode(), b"x-private, close") for name in names] + [(b"X-Private", b"1"), (b"X-Public", b"2")]
    assert [name for name in sent(headers) if not name.startswith(("X-Forwarded", "X-Amzn"))] == ["X-Public"]


def test_connection_cannot_take_away_the_framing() -> None:
    fields = sent([(b"Connection", b"content-length, host"), (b"Content-Length", b"5"), (b"Host", b"h")])
    assert (fields["Content-Length"], fields["Host"]) == ("5", "h")


@pytest.mark.parametrize(("drop", "expected"), [(False, {"a_b", "a-b"}), (True, {"a-b"})])
def test_invalid_names_are_dropped_on_request_only(drop: bool, expected: set[str]) -> None:
    fields = sent([(b"a_b", b"1"), (b"a-b", b"2")], drop_invalid=drop)
    assert set(fields) & {"a_b", "a-b"} == expected


def test_chunked_is_stated() -> None:
    assert sent([], chunked=True)["Transfer-Encoding"] == "chunked"


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (None, rb"Root=1-5f5e1000-[0-9a-f]{24}"),
        (b"Root=1-1-2", rb"Self=1-5f5e1000-[0-9a-f]{24};Root=1-1-2"),
        (b"Self=1-9-9;Root=1-1-2;Tag=x", rb"Self=1-5f5e1000-[0-9a-f]{24};Root=1-1-2;Tag=x"),
        (b"Tag=x", rb"Root=1-5f5e1000-[0-9a-f]{24};Tag=x"),
    ],
)
def test_trace_id(received: bytes | None, expected: bytes) -> None:
    assert re.fullmatch(expected, trace_id(received, NOW))


def test_response_head_keeps_the_targets_fields_and_frames_anew() -> None:
    headers = [(b"Server", b"mine"), (b"Transfer-Encoding", b"chunked"), (b"Connection", b"close"), (b"X-A", b"1")]
    head = response_head(201, "Made", headers, [("Set-Cookie", "a=b")], chunked=True, keep_alive=True)
    assert head.decode().rstrip("\r\n").split("\r\n") == [
        "HTTP/1.1 201 Made",
        "Server: mine",
        "X-A: 1",
        "Set-Cookie: a=b",
        "Transfer-Encoding: chunked",
        "Connection: keep-alive",
    ]


def test_own_response_states_the_length_that_head_leaves_out() -> None:
    assert response(200, b"body").endswith(b"\r\n\r\nbody")
    assert b"Content-Length: 4\r\n" in response(200, b"body", head=True)
    assert response(200, b"body", head=True).endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("status", "phrase"), [(503, "Service Temporarily Unavailable"), (504, "Gateway Time-out"), (460, "Unknown")]
)
def test_reason_phrase(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase


def cookie_of(name: str = "AWSALBTG", seconds: int = 60) -> str:
    return set_cookies(name, ["arn:group", 80], seconds, NOW)[0][1].partition(";")[0]


def test_cookie_binds_until_its_duration_is_over() -> None:
    headers = [f"a=b; {cookie_of()}"]
    assert read_cookie("AWSALBTG", headers, NOW + 59) == ("arn:group", 80)
    assert read_cookie("AWSALBTG", headers, NOW + 60) is None


def test_cookie_with_cors_twin() -> None:
    twin = set_cookies("AWSALB", ["x"], 60, NOW)[1][1]
    assert twin.endswith("SameSite=None; Secure")
    assert read_cookie("AWSALB", [twin.partition(";")[0]], NOW) == ("x",)


@pytest.mark.parametrize("header", ["AWSALBTG=garbage", "AWSALBTG=eyJhIjoxfQ", "AWSALBTG=", "other=1", ""])
def test_foreign_cookie_binds_nothing(header: str) -> None:
    assert read_cookie("AWSALBTG", [header], NOW) is None
