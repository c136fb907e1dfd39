# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty account: check mode says what it would do, and bad input is refused in one line, before the first change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.e2e.harness import hosts_of

ARN = "arn:aws:elasticloadbalancing:us-east-1:111111111111"


def service(**changed):
    return {"services": [{"name": "api", "kind": "web", "port": 8080, "priority": 100, **changed}]}


# The extra variables of a run, and what its error must say.
BAD_INPUT = {
    "one zone only": ({"vpc_availability_zones": ["us-east-1a"]}, "vpc_availability_zones"),
    "overlap with a peer": ({"vpc_peer_cidrs": ["10.10.128.0/20"]}, "overlap"),
    "prefix too small": ({"vpc_cidr": "10.10.0.0/27"}, "/27"),
    "port 0": (service(port=0), "port"),
    "service name too long": (service(name="a" * 27), "26"),
    "unknown service": ({"service": "web"}, "web"),
}
BAD_CREDENTIALS = {
    "missing": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"},
    "unknown": {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"},
}
BAD_WEIGHTS = (-1, 1000)


def rule(weight):
    groups = [{"arn": f"{ARN}:targetgroup/api-{color}/1", "weight": weight} for color in ("blue", "green")]
    return {
        "load_balancer": "a",
        "listener_arn": f"{ARN}:listener/app/a/1/2",
        "service": "api",
        "priority": 1,
        "conditions": {"path": ["/*"]},
        "target_groups": groups,
    }


@pytest.fixture(scope="module")
def refusals(fresh, environments, nothing):
    """All runs with bad input by name, two at a time: each is mostly Python starting."""
    theirs = environments["staging"].env
    keys = {name: theirs[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    wanted = {name: partial(fresh.playbook, "site", extra=extra) for name, (extra, _) in BAD_INPUT.items()}
    wanted |= {name: partial(fresh.playbook, "site", env=env) for name, env in BAD_CREDENTIALS.items()}
    wanted |= {weight: partial(fresh.module, "slipway.ops.elb_listener_rule", rule(weight)) for weight in BAD_WEIGHTS}
    wanted["another account"] = partial(fresh.playbook, "site", env=keys)
    with ThreadPoolExecutor(2) as threads:
        runs = {name: threads.submit(do) for name, do in wanted.items()}
    assert fresh.everything() == nothing
    return {name: future.result() for name, future in runs.items()}


def check_refusal(done, said):
    """The run failed with one message of one line that says so, before anything was changed."""
    assert done.status != 0, done.output[-3000:]
    assert len(done.failures) == 1, done.failures
    [message] = done.failures
    assert said in message
    assert "\n" not in message
    assert done.changed == []


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input(refusals, name):
    check_refusal(refusals[name], BAD_INPUT[name][1])


@pytest.mark.parametrize("name", BAD_CREDENTIALS)
def test_bad_credentials(refusals, name):
    check_refusal(refusals[name], "no usable AWS credentials")


def test_the_credentials_of_another_environment(refusals):
    check_refusal(refusals["another account"], "wrong account: the credentials belong to 222222222222")


@pytest.mark.parametrize("weight", BAD_WEIGHTS)
def test_a_weight_that_no_load_balancer_takes(refusals, weight):
    check_refusal(refusals[weight], "999")


@pytest.fixture
def names(fresh):
    """Variables of an environment with names of its own, in a zone that is there."""
    client = fresh.client("route53")
    zone = client.create_hosted_zone(Name="example.com", CallerReference="check")["HostedZone"]["Id"]
    domains = {"tls_dns_alb_domains": ["api.example.com"], "tls_dns_site_domains": ["www.example.com"]}
    yield {"tls_dns_zone": "example.com", **domains}
    client.delete_hosted_zone(Id=zone)


def test_check_mode_says_what_it_would_do(fresh, nothing, names):
    # The operator's policy has no names and certificates in it (docs/security.md).
    done = fresh.playbook("site", "--check", "--diff", extra=names, env=fresh.administrator)
    assert done.status == 0, done.output[-3000:]
    assert {host for host, _ in done.changed} == hosts_of("local")
    assert "lead to load balancer or distribution: api.example.com, www.example.com" in done.output
    assert fresh.client("acm").list_certificates()["CertificateSummaryList"] == []
    assert fresh.everything() == nothing


def test_check_mode_of_gpu_hosts_says_what_it_would_do(fresh, nothing):
    done = fresh.playbook("gpu", "--check", "--diff", extra={"gpu_host_state": "present"})
    assert done.status == 0, done.output[-3000:]
    said = {task.rpartition(" : ")[2] for _, task in done.changed}
    assert {"Bucket with the weights", "Hosts", "Say what else would be created"} <= said
    assert fresh.everything() == nothing
