# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment is watched by: alarms, policies, queries, and the dashboard."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter.observability_document import FilterModule as Documents
from ansible_collections.slipway.ops.plugins.filter.observability_problems import FilterModule as Problems

from tests.unit.plugins.module_utils.observability_example import GROUPS, example

document = Documents().filters()["observability_document"]
problems = Problems().filters()["observability_problems"]
TOPIC = "arn:aws:sns:us-east-1:111111111111:slipway-test-alarms"
BARE = {
    "load_balancer_arn": "",
    "distribution_id": "",
    "firewall_name": "",
    "flow_log_group": "",
    "firewall_log_groups": [],
    "services": [],
}


def told(protocol, endpoint):
    return {"subscriptions": [{"protocol": protocol, "endpoint": endpoint}]}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        told("email", "oncall@example.com"),
        told("sms", "+4915112345678"),
        told("lambda", "arn:aws:lambda:us-east-1:111111111111:function:page"),
    ],
    ids=["nobody", "mail", "sms", "function"],
)
def test_what_can_be_made(changed):
    assert problems(example(**changed)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "a b"}, "observability_name a b: 1 to 200 letters"),
        (told("pigeon", "x"), "protocol pigeon is none of email,"),
        (told("https", "http://example.com"), "http://example.com is no endpoint of protocol https"),
        ({"alarm_site_5xx_percent": 101}, "observability_alarm_site_5xx_percent 101: a whole number from 0 to 100"),
        ({"alarm_load_balancer_5xx": -1}, "observability_alarm_load_balancer_5xx -1"),
    ],
    ids=["name", "protocol", "endpoint", "percent", "count"],
)
def test_what_is_wrong(changed, said):
    assert said in "; ".join(problems(example(**changed)))


def test_only_alarms_of_the_account_may_publish_and_use_the_key():
    topic, key = document(example(), "topic_policy"), document(example(), "key_policy")
    allowed, denied = topic["Statement"]
    assert (allowed["Principal"], allowed["Resource"]) == ({"Service": "cloudwatch.amazonaws.com"}, TOPIC)
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:*"},
    }
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert key["Statement"][1]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert key["Statement"][1]["Condition"] == allowed["Condition"]
    assert document(example(), "topic_arn") == TOPIC


def test_alarms_of_what_is_there():
    balancer, site = document(example(), "alarms")
    assert (balancer["alarm_name"], site["alarm_name"]) == ("slipway-test-load-balancer-5xx", "slipway-test-site-5xx")
    assert balancer["dimensions"] == [{"name": "LoadBalancer", "value": "app/slipway-test/0a1b"}]
    assert balancer["alarm_actions"] == balancer["ok_actions"] == [TOPIC]
    assert document(example(**BARE), "alarms") == []
    # An alarm tells a topic of its own region only, and CloudFront's metrics are in us-east-1.
    assert [each["alarm_name"] for each in document(example(region="eu-west-1"), "alarms")] == [balancer["alarm_name"]]
    assert [each["alarm_name"] for each in document(example(), "alarm_names")] == [
        balancer["alarm_name"],
        site["alarm_name"],
    ]


def test_queries_of_services_network_and_firewall():
    found = {each["name"]: each["log_groups"] for each in document(example(), "queries")}
    assert found["api/errors"] == ["/ecs/slipway-test/api"]
    assert found["firewall/blocked"] == ["aws-waf-logs-slipway-test-site"]
    assert {name.split("/")[0] for name in found} == {"api", "mail", "network", "firewall"}
    assert document(example(**BARE), "queries") == []


def widgets(groups=GROUPS, **changed):
    return document(example(**changed), "dashboard", groups)["widgets"]


def titles(found):
    return [each["properties"].get("title") or each["properties"]["markdown"].splitlines()[0] for each in found]


def test_both_colors_of_engine_native_are_one_ecs_service():
    services = [{**each, "engine": "native"} for each in example()["services"] if each["name"] == "api"]
    found = dict(zip(titles(widgets(services=services)), widgets(services=services), strict=True))
    lines = found["api: tasks"]["properties"]["metrics"]
    assert {line[line.index("ServiceName") + 1] for line in lines} == {"api"}


def test_the_dashboard_has_the_golden_signals_by_color():
    found = widgets(gpu_name="slipway-test-llm")
    shown = dict(zip(titles(found), found, strict=True))
    assert [title for title in shown if title.startswith("api: ")][:4] == [
        "api: traffic, requests a minute",
        "api: errors, % of requests",
        "api: latency, seconds, p50 and p95",
        "api: saturation, % of CPU and memory",
    ]
    labels = [line[-1]["label"] for line in shown["api: latency, seconds, p50 and p95"]["properties"]["metrics"]]
    assert labels == ["p95 blue", "p95 green", "p50 blue", "p50 green"]
    traffic = shown["api: traffic, requests a minute"]["properties"]["metrics"][0]
    assert traffic[:6] == [
        "AWS/ApplicationELB",
        "RequestCount",
        "TargetGroup",
        "targetgroup/api-blue/blue1",
        "LoadBalancer",
        "app/slipway-test/0a1b",
    ]
    assert {"api-tally: tasks", "mail: tasks", "Firewall, requests a minute", "Tokens a minute"} <= set(shown)
    assert [name.rpartition(":")[2] for name in shown["Alarms"]["properties"]["alarms"]] == [
        "slipway-test-load-balancer-5xx",
        "slipway-test-site-5xx",
        "slipway-test-api-5xx",
        "slipway-test-api-unhealthy",
        "slipway-test-llm-uptime",
    ]


def test_expressions_name_metrics_that_are_there():
    """CloudWatch refuses a graph whose expression names an id that no line of it has."""
    [graph] = [each for each in widgets() if "errors, % of requests" in each["properties"].get("title", "")]
    lines = graph["properties"]["metrics"]
    ids = {line[-1]["id"] for line in lines if "id" in line[-1]}
    assert {"e_blue", "r_blue", "e_green", "r_green"} <= ids
    assert [line[0]["label"] for line in lines if "expression" in line[0]] == ["blue", "green"]


def test_what_is_not_there_is_not_shown():
    assert titles(widgets({}, **BARE)) == ["# slipway-test", "Alarms"]
    assert "api-blue, api-green: tasks" in titles(widgets({}))
    assert "Firewall, requests a minute" not in titles(widgets(firewall_name=""))


def test_no_two_widgets_overlap_and_all_are_within_the_grid():
    taken = set()
    for each in widgets(gpu_name="slipway-test-llm"):
        assert each["x"] + each["width"] <= 24
        cells = {
            (each["x"] + column, each["y"] + row) for column in range(each["width"]) for row in range(each["height"])
        }
        assert not taken & cells
        taken |= cells


def test_no_other_document():
    for kind, groups in (("x", {}), ("dashboard", None)):
        with pytest.raises(AnsibleFilterError, match="no document"):
            document(example(), kind, groups)
