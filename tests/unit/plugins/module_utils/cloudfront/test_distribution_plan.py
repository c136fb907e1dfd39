# SPDX-License-Identifier: GPL-3.0-or-later
"""States of a distribution and the steps out of them: what is not declared stays."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.config_plan import wire
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.distribution_plan import (
    Distribution,
    Snapshot,
    Wanted,
    merged_config,
    plan_absent,
    plan_present,
)
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.log_delivery_plan import Delivery, WantedDelivery

ARN = "arn:aws:cloudfront::1:distribution/E1"
BUCKET = "arn:aws:s3:::logs"
DELIVERED = Delivery(source=(ARN,), destination=BUCKET, id="d1")
LOGS = WantedDelivery("x", BUCKET)


def behavior(path, origin="site", **more):
    return {"PathPattern": path, "TargetOriginId": origin, "CachePolicyId": "p", **more}


DECLARED = {
    "Enabled": True,
    "Comment": "x",
    "Origins": [{"Id": "site", "DomainName": "site.s3"}],
    "DefaultCacheBehavior": {"TargetOriginId": "site", "CachePolicyId": "p"},
    "CacheBehaviors": [behavior("/assets/*"), behavior("/config.json")],
    "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
}
LIVE = {
    **wire(DECLARED),
    "CallerReference": "r",
    "PriceClass": "PriceClass_All",
    "ViewerCertificate": {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"},
}


def wanted(config=None, tags=None, logs=LOGS, owned=("site", "api")):
    return Wanted("x", wire(config or DECLARED), frozenset(owned), {"team": "a"} if tags is None else tags, logs)


def live(config=None, tags=None):
    return Distribution(
        "E1", ARN, "d.cloudfront.net", "Deployed", "e", config or LIVE, {"team": "a"} if tags is None else tags
    )


def planned(config=None, declared=None):
    """Steps from a live configuration to a declared one."""
    return plan_present(Snapshot((live(config),), DELIVERED), wanted(declared))


def behaviors(config):
    return [item["PathPattern"] for item in config["CacheBehaviors"].get("Items", [])]


@pytest.mark.parametrize(
    ("snapshot", "target", "steps"),
    [
        (Snapshot(()), wanted(), ["create", "put_log_source", "put_log_destination", "start_logs"]),
        (Snapshot(()), wanted(logs=None), ["create"]),
        (Snapshot((live(),), DELIVERED), wanted(), []),
        (Snapshot((live(),)), wanted(logs=None), []),
        (Snapshot((live(),), DELIVERED), wanted({**DECLARED, "Enabled": False}), ["update"]),
        (Snapshot((live(tags={}),), DELIVERED), wanted(), ["tag"]),
        (Snapshot((live(tags={"team": "a", "old": "1", "aws:x": "1"}),), DELIVERED), wanted(), ["untag"]),
        (
            Snapshot((live(),), DELIVERED),
            wanted(logs=None),
            ["stop_logs", "remove_log_source", "remove_log_destination"],
        ),
    ],
)
def test_steps_to_a_distribution(snapshot, target, steps):
    plan = plan_present(snapshot, target)
    assert [step.action for step in plan.steps] == steps
    assert bool(steps) is (plan.before != plan.after)


def test_what_is_not_declared_stays():
    foreign = {"Id": "blog", "DomainName": "blog.example.com"}
    config = {
        **LIVE,
        "Origins": {"Quantity": 2, "Items": [foreign, *LIVE["Origins"]["Items"]]},
        "CacheBehaviors": wire(
            [behavior("/assets/private/*", "blog"), *DECLARED["CacheBehaviors"], behavior("/blog/*", "blog")]
        ),
        "WebACLId": "acl",
    }
    assert planned(config).steps == ()
    merged = merged_config(config, wanted({**DECLARED, "Comment": "y"}))
    assert merged["WebACLId"] == "acl"
    assert merged["PriceClass"] == "PriceClass_All"
    assert [origin["Id"] for origin in merged["Origins"]["Items"]] == ["blog", "site"]
    assert behaviors(merged) == ["/assets/private/*", "/assets/*", "/config.json", "/blog/*"]


def test_what_is_ours_and_not_declared_any_more_goes():
    config = {
        **LIVE,
        "Origins": wire([*DECLARED["Origins"], {"Id": "api", "DomainName": "alb"}]),
        "CacheBehaviors": wire([*DECLARED["CacheBehaviors"], behavior("/api/*", "api"), behavior("/old", "site")]),
    }
    plan = planned(config)
    after = plan.steps[0].arguments["config"]
    assert [origin["Id"] for origin in after["Origins"]["Items"]] == ["site"]
    assert behaviors(after) == ["/assets/*", "/config.json"]
    assert set(plan.after["config"]) == {"Origins", "CacheBehaviors"}


@pytest.mark.parametrize(
    ("there", "after"),
    [
        ([], ["/assets/*", "/config.json", "/api/*"]),
        (["/blog/*"], ["/assets/*", "/config.json", "/api/*", "/blog/*"]),
        (["/a", "/config.json", "/b"], ["/a", "/assets/*", "/config.json", "/api/*", "/b"]),
        (["/config.json", "/b", "/assets/*", "/c"], ["/assets/*", "/b", "/config.json", "/api/*", "/c"]),
    ],
)
def test_our_behaviors_stand_in_the_declared_order(there, after):
    declared = {**DECLARED, "CacheBehaviors": [*DECLARED["CacheBehaviors"], behavior("/api/*", "api")]}
    config = {**LIVE, "CacheBehaviors": wire([behavior(path, "blog") for path in there])}
    assert behaviors(merged_config(config, wanted(declared))) == after


def test_the_last_behavior_can_go():
    merged = merged_config(LIVE, wanted({**DECLARED, "CacheBehaviors": []}))
    assert merged["CacheBehaviors"] == {"Quantity": 0}


def test_a_cache_policy_takes_the_place_of_what_was_before_there_were_any():
    old = {"TargetOriginId": "site", "ForwardedValues": {"QueryString": True}, "MinTTL": 0, "Compress": True}
    after = merged_config({**LIVE, "DefaultCacheBehavior": old}, wanted())["DefaultCacheBehavior"]
    assert after == {"TargetOriginId": "site", "CachePolicyId": "p", "Compress": True}
    kept = {**behavior("/old", "blog"), "CachePolicyId": "", "MinTTL": 5}
    config = {**LIVE, "CacheBehaviors": wire([*DECLARED["CacheBehaviors"], kept])}
    assert merged_config(config, wanted())["CacheBehaviors"]["Items"][-1]["MinTTL"] == 5


OURS = {"ACMCertificateArn": "arn", "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2025"}
AMAZONS = {"CloudFrontDefaultCertificate": True}


@pytest.mark.parametrize(
    ("there", "declared", "kept"),
    [
        ({**AMAZONS, "SSLSupportMethod": "vip"}, OURS, False),
        ({**OURS, "CertificateSource": "acm"}, AMAZONS, False),
        ({**OURS, "CertificateSource": "acm"}, {**OURS, "MinimumProtocolVersion": "TLSv1.3_2025"}, False),
        ({**OURS, "CertificateSource": "acm"}, OURS, True),
    ],
)
def test_a_certificate_is_changed_wholly_or_not_at_all(there, declared, kept):
    merged = merged_config({**LIVE, "ViewerCertificate": there}, wanted({**DECLARED, "ViewerCertificate": declared}))
    assert merged["ViewerCertificate"] == (there if kept else declared)


def test_a_member_declared_none_is_taken_away():
    without = {**DECLARED, "CacheTagConfig": None}
    assert "CacheTagConfig" not in merged_config({**LIVE, "CacheTagConfig": {"HeaderName": "x"}}, wanted(without))
    assert planned(None, without).steps == ()


@pytest.mark.parametrize(
    ("snapshot", "steps"),
    [
        (Snapshot(()), []),
        (Snapshot((), DELIVERED), ["stop_logs", "remove_log_source", "remove_log_destination"]),
        (Snapshot((live(),)), ["disable", "delete"]),
        (Snapshot((live({**LIVE, "Enabled": False}),)), ["delete"]),
    ],
)
def test_steps_to_none(snapshot, steps):
    plan = plan_absent(snapshot, "x")
    assert [step.action for step in plan.steps] == steps
    assert [step.arguments["config"]["Enabled"] for step in plan.steps if step.action == "disable"] in ([], [False])


@pytest.mark.parametrize("plan", [plan_absent, lambda snapshot, _name: plan_present(snapshot, wanted())])
def test_of_two_by_one_name_neither_is_touched(plan):
    blocked = plan(Snapshot((live(), live())), "x")
    assert blocked.steps == ()
    assert "2 distributions have the comment x: E1, E1" in blocked.blocked
