# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's patience, with answers that are hard to get from a server."""

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.ops.plugins.module_utils import atlas_api
from ansible_collections.slipway.ops.plugins.module_utils.atlas_client import (
    TRIES,
    Answer,
    Client,
    Credentials,
    sender,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_digest import Digest
from ansible_collections.slipway.ops.plugins.module_utils.atlas_errors import AtlasError, UnknownOutcomeError

TOKEN = Answer(200, {}, b'{"access_token": "t", "expires_in": 3600}')
DONE = Answer(200, {}, b'{"ok": true}')


def refused(status, code="", **headers):
    body = {"errorCode": code, "detail": "No."} if code else {}
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode())


class Scripted:
    """A client whose server answers from a list."""

    def __init__(self, *answers, key=False):
        self.answers = list(answers)
        self.sent = []
        self.slept = []
        self.warned = []
        pair = Credentials(public_key="pub", private_key="priv") if key else Credentials("id", "secret")
        self.client = Client(
            "https://atlas.test/", "p" * 24, pair, self._send, self.warned.append, self.slept.append, jitter=lambda: 0.5
        )

    def _send(self, method, url, headers, body):
        self.sent.append((method, url, headers, body))
        return self.answers.pop(0)

    def get(self, **more):
        return self.client.call("look", "GET", "/peers", **more)


def test_a_call_names_the_version_and_carries_the_token():
    scripted = Scripted(TOKEN, DONE)
    assert scripted.get(query={"a": 1}) == {"ok": True}
    method, url, headers, body = scripted.sent[1]
    assert (method, url, body) == ("GET", f"https://atlas.test/api/atlas/v2/groups/{'p' * 24}/peers?a=1", None)
    assert headers == {"Accept": "application/vnd.atlas.2023-01-01+json", "Authorization": "Bearer t"}
    assert scripted.sent[0][1] == "https://atlas.test/api/oauth/token"


@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("7", 7.5),
        ("600", 60.5),
        ("", 0.75),
        ("soon", 0.75),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.5),  # past
    ],
)
def test_a_rate_limit_says_how_long(value, pause):
    scripted = Scripted(TOKEN, refused(429, "RATE_LIMITED", retry_after=value), DONE)
    assert scripted.get() == {"ok": True}
    assert scripted.slept == [pause]


def test_trouble_is_met_with_growing_pauses_and_an_end():
    scripted = Scripted(TOKEN, *[refused(503)] * TRIES)
    with pytest.raises(AtlasError, match=r"Atlas refused to look \(HTTP 503\)\. Atlas has trouble of its own"):
        scripted.get()
    assert scripted.slept == [0.75, 1.5, 3.0, 6.0, 12.0]


def test_no_answer_at_all():
    scripted = Scripted(TOKEN, *[Answer(0, {}, b"Connection refused")] * TRIES)
    with pytest.raises(AtlasError, match="could not look at Atlas: Connection refused"):
        scripted.get()


@pytest.mark.parametrize("answer", [refused(500, "UNEXPECTED_ERROR"), refused(504), Answer(0, {}, b"timed out")])
def test_what_must_not_be_repeated_is_not(answer):
    scripted = Scripted(TOKEN, answer)
    with pytest.raises(UnknownOutcomeError):
        scripted.client.call("make it", "POST", "/peers", body={}, repeatable=False)
    assert len(scripted.sent) == 2


def test_a_rate_limited_post_was_not_done_and_is_repeated():
    scripted = Scripted(TOKEN, refused(429, retry_after="0"), DONE)
    assert scripted.client.call("make it", "POST", "/peers", body={}, repeatable=False) == {"ok": True}


def test_a_token_is_renewed_once():
    scripted = Scripted(TOKEN, refused(401), TOKEN, DONE)
    assert scripted.get() == {"ok": True}
    scripted = Scripted(TOKEN, refused(401), TOKEN, refused(401))
    with pytest.raises(AtlasError, match="Check the client id and secret"):
        scripted.get()


def test_the_token_itself_can_be_refused_or_late():
    scripted = Scripted(Answer(401, {}, b'{"error": "invalid_client", "error_description": "Unknown client."}'))
    with pytest.raises(AtlasError, match=r"give a token to look \(HTTP 401\): Unknown client\. Check the client id"):
        scripted.get()
    scripted = Scripted(refused(429, retry_after="1"), TOKEN, DONE)
    assert scripted.get() == {"ok": True}
    assert scripted.slept == [1.5]


def test_digest_answers_one_challenge_and_keeps_the_nonce():
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o"'
    scripted = Scripted(refused(401, www_authenticate=challenge), DONE, DONE, key=True)
    scripted.get()
    scripted.get()
    headers = [sent[2].get("Authorization", "") for sent in scripted.sent]
    assert headers[0] == ""
    assert "nc=00000001" in headers[1]
    assert "nc=00000002" in headers[2]
    assert 'opaque="o"' in headers[2]


def test_digest_without_a_usable_challenge_is_a_refusal():
    for challenge in ("", "Basic realm=x", 'Digest realm="r", nonce="n", algorithm=SHA-512'):
        with pytest.raises(AtlasError, match="HTTP 401"):
            Scripted(refused(401, www_authenticate=challenge), key=True).get()


def test_the_example_of_rfc_2617(monkeypatch):
    """Section 3.5 of the RFC."""
    monkeypatch.setattr("secrets.token_hex", lambda _size: "0a4f113b")
    digest = Digest("Mufasa", "Circle Of Life")
    assert digest.accept(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in digest.header("GET", "/dir/index.html")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"sunset": "Thu, 01 Jul 2027 00:00:00 GMT"}, "ends on Thu, 01 Jul 2027"),
        ({"deprecation": "Wed, 01 Jul 2026 00:00:00 GMT"}, "is deprecated since Wed, 01 Jul 2026"),
    ],
)
def test_the_end_of_a_version_is_told_once(headers, words):
    answer = Answer(200, headers, b"{}")
    scripted = Scripted(TOKEN, answer, answer)
    scripted.get()
    scripted.get()
    (warning,) = scripted.warned
    assert words in warning


def test_pages_are_read_to_the_end():
    def page(rows):
        return Answer(200, {}, json.dumps({"results": rows, "totalCount": 3}).encode())

    scripted = Scripted(TOKEN, page([{"n": 1}, {"n": 2}]), page([{"n": 3}]))
    assert list(scripted.client.pages("list", "/peers")) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert "pageNum=2" in scripted.sent[2][1]
    shrunk = Scripted(TOKEN, page([{"n": 1}]), page([]))
    assert list(shrunk.client.pages("list", "/peers")) == [{"n": 1}]


@pytest.mark.parametrize("body", [b"<html>no JSON</html>", b"[]", b""])
def test_a_refusal_without_words(body):
    with pytest.raises(AtlasError, match=r"Atlas refused to look \(HTTP 418\)\.$"):
        Scripted(TOKEN, Answer(418, {}, body)).get()


@pytest.mark.parametrize("call", ["container", "peer"])
def test_a_post_without_an_answer_is_sent_again_only_if_the_list_lacks_it(call):
    container = {"id": "c", "regionName": "US_EAST_1", "atlasCidrBlock": "10.8.0.0/21"}
    peer = {"id": "p", "containerId": "c", "awsAccountId": "1", "vpcId": "v", "routeTableCidrBlock": "10.0.0.0/16"}
    row = container if call == "container" else peer | {"statusName": "INITIATING"}

    def page(*rows):
        return Answer(200, {}, json.dumps({"results": rows, "totalCount": len(rows)}).encode())

    def do(scripted):
        if call == "container":
            return atlas_api.create_container(scripted.client, "us-east-1", "10.8.0.0/21").id
        return atlas_api.create_peer(scripted.client, "c", "us-east-1", "1", "v", "10.0.0.0/16").id

    done = Scripted(TOKEN, refused(504), page(row))
    assert do(done) == row["id"]
    not_done = Scripted(TOKEN, refused(504), page(), Answer(200, {}, json.dumps(row).encode()))
    assert do(not_done) == row["id"]
    assert [sent[0] for sent in not_done.sent] == ["POST", "POST", "GET", "POST"]


def test_a_server_that_is_not_there():
    answer = sender(validate_certs=True, timeout=1)("GET", "http://127.0.0.1:9/", {}, None)
    assert answer.status == 0
    assert b"refused" in answer.body.lower()
