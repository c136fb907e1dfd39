# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront Functions: really executed, with the event object and its limits."""

from __future__ import annotations

import json

import pytest

from localcloud.edge.cache_key import Parts
from localcloud.edge.function_event import Generated, event, generated, request_of, response_part
from localcloud.edge.functions import FunctionError, Runner

PARTS = Parts(
    "GET",
    "/deep/link",
    "a=1&b=2&a=3&flag",
    {"host": "site", "accept": "*/*", "cookie": "s=1"},
    [("s", "1"), ("s", "2")],
)
SPA = """
function handler(event) {
  const request = event.request;
  const last = request.uri.split('/').pop();
  if (!last.includes('.')) request.uri = '/index.html';
  return request;
}
"""


def run(code, parts=PARTS):
    """What a function makes of a request."""
    text = json.dumps(event("viewer-request", "d.cloudfront.net", "E1", "192.0.2.1", "id", parts))
    return request_of(Runner(code).run(text), parts)


def body(statement):
    return f"function handler(event) {{ const r = event.request; {statement} }}"


@pytest.mark.parametrize(
    ("path", "wanted"), [("/", "/index.html"), ("/deep/link", "/index.html"), ("/a.b/c.js", "/a.b/c.js")]
)
def test_routes_are_rewritten(path, wanted):
    assert run(SPA, PARTS._replace(path=path)).path == wanted


def test_the_event_has_what_aws_gives():
    made = event("viewer-request", "d.cloudfront.net", "E1", "192.0.2.1", "id", PARTS)
    assert made["request"]["querystring"] == {
        "a": {"value": "3", "multiValue": [{"value": "1"}, {"value": "3"}]},
        "b": {"value": "2"},
        "flag": {"value": ""},
    }
    assert made["request"]["cookies"]["s"]["multiValue"] == [{"value": "1"}, {"value": "2"}]
    assert made["request"]["headers"] == {"host": {"value": "site"}, "accept": {"value": "*/*"}}
    assert made["context"]["eventType"] == "viewer-request"
    assert made["viewer"]["ip"] == "192.0.2.1"


def test_an_untouched_request_is_the_same():
    changed = run(body("return r;"))
    assert changed._replace(headers=PARTS.headers) == PARTS


def test_a_request_can_be_changed():
    code = body(
        "r.headers['x-new'] = {value: '1'}; r.headers.host = {value: 'evil'}; delete r.headers.accept;"
        "r.querystring = {q: {multiValue: [{value: '1'}, {value: '2'}]}, f: {value: ''}};"
        "r.cookies = {c: {value: 'd'}};"
        "return r;"
    )
    changed = run(code)
    assert changed.headers == {"x-new": "1", "host": "site"}
    assert (changed.query, list(changed.cookies)) == ("q=1&q=2&f", [("c", "d")])


def test_a_function_can_answer_itself():
    code = body(
        "return {statusCode: 302, headers: {location: {value: '/new'}},"
        " cookies: {a: {value: '1', attributes: 'Secure'}},"
        " body: {encoding: 'text', data: 'moved'}};"
    )
    assert run(code) == Generated(302, {"location": "/new"}, ("a=1; Secure",), b"moved")
    assert run(body("return {statusCode: 200, body: 'plain', cookies: {a: {value: '1'}}};")).body == b"plain"


@pytest.mark.parametrize("kind", ["", "async "])
def test_long_headers_come_through_as_browsers_send_them(kind):
    parts = PARTS._replace(headers={**PARTS.headers, "user-agent": "x" * 5000})
    assert run(f"{kind}function handler(event) {{ return event.request; }}", parts).headers["user-agent"] == "x" * 5000


def test_an_async_function_is_waited_for():
    assert (
        run("async function handler(event) { await null; event.request.uri = '/x'; return event.request; }").path
        == "/x"
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("function other() {}", "has no handler"),
        ("function handler( {", "SyntaxError"),
        (body("return missing.x;"), "ReferenceError"),
        (body("for (;;) {}"), "interrupted"),
        (body("const a = []; for (;;) a.push(new Array(1000).fill(1));"), "out of memory|interrupted"),
        (body("return undefined;"), "no object"),
        (body("return 'text';"), "no object"),
        ("async function handler() { throw new Error('later'); }", "later"),
        ("async function handler() { await new Promise(() => {}); }", "no object"),
        (body("r.uri = 'relative'; return r;"), "slash"),
        (body("delete r.uri; return r;"), "malformed"),
        (body("return {statusCode: 'x'};"), "malformed"),
        (body("return eval('1');"), "eval"),
    ],
)
def test_a_function_that_fails(code, message):
    with pytest.raises(FunctionError, match=message):
        run(code)


def test_what_a_function_logs_can_be_read():
    runner = Runner(body("console.log('uri', r.uri, {a: 1}); return r;"))
    runner.run(json.dumps(event("viewer-request", "d", "E", "ip", "id", PARTS)))
    assert runner.logs() == ['uri /deep/link {"a":1}']
    assert runner.logs() == []
    failing = Runner(body("console.log('before'); throw new Error('x');"))
    with pytest.raises(FunctionError) as caught:
        failing.run(json.dumps({"request": {}}))
    assert caught.value.logs == ["before"]


def test_nothing_of_a_browser_or_node_is_there():
    names = ("setTimeout", "require", "process", "fetch", "XMLHttpRequest")
    for name in names:
        assert run(body(f"r.uri = '/' + typeof {name}; return r;")).path == "/undefined"


def test_a_response_event_and_its_answer():
    part = response_part(200, {"etag": '"e"', "set-cookie": "a=1"})
    assert part == {"statusCode": 200, "statusDescription": "", "headers": {"etag": {"value": '"e"'}}, "cookies": {}}
    assert generated(part | {"headers": {"X-A": {"value": "1"}}}).headers == {"x-a": "1"}
