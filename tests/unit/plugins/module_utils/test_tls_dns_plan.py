# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of an environment: what is wrong with them, their certificates, and where they lead."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.ops.plugins.filter.tls_dns_document import FilterModule as Documents
from ansible_collections.slipway.ops.plugins.filter.tls_dns_problems import FilterModule as Problems

document = Documents().filters()["tls_dns_document"]
problems = Problems().filters()["tls_dns_problems"]
ARN = "arn:aws:acm:{}:111111111111:certificate/0a1b"
LONG = "a" * 60 + ".example.com"


def names(**changed):
    return {
        "name": "slipway-test",
        "region": "eu-west-1",
        "zone": "example.com",
        "zone_id": "",
        "alb_name": "slipway-test",
        "alb_domains": ["API.example.com."],
        "site_domains": ["www.example.com", "example.com"],
        "alb_certificate_arn": "",
        "site_certificate_arn": "",
        "alb_dns_name": "slipway-test-1.eu-west-1.elb.amazonaws.com",
        "alb_zone_id": "Z32O12XQLNTSW2",
        "distribution_domain_name": "d1.cloudfront.net",
        "wait_timeout": 900,
        **changed,
    }


NOTHING = {"zone": "", "alb_domains": [], "site_domains": []}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        NOTHING,
        {"alb_domains": ["*.api.example.com"]},
        NOTHING | {"alb_certificate_arn": ARN.format("eu-west-1")},
        NOTHING | {"site_certificate_arn": ARN.format("us-east-1"), "site_domains": ["www.example.org"]},
    ],
    ids=["names", "nothing", "wildcard", "own certificate", "own certificate of the site"],
)
def test_what_can_be_made(changed):
    assert problems(names(**changed)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"zone": "example"}, "tls_dns_zone example: not the name of a zone"),
        ({"zone": "*.example.com"}, "not the name of a zone"),
        ({"zone_id": "Z1", **NOTHING}, "tls_dns_zone_id Z1: needs tls_dns_zone"),
        ({"alb_domains": [], "site_domains": []}, "no name is in it"),
        ({"site_domains": ["api.example.com"]}, "a name of the load balancer already"),
        ({"zone": ""}, "tls_dns_alb_domains api.example.com: need tls_dns_zone, or tls_dns_alb_certificate_arn"),
        ({"alb_domains": ["api.example.org"]}, "api.example.org: not in zone example.com"),
        ({"alb_domains": ["bücher.example.com"]}, "not a host name; one with other than ASCII letters"),
        ({"alb_domains": [f"{LONG}.{'b' * 63}.{'b' * 63}.{'b' * 63}.example.com"]}, "not a host name"),
        ({"alb_domains": [LONG]}, "the first name has at most 64 characters"),
        ({"alb_domains": ["a.example.com"] * 2}, "a name is there twice"),
        ({"alb_domains": [f"a{n}.example.com" for n in range(11)]}, "at most 10 names, got 11"),
        ({"alb_certificate_arn": ARN.format("eu-west-1")}, "one is requested for tls_dns_alb_domains; give either"),
        (NOTHING | {"alb_certificate_arn": "x"}, "not the ARN of a certificate of ACM in eu-west-1"),
        (
            NOTHING | {"site_certificate_arn": ARN.format("eu-west-1"), "site_domains": ["a.example.com"]},
            "not the ARN of a certificate of ACM in us-east-1",
        ),
        (NOTHING | {"site_certificate_arn": ARN.format("us-east-1")}, "serves no name; give tls_dns_site_domains"),
        ({"wait_timeout": 0}, "tls_dns_wait_timeout 0: 1 to 259200 seconds"),
        ({"wait_timeout": "x"}, "tls_dns_wait_timeout x"),
    ],
    ids=[f"problem-{number}" for number in range(18)],
)
def test_what_is_wrong(changed, said):
    assert said in "; ".join(problems(names(**changed)))


def test_certificates_are_where_they_are_used():
    assert document(names(), "certificates") == [
        {"part": "alb", "name": "slipway-test-alb", "region": "eu-west-1", "domains": ["api.example.com"]},
        {
            "part": "site",
            "name": "slipway-test-site",
            "region": "us-east-1",
            "domains": ["www.example.com", "example.com"],
        },
    ]
    assert document(names(site_domains=[]), "certificates")[1:] == []
    assert document(names(**NOTHING), "certificates") == []


def test_names_lead_to_load_balancer_and_distribution():
    made = {(each["name"], each["type"]): each for each in document(names(), "aliases")}
    assert {key: each["alias"]["dns_name"] for key, each in made.items()} == {
        ("api.example.com", "A"): "slipway-test-1.eu-west-1.elb.amazonaws.com",
        ("www.example.com", "A"): "d1.cloudfront.net",
        ("www.example.com", "AAAA"): "d1.cloudfront.net",
        ("example.com", "A"): "d1.cloudfront.net",
        ("example.com", "AAAA"): "d1.cloudfront.net",
    }
    assert made["api.example.com", "A"]["replaces"][0] == "slipway-test-*.eu-west-1.elb.amazonaws.com"
    assert made["example.com", "A"]["alias"]["zone_id"] == "Z2FDTNDATAQYW2"
    assert made["api.example.com", "A"]["replaces"][2] == "d1.cloudfront.net"
    assert len(document(names(distribution_domain_name=""), "aliases")[-1]["replaces"]) == 2
    assert document(names(**NOTHING), "aliases") == []


def test_names_that_are_no_longer_listed():
    proof = {"name": "_a.old.example.com.", "type": "CNAME", "values": ["_b."]}
    shared = {"name": "_c.example.com.", "type": "CNAME", "values": ["_d."]}
    purged = [
        {"dropped_domains": ["old.example.com", "www.example.com"], "dropped_records": [proof, shared]},
        {"skipped": True},
    ]
    made = document(names(), "dropped", purged, [{"validation_records": [shared]}, {}])
    assert [(each["name"], each["type"]) for each in made] == [
        ("old.example.com", "A"),
        ("old.example.com", "AAAA"),
        ("_a.old.example.com.", "CNAME"),
    ]
    assert made[0]["replaces"][0] == "slipway-test-*.eu-west-1.elb.amazonaws.com"
    assert document(names(), "dropped", [], []) == []


def test_names_of_all_and_no_other_document():
    assert document(names(), "names") == ["api.example.com", "www.example.com", "example.com"]
    with pytest.raises(AnsibleFilterError, match="no document 'x'"):
        document(names(), "x")
