# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input, each with its one line."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slipway.ops.plugins.module_utils.service_problems_plan import (
    FARGATE_MEMORY,
    RANGES,
    number,
    provider_url,
    service_problems,
)

from tests.unit.plugins.module_utils.service_example import PARAMETER, SECRET, example

LEAKED = "sk-live-0123456789"


def provider(**changed):
    return [{"name": "acme", "base_url": "https://acme.example", "secret_arn": PARAMETER} | changed]


OWN = {"name": "llm", "kind": "self_hosted", "base_url": "http://llm.slipway-local.internal/v1"}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        # As Ansible hands over what came from a template.
        {"port": "8080", "cpu": "1024", "memory": "8192"},
        {"secrets": {"DB_URL": f"{SECRET}:url::", "X": PARAMETER}},
        {"llm_providers": provider(base_url="https://acme.example:8443/v1")},
        {"llm_providers": [*provider(), {**OWN, "fallback": "acme"}]},
        {"s3_buckets": [{"name": "a.b-c"}, {"name": "other", "access": "read_write"}]},
        {"egress": [{"cidr": "192.168.240.0/21", "port": 27017}]},
        {"hosts": ["api.example.com"], "paths": []},
        {"paths": ["/api/*", "*.json"]},
        {"writable_paths": ["/tmp"], "user": "1000"},
        {"probe_url": "https://api.example.com/version"},
        {"preview_url": "https://x:8443", "smoke": [{"path": "/a", "status": "204"}], "alarms": ["a"]},
        {"notify_sns_topic_arn": "arn:aws:sns:us-east-1:111111111111:told.fifo"},
        {"notify_webhook_url": "https://hooks.example.com/services/T0/B0/x"},
        {"notify_webhook_url": "http://127.0.0.1:8080/hook"},
        {"environment": {"TOKENIZER": "x", "N": 5, "FLAG": True}},
        {"engine": "native", "strategy": "linear", "linear_step_percent": "25", "bake": "600"},
        {"engine": "native", "kind": "worker", "bake": 1},
    ],
)
def test_fine(changed):
    assert service_problems(example(**changed)) == ()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "a" * 27}, "name: must be 1 to 26 lower-case letters"),
        ({"name": "a_b"}, "name: must be"),
        ({"kind": "cron"}, "kind: must be web or worker, got 'cron'"),
        ({"engine": "codedeploy"}, "engine: must be two_service or native, got 'codedeploy'"),
        ({"engine": "native", "bake": 90}, "bake 90 s: engine native takes whole minutes"),
        ({"engine": "native", "canary_steps": [{}]}, "strategy: 'weight'"),
        ({"engine": "native", "cluster": "c" * 46}, "cluster: the IAM role's name"),
        ({"account_id": "123"}, "account_id: must be 12 digits"),
        ({"cluster": "c" * 60}, "cluster: the IAM role's name"),
        ({"notify_sns_topic_arn": "told"}, "notify_sns_topic_arn: must be the ARN of an SNS topic, got 'told'"),
        ({"notify_webhook_url": f"http://example.com/{LEAKED}"}, "notify_webhook_url: must be https://HOST/PATH"),
        ({"port": 0}, "port: must be a whole number from 1 to 65535, got 0"),
        ({"port": "http"}, "port: must be a whole number"),
        ({"port": True}, "port: must be a whole number"),
        ({"port": 65536}, "port: must be a whole number"),
        ({"priority": 50001}, "priority: must be"),
        ({"stop_timeout": 121}, "stop_timeout: must be a whole number from 2 to 120"),
        ({"log_retention_days": 31}, "log_retention_days: must be one of 1, 3, 5"),
        ({"cpu": 300}, "cpu: Fargate offers 256, 512,"),
        ({"cpu": "fast"}, "cpu: Fargate offers"),
        ({"memory": 4096}, "memory: with cpu 256 Fargate offers 512, 1024 or 2048 MiB, got 4096"),
        ({"memory": 1536}, "memory: with cpu 256"),
        ({"cpu": 1024, "memory": 2500}, "memory: with cpu 1024 Fargate offers 2048 to 8192 in steps of 1024 MiB"),
        ({"cpu": 8192, "memory": 17408}, "memory: with cpu 8192"),
        ({"memory": "much"}, "memory: with cpu 256"),
        ({"desired_count": 1}, r"desired_count: must be from min_count \(2\) to max_count \(6\), got 1"),
        ({"max_count": 1}, "desired_count: must be from"),
        ({"health_check_path": "healthz"}, "health_check_path: must begin with /"),
        ({"health_check_path": "/a b"}, "health_check_path: must begin with /"),
        ({"paths": []}, "paths: the service needs a host or a path"),
        ({"paths": ["/1", "/2", "/3"], "hosts": ["a", "b", "c"]}, "paths: a listener rule takes 5"),
        ({"paths": ["api"]}, "paths: must begin with / or"),
        ({"probe_url": "ftp://x"}, "probe_url: must be an http or https URL"),
        ({"preview_url": "x"}, "preview_url is no absolute http or https URL"),
        ({"smoke": [{"path": "/a"}]}, r"smoke\[0\]: path '/a' needs preview_url"),
        ({"smoke": [{"url": "http://x/", "status": "fine"}]}, "smoke, alarms and metrics: invalid literal for int()"),
        ({"alarms": [""]}, "alarms: a name is empty"),
        ({"metrics": [{"name": "x", "statistic": "Sum", "at_most": "5"}]}, r"metrics\[0\]: name 'x' is none of"),
        ({"environment": {"A-B": "1"}}, "environment: 'A-B' is not a name of a variable"),
        ({"environment": {"SLIPWAY_COLOR": "red"}}, "environment: SLIPWAY_COLOR is set by Slipway"),
        ({"environment": {"A": ["b"]}}, "environment: A must be text or a number"),
        ({"environment": {"A": None}}, "environment: A must be text or a number"),
        ({"environment": {"ACME_API_KEY": LEAKED}}, "environment: ACME_API_KEY looks like a secret"),
        ({"environment": {"password": LEAKED}}, "environment: password looks like a secret"),
        ({"environment": {"A": "1"}, "secrets": {"A": SECRET}}, "environment: A is in secrets too"),
        ({"secrets": {"A": LEAKED}}, "secrets: A must be the ARN"),
        ({"secrets": {"A": "arn:aws:s3:::bucket"}}, "secrets: A must be the ARN"),
        ({"llm_providers": provider(name="ACME")}, "llm_providers: name must be"),
        ({"llm_providers": provider() + provider()}, "llm_providers: acme is given twice"),
        ({"llm_providers": provider(base_url="http://acme.example")}, "llm_providers: base_url of acme must be https"),
        ({"llm_providers": provider(secret_arn=LEAKED)}, "llm_providers: secret_arn of acme must be the ARN"),
        ({"llm_providers": [{}]}, "llm_providers: name must be"),
        ({"llm_providers": provider(kind="ours")}, "llm_providers: kind of acme must be third_party or self_hosted"),
        ({"llm_providers": [OWN | {"base_url": "https://x"}]}, "llm_providers: base_url of llm must be http://host"),
        ({"llm_providers": [OWN | {"secret_arn": PARAMETER}]}, "llm_providers: llm is self_hosted and has no key"),
        ({"llm_providers": [OWN | {"fallback": "acme"}]}, "llm_providers: fallback of llm must be a provider here"),
        (
            {"llm_providers": [OWN | {"fallback": "llm"}]},
            "llm_providers: fallback of llm must be a provider here without",
        ),
        ({"llm_providers": [OWN], "environment": {"LLM_FALLBACK": "x"}}, "llm_providers: llm sets LLM_FALLBACK"),
        (
            {"llm_providers": provider(), "environment": {"ACME_BASE_URL": "x"}},
            "llm_providers: acme sets ACME_BASE_URL",
        ),
        ({"llm_providers": provider(), "secrets": {"ACME_API_KEY": SECRET}}, "llm_providers: acme sets ACME_API_KEY"),
        ({"s3_buckets": [{"name": "Bucket"}]}, "s3_buckets: 'Bucket' is not a name"),
        ({"s3_buckets": [{"name": "one-b"}, {"name": "one-b"}]}, "s3_buckets: one-b is given twice"),
        ({"s3_buckets": [{"name": "one-b", "access": "write"}]}, "s3_buckets: access of one-b must be read or"),
        ({"egress": [{"cidr": "10.0.0.1/8", "port": 1}]}, "egress: '10.0.0.1/8' is not a CIDR"),
        ({"egress": [{"cidr": "10.0.0.0/8", "port": 0}]}, "egress: port must be"),
        ({"egress": [{"cidr": "10.0.0.0/8"}]}, "egress: port must be"),
        ({"repository_readers": ["production"]}, "repository_readers: reader 'production': neither an account"),
        ({"image_accounts": ["staging"]}, "image_accounts: 'staging' is no account of 12 digits"),
        ({"user": "root"}, "user: must be the numbers"),
        ({"user": "0:0"}, "user: must be the numbers"),
        ({"writable_paths": ["tmp"]}, "writable_paths: must be absolute"),
    ],
)
def test_refused_in_one_line_that_holds_no_secret(changed, message):
    problems = service_problems(example(**changed))
    assert any(re.match(message, problem) for problem in problems), problems
    assert not any("\n" in problem or LEAKED in problem for problem in problems)


def test_all_findings_come_at_once():
    problems = service_problems(example(port=0, cpu=1, user="root"))
    assert [problem.partition(":")[0] for problem in problems] == ["port", "cpu", "user"]


@pytest.mark.parametrize("key", RANGES)
def test_every_bound_is_checked_on_both_sides(key):
    least, most = RANGES[key]
    for value in (least - 1, most + 1, None, "x"):
        assert any(problem.startswith(f"{key}: must be") for problem in service_problems(example(**{key: value})))


@pytest.mark.parametrize("cpu", FARGATE_MEMORY)
def test_the_least_and_the_most_memory_of_each_size_are_fine(cpu):
    for memory in FARGATE_MEMORY[cpu][:2]:
        assert service_problems(example(cpu=cpu, memory=memory)) == ()


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "acme",
        "https://",
        "http://acme",
        "https://u:p@acme",
        "https://acme?x",
        "https://acme#x",
        "https://acme:99999",
        "https://acme:0",
        "https://a b",
        "https://[",
    ],
)
def test_no_provider_url(url):
    assert provider_url(url) is None


@pytest.mark.parametrize(
    ("value", "result"), [(5, 5), ("5", 5), (-1, -1), ("", None), (None, None), (1.5, None), (True, None), ("٣", None)]
)
def test_number(value, result):
    assert number(value) == result
