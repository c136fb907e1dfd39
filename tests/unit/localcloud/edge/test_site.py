# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviors, functions, origins, firewall and answers of an edge, over real HTTP."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.unit.localcloud.alb.harness import HOST
from tests.unit.localcloud.edge.harness import Site, behavior, cache_policy, served

SPA = "function handler(event) { const r = event.request; if (!r.uri.includes('.')) r.uri = '/index.html'; return r; }"
EVERY_METHOD = {"Items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]}


def function(arn, event="viewer-request"):
    return {"FunctionAssociations": {"Items": [{"FunctionARN": arn, "EventType": event}]}}


def text(body, **headers):
    return body, {name.replace("_", "-"): value for name, value in headers.items()}


API = behavior("off", PathPattern="/api/*", AllowedMethods=EVERY_METHOD, OriginRequestPolicyId="all")


@served
async def test_the_first_behavior_that_fits_wins(site: Site):
    site.policies["never"] = cache_policy(0, 0, 0)
    site.origin.pages |= {"/img/a.png": text("a"), "/x.png": text("b")}
    await site.apply(behavior(), behavior("never", PathPattern="img/*"), behavior(PathPattern="*.png"))
    assert [(await site.get("/img/a.png")).cache for _ in range(2)] == ["Miss", "Miss"]
    assert [(await site.get("/x.png")).cache for _ in range(2)] == ["Miss", "Hit"]


@served
async def test_the_default_root_object(site: Site):
    site.origin.pages["/index.html"] = text("root")
    await site.apply(DefaultRootObject="index.html")
    assert (await site.get("/")).text == "root"
    assert (await site.get("/index.html")).cache == "Miss"
    assert (site.invalidate("/"), site.invalidate("/index.html")) == (1, 1)


@served
async def test_a_function_rewrites_and_the_rewritten_path_is_cached(site: Site):
    site.functions["spa"] = SPA
    site.origin.pages["/index.html"] = text("app")
    await site.apply(behavior(**function("spa")))
    found = [await site.get(path) for path in ("/", "/deep/link", "/other")]
    assert [(one.text, one.cache) for one in found] == [("app", "Miss"), ("app", "Hit"), ("app", "Hit")]
    assert (site.invalidate("/deep/link"), site.invalidate("/index.html")) == (0, 1)
    assert (await site.get("/assets/none.js")).status == 404


@served
async def test_a_function_runs_on_its_own_behavior_only(site: Site):
    site.functions["spa"] = SPA
    site.origin.pages |= {"/index.html": text("app"), "/api/x": text("api")}
    await site.apply(behavior(**function("spa")), API)
    assert (await site.get("/api/x")).text == "api"


@served
async def test_a_function_can_answer(site: Site):
    site.functions["move"] = "function handler() { return {statusCode: 301, headers: {location: {value: '/new'}}}; }"
    await site.apply(behavior(**function("move")))
    found = await site.get("/old")
    assert (found.status, found.headers["location"], found.cache) == (301, "/new", "FunctionGeneratedResponse")
    assert site.origin.seen == []


@served
async def test_a_function_that_throws_is_a_503_and_is_reported(site: Site):
    site.functions["bad"] = "function handler(event) { return nothing.here; }"
    await site.apply(behavior(**function("bad")))
    assert (await site.get("/")).status == 503
    assert "ReferenceError" in site.lines[-1]["message"]
    site.functions["bad"] = SPA
    site.origin.pages["/index.html"] = text("mended")
    await site.apply(behavior(**function("bad")))
    assert (await site.get("/")).text == "mended"


@served
async def test_a_function_that_is_not_there_is_a_503(site: Site):
    await site.apply(behavior(**function("missing")))
    assert (await site.get("/")).status == 503


@served
async def test_a_viewer_response_function_changes_headers_but_not_of_errors(site: Site):
    site.functions["after"] = (
        "function handler(event) { const r = event.response; r.headers['x-after'] = {value: event.request.uri};"
        " r.cookies = {seen: {value: '1'}}; return r; }"
    )
    site.origin.pages["/a"] = text("a")
    await site.apply(behavior(**function("after", "viewer-response")))
    found = await site.get("/a")
    assert (found.headers["x-after"], found.headers["set-cookie"], found.text) == ("/a", "seen=1", "a")
    assert "x-after" not in (await site.get("/missing")).headers


@served
async def test_a_viewer_by_http_is_redirected_and_all_others_are_served(site: Site):
    site.origin.pages["/a"] = text("a")
    await site.apply(behavior(), behavior(PathPattern="/only", ViewerProtocolPolicy="https-only"))
    assert (await site.get("/a")).status == 200
    found = await site.get("/a?x=1", X_Forwarded_Proto="http", Host="www.example")
    assert (found.status, found.headers["location"], found.cache) == (301, "https://www.example/a?x=1", "Redirect")
    assert (await site.get("/only", X_Forwarded_Proto="http")).status == 403


@served
async def test_methods_that_are_not_allowed(site: Site):
    await site.apply()
    found = await site.get("/", "POST", b"x")
    assert (found.status, found.cache) == (403, "Error")
    assert "not configured to allow the HTTP request method" in found.text
    assert site.origin.seen == []


@served
async def test_an_api_passes_in_both_directions(site: Site):
    site.origin.pages["/api/items"] = lambda request: web.Response(
        status=201, text="made", headers={"Set-Cookie": "a=1", "X-Method": request.method}
    )
    site.response_policies["h"] = {"CustomHeadersConfig": {"Items": [{"Header": "X-A", "Value": "1"}]}}
    await site.apply(behavior(), API | {"ResponseHeadersPolicyId": "h"})
    found = await site.get("/api/items?q=1", "POST", b"body", Cookie="s=1", X_Custom="c", Authorization="secret")
    assert (found.status, found.text, found.headers["x-a"]) == (201, "made", "1")
    assert (found.headers["set-cookie"], found.cache) == ("a=1", "Miss")
    seen = site.origin.seen[0]
    assert (seen.raw_path, site.origin.bodies[0]) == ("/api/items?q=1", b"body")
    assert seen.headers["Host"] == "app.example"
    wanted = {"Cookie": "s=1", "X-Custom": "c", "Authorization": "secret", "X-Forwarded-For": HOST}
    assert {name: seen.headers[name] for name in wanted} == wanted


@served
async def test_an_api_s_error_is_not_hidden_unless_a_page_is_configured(site: Site):
    site.origin.pages |= {"/api/x": lambda _: web.Response(status=403, text="denied"), "/e.html": text("page")}
    await site.apply(behavior(), API)
    found = await site.get("/api/x")
    assert (found.status, found.text, found.cache) == (403, "denied", "Error")
    await site.apply(
        behavior(),
        API,
        CustomErrorResponses={"Items": [{"ErrorCode": 403, "ResponsePagePath": "/e.html", "ResponseCode": "200"}]},
    )
    hidden = await site.get("/api/x")
    assert (hidden.status, hidden.text) == (200, "page")


@served
async def test_a_stream_arrives_as_it_is_made(site: Site):
    going = asyncio.Event()

    class Stream(web.StreamResponse):
        async def prepare(self, request):
            writer = await super().prepare(request)
            await self.write(b"first")
            await going.wait()
            await self.write(b"second")
            return writer

    site.origin.pages["/api/events"] = lambda _: Stream()
    await site.apply(behavior(), API)
    reader, writer = await asyncio.open_connection(HOST, site.port)
    writer.write(b"GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"first")
    going.set()
    await reader.readuntil(b"second")
    writer.close()


@served
async def test_an_origin_that_is_not_there_is_a_502(site: Site):
    site.app["DomainName"] = "unknown.example"
    await site.apply(behavior(), API)
    for path in ("/a", "/api/a"):
        found = await site.get(path)
        assert (found.status, found.cache) == (502, "Error")


@served
async def test_a_silent_origin_is_a_504(site: Site):
    site.origin.gate = asyncio.Event()
    site.app["CustomOriginConfig"]["OriginReadTimeout"] = 0.1
    await site.apply(behavior(), API)
    assert [(await site.get(path)).status for path in ("/a", "/api/a")] == [504, 504]
    site.origin.gate.set()


@served
async def test_s3_is_asked_for_the_distribution_below_the_origin_path(site: Site):
    site.origin.pages["/_localcloud/s3-origin/bucket/site/a b.js"] = text("object")
    await site.apply(behavior(TargetOriginId="s3"))
    assert (await site.get("/a%20b.js")).text == "object"
    seen = site.origin.seen[0]
    assert seen.raw_path == "/_localcloud/s3-origin/bucket/site/a%20b.js"
    assert seen.headers["X-Localcloud-Token"] == "token"
    assert seen.headers["X-Localcloud-Distribution"].endswith(":distribution/E1")


@served
async def test_s3_is_asked_without_a_signature_when_there_is_no_access_control(site: Site):
    site.access_controls["oac"] = {"SigningBehavior": "never"}
    await site.apply(behavior(TargetOriginId="s3"))
    await site.get("/a")
    assert site.origin.seen[0].headers["X-Localcloud-Distribution"] == ""


@served
async def test_s3_refuses_the_viewer_s_host(site: Site):
    site.policies["host"] = cache_policy(HeadersConfig={"HeaderBehavior": "whitelist", "Headers": {"Items": ["Host"]}})
    await site.apply(behavior("host", TargetOriginId="s3"))
    found = await site.get("/a")
    assert (found.status, b"SignatureDoesNotMatch" in found.body) == (403, True)


@served
async def test_origin_settings_add_headers(site: Site):
    site.app["CustomHeaders"] = {"Items": [{"HeaderName": "X-Secret", "HeaderValue": "s"}]}
    site.policies["more"] = cache_policy(
        HeadersConfig={"HeaderBehavior": "whitelist", "Headers": {"Items": ["CloudFront-Forwarded-Proto"]}}
    )
    await site.apply(behavior("more"))
    await site.get("/a", X_Secret="forged", User_Agent="curl")
    headers = site.origin.seen[0].headers
    assert (headers["X-Secret"], headers["User-Agent"]) == ("s", "Amazon CloudFront")
    assert headers["CloudFront-Forwarded-Proto"] == "https"


@served
async def test_cors_depends_on_the_request(site: Site):
    names = {"AccessControlAllowHeaders": {"Items": ["*"]}, "AccessControlAllowMethods": {"Items": ["GET"]}}
    config = names | {"AccessControlAllowOrigins": {"Items": ["https://a.example"]}, "OriginOverride": True}
    site.response_policies["cors"] = {"CorsConfig": config}
    site.origin.pages["/a"] = text("a")
    await site.apply(behavior(ResponseHeadersPolicyId="cors"))
    origins = ("https://a.example", "https://b.example", "https://a.example")
    found = [(await site.get("/a", Origin=name)).headers.get("access-control-allow-origin") for name in origins]
    assert found == ["https://a.example", None, "https://a.example"]
    assert "access-control-allow-origin" not in (await site.get("/a")).headers


@served
async def test_the_firewall_comes_first(site: Site):
    block = {"Name": "r", "Priority": 0, "Action": {"Block": {}}}
    block["Statement"] = {"IPSetReferenceStatement": {"ARN": "set"}}
    site.web_acl = {"Rules": [block], "DefaultAction": {"Allow": {}}, "IPSets": {"set": [f"{HOST}/32"]}}
    site.origin.pages["/a"] = text("a")
    await site.apply()
    found = await site.get("/a")
    assert (found.status, found.cache, site.origin.seen) == (403, "Error", [])
    assert "Request blocked" in found.text
    site.web_acl["IPSets"]["set"] = []
    await site.apply()
    assert (await site.get("/a")).status == 200


@served
async def test_countries_can_be_kept_out(site: Site):
    site.origin.pages["/a"] = text("a")
    geo = {"RestrictionType": "blacklist", "Quantity": 1, "Items": ["DE"]}
    await site.apply(Restrictions={"GeoRestriction": geo})
    seen = [(await site.get("/a", CloudFront_Viewer_Country=code)).status for code in ("DE", "FR")]
    assert seen == [403, 200]


@served
async def test_a_disabled_distribution_serves_nothing(site: Site):
    await site.apply(Enabled=False)
    assert (await site.get("/")).status == 403


@served
async def test_forwarded_values_work_as_before_cache_policies(site: Site):
    site.origin.pages["/a"] = lambda request: web.Response(text=request.query_string)
    old = {
        "TargetOriginId": "app",
        "ViewerProtocolPolicy": "allow-all",
        "MinTTL": 0,
        "DefaultTTL": 60,
        "MaxTTL": 60,
        "ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "none"}},
    }
    await site.apply(old)
    assert [(await site.get(f"/a?{query}")).text for query in ("x=1", "x=2", "x=1")] == ["x=1", "x=2", "x=1"]
    assert len(site.origin.seen) == 2


@served
async def test_a_malformed_request_is_a_400(site: Site):
    await site.apply()
    reader, writer = await asyncio.open_connection(HOST, site.port)
    writer.write(b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
    assert b"400 Bad Request" in await reader.readuntil(b"\r\n")
    writer.close()


@served
async def test_an_access_log_has_a_record_for_each_answer(site: Site):
    site.origin.pages |= {"/a": text("0123"), "/api/x": text("api")}
    site.logging = True
    await site.apply(behavior(), API)
    await site.get("/a?q=1", User_Agent="test", Referer="https://r.example/")
    await site.get("/a")
    await site.get("/a", "DELETE")
    await site.get("/api/x")
    site.edge.report()
    message = site.lines[-1]
    names = ("cs-method", "cs-uri-stem", "cs-uri-query", "sc-status", "x-edge-result-type")
    assert (message["type"], message["distribution"]) == ("access", "E1")
    assert [tuple(record[name] for name in names) for record in message["records"]] == [
        ("GET", "/a", "q=1", 200, "Miss"),
        ("GET", "/a", "", 200, "Hit"),
        ("DELETE", "/a", "", 403, "Error"),
        ("GET", "/api/x", "", 200, "Miss"),
    ]
    first = message["records"][0]
    assert (first["cs(User-Agent)"], first["cs(Referer)"], first["c-ip"]) == ("test", "https://r.example/", HOST)
    site.edge.report()
    assert site.lines[-1] is message
