# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache over real HTTP: hits, revalidation, invalidation, errors, collapsing."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.unit.localcloud.edge.harness import Site, behavior, cache_policy, served

PAGE = ("v1", {"ETag": '"1"', "Content-Type": "text/html; charset=utf-8"})


def page(text, etag=None, **headers):
    fixed = {"ETag": f'"{etag or text}"', "Content-Type": "text/html; charset=utf-8"}
    return text, fixed | {name.replace("_", "-"): value for name, value in headers.items()}


@served
async def test_an_object_is_served_from_the_cache_until_it_is_invalidated(site: Site):
    site.origin.pages["/a"] = page("v1")
    await site.apply()
    first, second = await site.get("/a"), await site.get("/a")
    assert (first.cache, second.cache, second.text) == ("Miss", "Hit", "v1")
    assert (first.headers.get("age"), second.headers["age"]) == (None, "0")
    assert second.headers["via"] == "1.1 d.cloudfront.net (CloudFront)"
    site.origin.pages["/a"] = page("v2")
    assert (await site.get("/a")).text == "v1"
    assert site.invalidate("/A", "/a/", "/%61") == 0
    assert (await site.get("/a")).text == "v1"
    assert site.invalidate("/a") == 1
    assert (await site.get("/a")).text == "v2"


@served
async def test_a_document_with_no_cache_is_asked_for_each_time(site: Site):
    site.origin.pages["/"] = page("v1", Cache_Control="no-cache")
    await site.apply()
    seen = [(await site.get("/")).cache for _ in range(3)]
    assert seen == ["Miss", "RefreshHit", "RefreshHit"]
    assert [request.headers.get("If-None-Match") for request in site.origin.seen] == [None, '"v1"', '"v1"']
    site.origin.pages["/"] = page("v2", Cache_Control="no-cache")
    changed = await site.get("/")
    assert (changed.cache, changed.text) == ("Miss", "v2")


@served
async def test_with_a_minimum_ttl_even_no_cache_is_kept(site: Site):
    site.policies["docs"] = cache_policy(least=3600)
    site.origin.pages["/"] = page("v1", Cache_Control="no-cache, no-store")
    await site.apply()
    assert [(await site.get("/")).cache for _ in range(2)] == ["Miss", "Hit"]


@served
async def test_no_store_is_never_kept(site: Site):
    site.origin.pages["/config.json"] = page("{}", Cache_Control="no-store")
    await site.apply()
    assert [(await site.get("/config.json")).cache for _ in range(2)] == ["Miss", "Miss"]
    assert site.origin.seen[1].headers.get("If-None-Match") is None


@served
async def test_revalidation_by_date_when_there_is_no_etag(site: Site):
    date = "Tue, 24 Nov 2026 12:00:00 GMT"
    site.origin.pages["/a"] = ("x", {"Last-Modified": date, "Cache-Control": "max-age=0"})
    await site.apply()
    await site.get("/a")
    await site.get("/a")
    assert site.origin.seen[1].headers["If-Modified-Since"] == date


@served
async def test_variants_are_kept_apart_and_invalidated_together(site: Site):
    site.origin.pages["/a"] = page("x" * 2000)
    await site.apply(behavior(Compress=True))
    plain, br = await site.get("/a"), await site.get("/a", Accept_Encoding="gzip, br")
    assert (plain.headers.get("content-encoding"), br.headers["content-encoding"]) == (None, "br")
    assert (await site.get("/a", Accept_Encoding="br, gzip")).cache == "Hit"
    assert site.invalidate("/*") == 2


@served
async def test_a_compressed_object_is_revalidated_by_the_origin_s_etag(site: Site):
    site.origin.pages["/a"] = page("x" * 2000, etag="e", Cache_Control="no-cache")
    await site.apply(behavior(Compress=True))
    first = await site.get("/a", Accept_Encoding="br")
    second = await site.get("/a", Accept_Encoding="br")
    assert (first.headers["etag"], second.cache, second.body) == ('W/"e"', "RefreshHit", first.body)
    assert (await site.get("/a", Accept_Encoding="br", If_None_Match='W/"e"')).status == 304


@served
async def test_the_origin_s_own_encoding_passes(site: Site):
    site.origin.pages["/a.js"] = ("packed" * 500, {"Content-Encoding": "br", "Content-Type": "text/javascript"})
    await site.apply(behavior(Compress=True))
    found = await site.get("/a.js", Accept_Encoding="br")
    assert (found.headers["content-encoding"], found.text) == ("br", "packed" * 500)


@served
async def test_conditional_requests_of_viewers(site: Site):
    date = "Tue, 24 Nov 2026 12:00:00 GMT"
    site.origin.pages["/a"] = page("v1", Last_Modified=date)
    await site.apply()
    await site.get("/a")
    found = await site.get("/a", If_None_Match='"0", "v1"')
    assert (found.status, found.cache, found.body, found.headers["etag"]) == (304, "Hit", b"", '"v1"')
    assert (await site.get("/a", If_None_Match='"0"')).status == 200
    assert (await site.get("/a", If_None_Match="*")).status == 304
    assert (await site.get("/a", If_Modified_Since=date)).status == 304


@served
async def test_ranges_are_cut_from_the_object(site: Site):
    site.origin.pages["/a"] = page("0123456789")
    await site.apply()
    wanted = {"bytes=2-4": "234", "bytes=7-": "789", "bytes=-2": "89", "bytes=8-99": "89"}
    for header, text in wanted.items():
        found = await site.get("/a", Range=header)
        assert (found.status, found.text) == (206, text)
    assert found.headers["content-range"] == "bytes 8-9/10"
    for header in ("bytes=0-1,4-5", "items=0-1", "bytes=-", "bytes=5-2"):
        assert (await site.get("/a", Range=header)).status == 200
    assert (await site.get("/a", Range="bytes=10-")).status == 416
    assert (await site.get("/a", Range="bytes=0-1", If_Range='"other"')).status == 200
    assert (await site.get("/a", Range="bytes=0-1", If_Range='"0123456789"')).status == 206


@served
async def test_head_has_the_headers_alone(site: Site):
    site.origin.pages["/a"] = page("v1")
    await site.apply()
    found = await site.get("/a", "HEAD")
    assert (found.status, found.body, found.headers["content-length"]) == (200, b"", "2")
    assert (await site.get("/a")).cache == "Hit"


@served
async def test_many_viewers_make_one_request(site: Site):
    site.origin.pages["/a"] = page("v1")
    site.origin.gate = asyncio.Event()
    await site.apply()
    tasks = [asyncio.create_task(site.get("/a")) for _ in range(10)]
    await site.origin.until(1)
    site.origin.gate.set()
    assert [found.text for found in await asyncio.gather(*tasks)] == ["v1"] * 10
    assert len(site.origin.seen) == 1


@served
async def test_what_cannot_be_kept_is_asked_for_by_each(site: Site):
    site.origin.pages["/a"] = page("v1", Cache_Control="no-store")
    site.origin.gate = asyncio.Event()
    await site.apply()
    tasks = [asyncio.create_task(site.get("/a")) for _ in range(4)]
    await site.origin.until(1)
    site.origin.gate.set()
    assert {found.cache for found in await asyncio.gather(*tasks)} == {"Miss"}
    assert len(site.origin.seen) == 4


@served
async def test_an_object_on_its_way_during_an_invalidation_is_not_kept(site: Site):
    site.origin.pages["/a"] = page("v1")
    site.origin.gate = asyncio.Event()
    await site.apply()
    task = asyncio.create_task(site.get("/a"))
    await site.origin.until(1)
    site.invalidate("/a")
    site.origin.gate.set()
    await task
    site.origin.pages["/a"] = page("v2")
    assert (await site.get("/a")).text == "v2"


@served
async def test_who_comes_after_an_invalidation_does_not_get_what_was_on_its_way_before(site: Site):
    site.origin.pages["/a"] = page("v1")
    site.origin.gate = asyncio.Event()
    await site.apply()
    before = asyncio.create_task(site.get("/a"))
    await site.origin.until(1)
    site.invalidate("/a")
    after = asyncio.create_task(site.get("/a"))
    await site.origin.until(2)
    site.origin.gate.set()
    await asyncio.gather(before, after)


@served
async def test_an_object_is_kept_even_if_its_first_viewer_leaves(site: Site):
    site.origin.pages["/a"] = page("v1")
    site.origin.gate = asyncio.Event()
    await site.apply()
    task = asyncio.create_task(site.get("/a"))
    await site.origin.until(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    site.origin.gate.set()
    assert (await site.get("/a")).text == "v1"
    assert len(site.origin.seen) == 1


@served
async def test_errors_are_kept_for_their_time(site: Site):
    await site.apply()
    first, second = await site.get("/missing"), await site.get("/missing")
    assert [found.status for found in (first, second)] == [404, 404]
    assert [found.cache for found in (first, second)] == ["Error", "Error"]
    assert len(site.origin.seen) == 1
    site.origin.pages["/missing"] = page("here now")
    assert (await site.get("/missing")).status == 404
    site.invalidate("/missing")
    assert (await site.get("/missing")).text == "here now"


@served
async def test_a_custom_error_page_takes_the_error_s_place(site: Site):
    site.origin.pages["/404.html"] = page("sorry")
    pages = [{"ErrorCode": 404, "ResponsePagePath": "/404.html", "ResponseCode": "200", "ErrorCachingMinTTL": 60}]
    await site.apply(CustomErrorResponses={"Items": pages})
    found = await site.get("/missing")
    assert (found.status, found.text, found.cache) == (200, "sorry", "Error")
    assert site.origin.paths == ["/missing", "/404.html"]
    assert (await site.get("/missing")).text == "sorry"
    assert len(site.origin.seen) == 2


@served
async def test_the_error_itself_when_its_page_is_missing_too(site: Site):
    pages = [{"ErrorCode": 404, "ResponsePagePath": "/404.html", "ResponseCode": "404"}]
    await site.apply(CustomErrorResponses={"Items": pages})
    assert (await site.get("/missing")).text == "not here"


@served
async def test_an_old_object_is_served_while_the_origin_fails(site: Site):
    site.origin.pages["/a"] = page("v1", Cache_Control="max-age=0")
    site.origin.pages["/b"] = page("v1", Cache_Control="max-age=0, stale-if-error=0")
    await site.apply()
    for path in ("/a", "/b"):
        await site.get(path)
        site.origin.pages[path] = lambda _: web.Response(status=503)
    assert (await site.get("/a")).text == "v1"
    assert (await site.get("/b")).status == 503


@served
async def test_an_old_object_is_served_while_it_is_asked_for(site: Site):
    site.origin.pages["/a"] = page("v1", Cache_Control="max-age=0, stale-while-revalidate=60")
    await site.apply()
    await site.get("/a")
    site.origin.pages["/a"] = page("v2")
    assert (await site.get("/a")).text == "v1"
    await site.origin.until(2)
    for _ in range(1000):
        if (await site.get("/a")).text == "v2":
            return
    raise AssertionError("the new object never came")


@served
async def test_query_strings_count_if_the_policy_says_so(site: Site):
    site.origin.pages["/a"] = lambda request: web.Response(text=request.query_string)
    site.policies["queries"] = cache_policy(QueryStringsConfig={"QueryStringBehavior": "all"})
    await site.apply(behavior("docs"), behavior("queries", PathPattern="/a"))
    assert [(await site.get(f"/a?x={number}")).text for number in (1, 2)] == ["x=1", "x=2"]
    assert (await site.get("/b?x=1")).status == 404
    assert site.origin.paths[-1] == "/b"
    assert site.invalidate("/a") == 0
    assert site.invalidate("/a?x=1") == 1


@served
async def test_cache_tags_are_taken_from_the_header_that_the_distribution_names(site: Site):
    site.origin.pages["/a"] = page("v1", Cache_Tag="Entry, other")
    await site.apply(CacheTagConfig={"HeaderName": "Cache-Tag"})
    await site.get("/a")
    assert site.invalidate("#entry") == 1


@served
async def test_what_is_cached_stays_when_the_configuration_changes(site: Site):
    site.origin.pages["/a"] = page("v1")
    site.response_policies["h"] = {"CustomHeadersConfig": {"Items": [{"Header": "X-A", "Value": "1"}]}}
    await site.apply()
    assert "x-a" not in (await site.get("/a")).headers
    await site.apply(behavior(ResponseHeadersPolicyId="h"))
    found = await site.get("/a")
    assert (found.cache, found.headers["x-a"]) == ("Hit", "1")
