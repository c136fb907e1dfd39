# SPDX-License-Identifier: GPL-3.0-or-later
"""The store against an S3 that misbehaves, over real sockets."""

from __future__ import annotations

import datetime
import hashlib
import threading
import time
from email.utils import formatdate

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.site import s3_retry_plan, s3_wire, store
from ansible_collections.slipway.ops.plugins.module_utils.site.store import (
    PreconditionFailedError,
    Put,
    Store,
    StoreError,
)
from botocore.credentials import RefreshableCredentials

from tests.unit.plugins.module_utils.site.stub_s3 import (
    StubS3,
    chunked,
    client,
    drop,
    hang,
    lose,
    plain,
    quietly_closing,
    raw,
    refusal,
    to_the_end,
    truncate,
)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """Tries follow each other quickly."""
    monkeypatch.setattr(s3_retry_plan, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(s3_retry_plan, "LONGEST_WAIT", 0.002)


@pytest.fixture
def stub():
    made = StubS3()
    yield made
    made.close()


@pytest.fixture
def said():
    return []


@pytest.fixture
def s3(stub, said):
    made = Store(client(stub.url), "b", say=said.append, timeouts=(2, 2))
    yield made
    made.close()


def puts(number, **options):
    bodies = [f"body {index}".encode() for index in range(number)]
    return [Put(f"k{index}", body, hashlib.sha256(body).hexdigest(), **options) for index, body in enumerate(bodies)]


PASSING = {
    "500": refusal(500, "InternalError"),
    "503": refusal(503, "SlowDown"),
    "page": plain(502, b"<html>a load balancer's</html>"),
    "408": refusal(400, "RequestTimeout"),
    "409": refusal(409, "ConditionalRequestConflict"),
    "drop": drop,
    "truncated": truncate,
    "nonsense": raw(b"SSH-2.0-hello\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\netag"),
    "endless head": raw(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n"),
    "no length": raw(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"),
    "no chunk": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
    "bad digest": refusal(400, "BadDigest"),
}


@pytest.mark.parametrize("act", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(stub, s3, said, act):
    stub.acts.append(act)
    assert s3.put("a b", b"x")
    assert stub.memory.objects["b/a b"].body == b"x"
    assert s3.requests == {"put": 2, "retry": 1}
    assert len(said) == 1
    assert said[0].startswith("S3 PUT a b: ")


def test_an_error_in_a_good_answer_is_seen_and_tried_again(stub, s3):
    s3.put("a", b"x")
    stub.acts.append(refusal(200, "InternalError"))
    assert s3.copy_headers("a", {"content-type": "text/plain"})
    stub.acts.append(refusal(200, "AccessDenied"))
    with pytest.raises(StoreError, match=r"PUT s3://b/a failed: 200 OK|AccessDenied"):
        s3.copy_headers("a", {"content-type": "text/plain"})


def test_what_does_not_pass_is_told_with_all_that_is_known(stub, s3):
    stub.acts.append(refusal(403, "AccessDenied"))
    with pytest.raises(StoreError) as failed:
        s3.put("site/index.html", b"x")
    assert str(failed.value) == "PUT s3://b/site/index.html failed: 403 AccessDenied: said so (request id REQ1)"
    assert stub.methods() == {"PUT": 1}


def test_in_the_end_it_is_given_up(stub, s3):
    stub.acts.extend([refusal(503, "SlowDown")] * s3_retry_plan.ATTEMPTS)
    with pytest.raises(StoreError, match=r"503 SlowDown: said so \(request id REQ1, after 8 attempts\)"):
        s3.put("a", b"x")
    assert s3.requests == {"put": 8, "retry": 7}


def test_an_outage_is_not_met_by_a_flood(stub, s3):
    s3._s3._budget.left = 12
    stub.acts.extend([refusal(500, "InternalError")] * 50)
    with pytest.raises(StoreError, match="after 3 attempts"):
        s3.put("a", b"x")


def test_retry_after_is_honored(stub, s3):
    stub.acts.append(refusal(503, "SlowDown", retry_after="1"))
    began = time.monotonic()
    s3.put("a", b"x")
    assert time.monotonic() - began >= 1


def test_what_hangs_is_tried_again_and_told(stub):
    impatient = Store(client(stub.url), "b", timeouts=(1, 0.1))
    stub.acts.append(hang)
    impatient.put("a", b"x")
    stub.acts.extend([hang] * 8)
    with pytest.raises(StoreError, match=r"PUT s3://b/a failed: TimeoutError: .* \(after 8 attempts\)"):
        impatient.put("a", b"x")


def test_nobody_there(stub):
    s3 = Store(client(stub.url), "b")
    stub.close()
    with pytest.raises(StoreError, match=r"GET s3://b/a failed: ConnectionRefusedError: .* \(after 8 attempts\)"):
        s3.get("a")


def test_a_lost_answer_to_a_conditional_write_is_found_to_be_ours(stub, s3):
    stub.acts.append(lose)
    etag = s3.put("state", b"new", if_none_match=True)
    stub.acts.append(lose)
    second = s3.put("state", b"newer", if_match=etag)
    assert second == stub.memory.objects["b/state"].etag != etag
    assert stub.methods() == {"PUT": 4, "HEAD": 2}


def test_a_lost_answer_to_a_write_that_another_has_overtaken_is_a_failure(stub, s3):
    etag = s3.put("state", b"old")

    def overtaken(request):
        request.answer = lambda: None
        lose(request)
        stub.memory.answer("PUT", "/b/state", {}, b"another's")

    stub.acts.append(overtaken)
    with pytest.raises(PreconditionFailedError) as failed:
        s3.put("state", b"mine", if_match=etag)
    assert failed.value.uncertain
    assert stub.memory.objects["b/state"].body == b"another's"


def test_a_lost_answer_and_then_nothing_there_is_a_failure(stub, s3):
    stub.acts.extend([drop, refusal(412, "PreconditionFailed"), plain(404)])
    with pytest.raises(PreconditionFailedError):
        s3.put("state", b"mine", if_match='"e"')


def test_an_object_of_many_parts_is_compared_by_its_bytes(stub, s3):
    stub.memory.answer("PUT", "/b/a", {"x-amz-meta-x": "1"}, b"same")
    stub.memory.objects["b/a"].headers["x-amz-checksum-sha256"] = "AAAA-3"
    stub.acts.extend([None, None, truncate])
    assert s3.put("a", b"same", if_none_match=True) == stub.memory.objects["b/a"].etag
    assert stub.methods() == {"PUT": 1, "HEAD": 1, "GET": 2}


def test_a_clock_that_is_wrong_is_corrected_once(stub, s3):
    later = time.time() + 3600
    stub.acts.append(refusal(403, "RequestTimeTooSkewed", date=formatdate(later, usegmt=True)))
    s3.put("a", b"x")
    first, second = (request.headers["x-amz-date"] for request in stub.seen)
    assert second > first
    stub.acts.extend([refusal(403, "RequestTimeTooSkewed")] * 2)
    with pytest.raises(StoreError, match="clock is wrong"):
        s3.put("a", b"x")


@pytest.mark.parametrize(
    "act",
    [
        refusal(301, "PermanentRedirect", x_amz_bucket_region="eu-west-1"),
        plain(400, b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"),
        plain(301, x_amz_bucket_region="eu-west-1"),
    ],
)
def test_the_wrong_region_is_explained(stub, s3, act):
    stub.acts.append(act)
    with pytest.raises(StoreError, match="The bucket is in region eu-west-1, this run signs for us-east-1"):
        s3.list()


def test_a_read_that_is_denied_may_be_one_of_nothing(stub, s3):
    stub.acts.extend([refusal(403, "AccessDenied"), plain(403)])
    for read in (s3.get, s3.head):
        with pytest.raises(StoreError, match=r"403 .* s3:ListBucket is not granted"):
            read("a")


@pytest.mark.parametrize("act", [chunked, to_the_end])
def test_answers_in_any_frame(stub, s3, act):
    s3.put("a", b"0123456789")
    stub.acts.append(act)
    assert s3.get("a")[0] == b"0123456789"
    assert s3.get("a")[0] == b"0123456789"


def test_bytes_that_are_not_the_checksums_are_refused(stub, s3):
    s3.put("a", b"right")
    stub.memory.objects["b/a"].body = b"wrong"
    with pytest.raises(StoreError, match="not the bytes that S3's checksum is of"):
        s3.get("a")


def test_connections_are_kept_and_replaced_without_a_wait(stub, s3, said):
    for number in range(5):
        s3.put(f"k{number}", b"x")
    assert stub.connections == 1
    stub.acts.append(quietly_closing)
    s3.put("a", b"x")
    s3.put("b", b"x")
    assert stub.connections == 2
    assert said == []
    assert "retry" not in s3.requests


def test_a_connection_that_was_idle_for_long_is_not_trusted(stub, s3, monkeypatch):
    s3.put("a", b"x")
    monkeypatch.setattr(s3_wire, "_KEPT", 0.0)
    s3.put("b", b"x")
    assert stub.connections == 2


def test_connection_close_is_heard(stub, s3):
    stub.acts.append(plain(200, connection="close", etag='"e"'))
    s3.put("a", b"x")
    s3.put("b", b"x")
    assert stub.connections == 2


def test_an_answer_that_comes_before_the_body_was_read(stub, s3, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"x" * 8_000_000)
    stub.early.extend([b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"] * 2)
    assert s3.put("large", path)
    assert stub.memory.objects["b/large"].body == path.read_bytes()
    assert s3.requests["retry"] == 2


def test_a_file_that_changes_meanwhile_is_refused(stub, s3, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "WHOLE_FILE", 10)
    path = tmp_path / "changing"
    for now in (b"shorter", b"much longer than it was"):
        path.write_bytes(b"0123456789abcdef")
        body = s3._body(Put("a", path, ""))
        path.write_bytes(now)
        with pytest.raises(ValueError, match="changed while it was published"):
            b"".join(body.blocks())
    path.write_bytes(b"0123456789abcdef")
    with pytest.raises(StoreError, match=r"400 BadDigest.*The file changed after the release was planned: run again"):
        s3.put("a", path, sha256=hashlib.sha256(b"before").hexdigest())


def test_a_file_that_is_gone_is_told_at_once(s3, tmp_path):
    with pytest.raises(StoreError, match=r"PUT s3://b/a failed: \[Errno 2\] No such file or directory: .*none"):
        s3.put_all([Put("a", tmp_path / "none", "00" * 32)])


def test_a_header_with_a_line_break_is_refused(stub, s3):
    with pytest.raises(StoreError, match="line break"):
        s3.put("a", b"x", headers={"cache-control": "a\r\nx-evil: 1"})
    assert stub.seen == []


def test_keys_that_are_not_deleted_are_told(stub, s3):
    row = "<Error><Key>k{0}</Key><Code>{1}</Code><Message>no</Message></Error>"

    def answer(*codes):
        return plain(200, f"<DeleteResult>{''.join(row.format(*pair) for pair in codes)}</DeleteResult>".encode())

    stub.acts.extend([answer((1, "InternalError"), (2, "SlowDown")), answer((2, "InternalError"))])
    assert s3.delete_all(["k1", "k2", "k3"]) == 3
    assert [request.body.count(b"<Key>") for request in stub.seen] == [3, 2, 1]
    stub.acts.append(answer((1, "AccessDenied"), (2, "InternalError")))
    with pytest.raises(StoreError, match=r"DELETE s3://b/k1 failed: 200 AccessDenied: no \(and 1 other keys\)"):
        s3.delete_all(["k1", "k2", "k3"])


def test_a_list_that_cannot_be_read_is_no_empty_one(stub, s3):
    stub.acts.append(plain(200, b"<html>welcome</html>"))
    with pytest.raises(StoreError, match="an answer that cannot be read: html instead of ListBucketResult"):
        s3.list()


def test_the_first_final_failure_ends_the_work(stub, said):
    s3 = Store(client(stub.url), "b", threads=4, say=said.append)
    stub.by_key["/b/k20"] = refusal(403, "AccessDenied")
    with pytest.raises(StoreError, match="s3://b/k20 failed: 403 AccessDenied"):
        s3.put_all(puts(500))
    assert len(stub.seen) < 60


def test_waits_end_when_the_work_has_failed(stub, monkeypatch):
    monkeypatch.setattr(s3_retry_plan, "FIRST_WAIT", 1e6)
    monkeypatch.setattr(s3_retry_plan, "LONGEST_WAIT", 1e6)
    s3 = Store(client(stub.url), "b", threads=2)
    stub.by_key["/b/k0"] = refusal(503, "SlowDown", retry_after="60")

    def denied_later(request):
        while not any(seen.target == "/b/k0" for seen in stub.seen):
            time.sleep(0.01)
        refusal(403, "AccessDenied")(request)

    stub.by_key["/b/k1"] = denied_later
    with pytest.raises(StoreError, match="s3://b/k1 failed: 403"):
        s3.put_all(puts(2))


def test_as_many_at_once_as_there_are_threads_and_no_more(stub):
    stub.pause = 0.02
    s3 = Store(client(stub.url), "b", threads=8)
    assert len(s3.put_all(puts(64))) == 64
    assert stub.most_at_once == 8
    assert stub.connections <= 8


def test_items_are_read_one_by_one(stub):
    s3 = Store(client(stub.url), "b", threads=2)
    taken = []

    def items():
        for number, put in enumerate(puts(50)):
            taken.append(number)
            assert number - len(stub.memory.objects) <= 2
            yield put

    seen = []
    assert len(s3.put_all(items(), lambda *args: seen.append(args), total=50)) == 50
    done, total, size, seconds = seen[-1]
    assert (done, total, size) == (50, 50, sum(len(put.body) for put in puts(50)))
    assert seconds > 0


def test_nothing_to_write(stub, s3):
    assert s3.put_all([]) == {}
    assert stub.seen == []


def test_what_progress_raises_ends_the_work(stub):
    stub.pause = 0.05
    s3 = Store(client(stub.url), "b", threads=2)

    def lost(*_args):
        raise InterruptedError("the lease is lost")

    with pytest.raises(InterruptedError):
        s3.put_all(puts(500), lost)
    number = len(stub.seen)
    assert number < 60
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("upload-")]


def test_what_is_said_by_many_is_heard_by_the_caller_in_few_lines(stub):
    heard = []
    s3 = Store(client(stub.url), "b", threads=8, say=lambda text: heard.append((threading.current_thread(), text)))
    stub.acts.extend([refusal(503, "SlowDown")] * 8)
    s3.put_all(puts(20))
    assert {thread for thread, _text in heard} == {threading.current_thread()}
    assert any("more)" in text for _thread, text in heard) or len(heard) == 8


def refreshable(times):
    """Credentials that end at one of times each, numbered."""
    numbers = iter(range(len(times)))

    def refresh():
        number = next(numbers)
        return {"access_key": "AKIA", "secret_key": "s", "token": f"token-{number}", "expiry_time": times[number]}

    return RefreshableCredentials.create_from_metadata(refresh(), refresh, "test")


def test_credentials_that_run_out_are_refreshed(stub):
    made = client(stub.url)
    soon = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)).isoformat()
    made._request_signer._credentials = refreshable([soon, "2999-01-01T00:00:00Z"])
    s3 = Store(made, "b")
    s3.put("a", b"x")
    assert stub.seen[-1].headers["x-amz-security-token"] == "token-1"


def test_credentials_that_cannot_be_refreshed_are_told(stub):
    made = client(stub.url)
    made._request_signer._credentials = refreshable(["2001-01-01T00:00:00Z"] * 2)
    with pytest.raises(StoreError, match=r"PUT s3://b/a failed: RuntimeError: .* still expired"):
        Store(made, "b").put("a", b"x")


def test_no_credentials(stub, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    made = client(stub.url, aws_access_key_id=None, aws_secret_access_key=None)
    with pytest.raises(StoreError, match="NoCredentialsError: Unable to locate credentials"):
        Store(made, "b").get("a")
