# SPDX-License-Identifier: GPL-3.0-or-later
"""What a response headers policy does."""

from __future__ import annotations

import pytest

from localcloud.edge.response_headers import apply, varies_by_origin

ORIGINS = {"AccessControlAllowHeaders": {"Items": ["*"]}, "AccessControlAllowMethods": {"Items": ["GET", "HEAD"]}}


def security(**members):
    return {"SecurityHeadersConfig": members}


@pytest.mark.parametrize(
    ("policy", "name", "value"),
    [
        (
            security(StrictTransportSecurity={"AccessControlMaxAgeSec": 9, "IncludeSubdomains": True, "Preload": True}),
            "strict-transport-security",
            "max-age=9; includeSubDomains; preload",
        ),
        (security(ContentTypeOptions={"Override": True}), "x-content-type-options", "nosniff"),
        (security(FrameOptions={"FrameOption": "DENY"}), "x-frame-options", "DENY"),
        (security(ReferrerPolicy={"ReferrerPolicy": "same-origin"}), "referrer-policy", "same-origin"),
        (
            security(ContentSecurityPolicy={"ContentSecurityPolicy": "default-src 'self'"}),
            "content-security-policy",
            "default-src 'self'",
        ),
        (security(XSSProtection={"Protection": False}), "x-xss-protection", "0"),
        (security(XSSProtection={"Protection": True, "ModeBlock": True}), "x-xss-protection", "1; mode=block"),
        (security(XSSProtection={"Protection": True, "ReportUri": "/r"}), "x-xss-protection", "1; report=/r"),
        ({"CustomHeadersConfig": {"Items": [{"Header": "X-A", "Value": "1"}]}}, "x-a", "1"),
    ],
)
def test_a_header_is_set(policy, name, value):
    assert apply(policy, {})[name] == value


def test_override_decides_who_wins():
    mine = {"x-frame-options": "SAMEORIGIN"}
    for override, value in ((True, "DENY"), (False, "SAMEORIGIN")):
        policy = security(FrameOptions={"FrameOption": "DENY", "Override": override})
        assert apply(policy, mine)["x-frame-options"] == value


def test_headers_are_removed_before_others_are_set():
    policy = {
        "RemoveHeadersConfig": {"Items": [{"Header": "Server"}, {"Header": "X-A"}]},
        "CustomHeadersConfig": {"Items": [{"Header": "x-a", "Value": "new", "Override": False}]},
    }
    assert apply(policy, {"server": "AmazonS3", "x-a": "old"}) == {"x-a": "new"}


@pytest.mark.parametrize(
    ("allowed", "origin", "answer"),
    [
        (["*"], "https://a.example", "*"),
        (["https://a.example"], "https://a.example", "https://a.example"),
        (["a.example"], "http://a.example", "http://a.example"),
        (["*.example"], "https://b.example", "https://b.example"),
        (["https://*.example"], "https://b.example", "https://b.example"),
        (["https://*.example"], "http://b.example", None),
        (["a.example"], "https://b.example", None),
        (["*"], "", None),
    ],
)
def test_cors_is_for_the_allowed_origins(allowed, origin, answer):
    policy = {"CorsConfig": {**ORIGINS, "AccessControlAllowOrigins": {"Items": allowed}, "OriginOverride": True}}
    assert varies_by_origin(policy)
    assert apply(policy, {}, origin).get("access-control-allow-origin") == answer


def test_cors_of_the_server_stays_without_override():
    config = {**ORIGINS, "AccessControlAllowOrigins": {"Items": ["*"]}, "OriginOverride": False}
    mine = {"access-control-allow-origin": "https://x.example"}
    assert apply({"CorsConfig": config}, mine, "https://a.example") == mine


def test_cors_in_full():
    config = {
        **ORIGINS,
        "AccessControlAllowOrigins": {"Items": ["https://a.example"]},
        "AccessControlAllowCredentials": True,
        "AccessControlExposeHeaders": {"Items": ["X-A", "X-B"]},
        "AccessControlMaxAgeSec": 60,
        "OriginOverride": True,
    }
    found = apply({"CorsConfig": config}, {"vary": "Accept-Encoding"}, "https://a.example")
    assert found["access-control-allow-credentials"] == "true"
    assert found["access-control-expose-headers"] == "X-A, X-B"
    assert (found["access-control-max-age"], found["vary"]) == ("60", "Accept-Encoding, Origin")


def test_no_policy_changes_nothing():
    assert apply(None, {"a": "1"}) == {"a": "1"}
    assert not varies_by_origin(None)
