# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and records over HTTP: promised, made, waited for, taken over by nobody, and gone again."""

from __future__ import annotations

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.modules import acm_certificate_request, dns_records

from tests.unit.plugins.modules.aws_harness import run
from tests.unit.plugins.modules.front_cloud import FrontCloud

ZONE, NAME = "example.com", "slipway-test-alb"
DOMAINS = ["API.example.com.", "*.api.example.com"]
BALANCER = "slipway-test-123.us-east-1.elb.amazonaws.com"
TARGET = {"dns_name": BALANCER, "zone_id": "Z35SXDOTRQ7X7K"}
ALIAS = {
    "name": "api.example.com",
    "type": "A",
    "alias": TARGET,
    "replaces": ["slipway-test-*.us-east-1.elb.amazonaws.com"],
}


@pytest.fixture(scope="module")
def _cloud(tmp_path_factory):
    made = FrontCloud(tmp_path_factory.mktemp("cloud"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def cloud(_cloud, monkeypatch):
    """The account with the zone, and nothing in it."""
    _cloud.empty()
    for name, value in _cloud.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda module, name: _cloud.client(name, module.region))
    _cloud.client("route53").create_hosted_zone(Name=ZONE, CallerReference="one")
    return _cloud


@pytest.fixture
def certificate(cloud, capsys):
    return lambda check=False, **given: run(
        acm_certificate_request.main, capsys, check=check, **{"name": NAME, "domains": DOMAINS, **given}
    )


@pytest.fixture
def records(cloud, capsys):
    return lambda check=False, **given: run(dns_records.main, capsys, check=check, **{"zone": ZONE, **given})


def in_zone(cloud):
    """{(name, type): what it says}"""
    client = cloud.client("route53")
    zone = client.list_hosted_zones()["HostedZones"][0]["Id"]
    found = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {
        (item["Name"], item["Type"]): item.get("AliasTarget", {}).get("DNSName") or item["ResourceRecords"][0]["Value"]
        for item in found
        if item["Type"] not in ("NS", "SOA")
    }


def test_a_certificate_is_requested_proven_issued_used_again_and_deleted(cloud, certificate, records):
    promise, done = certificate(check=True), certificate(tags={"team": "a"})
    assert promise["steps"] == done["steps"] == [{"action": "request", "name": "api.example.com"}]
    assert (promise["arn"], done["status"], promise["diff"]) == ("", "PENDING_VALIDATION", done["diff"])
    tags = cloud.client("acm").list_tags_for_certificate(CertificateArn=done["arn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"slipway:certificate": NAME, "team": "a"}
    [proof] = done["validation_records"]  # a wildcard's is its domain's
    assert records(records=[proof], overwrite=True)["steps"] == [
        {"action": "create", "name": f"{proof['name'].rstrip('.')} CNAME"}
    ]
    again = certificate(wait=True)
    assert (again["changed"], again["arn"], again["status"]) == (False, done["arn"], "ISSUED")
    gone = certificate(state="absent")
    assert (gone["steps"], gone["validation_records"]) == (
        [{"action": "delete", "name": done["arn"]}],
        [proof | {"values": proof["values"]}],
    )
    assert records(records=gone["validation_records"], state="absent")["changed"] is True
    assert in_zone(cloud) == {}
    assert certificate(state="absent")["changed"] is False


def test_other_names_are_another_certificate_and_the_one_before_goes_when_nothing_uses_it(cloud, certificate):
    first = certificate()
    second = certificate(domains=["www.example.com"])
    assert (second["changed"], second["superseded"]) == (True, [first["arn"]])
    purged = certificate(domains=["www.example.com"], purge=True)
    assert purged["steps"] == [{"action": "delete", "name": first["arn"]}]
    assert certificate(domains=["www.example.com"], purge=True)["changed"] is False


def test_one_that_is_not_issued_says_what_to_do(certificate):
    certificate()
    late = certificate(wait=True, wait_timeout=1)
    assert late["failed"]
    assert "ACM has not found its validation records for 1 s: _" in late["msg"]
    assert "serve what they served before; then run again: ansible-playbook" in late["msg"]


def test_one_that_a_load_balancer_uses_is_not_deleted(cloud, certificate, monkeypatch):
    found = acm_certificate_request.Certificate("arn:x", ("a.example.com",), "ISSUED", True, 1.0)
    monkeypatch.setattr(acm_certificate_request, "observe", lambda *_: [found])
    refused = certificate(state="absent")
    assert refused["msg"] == (
        "certificate arn:x is in use by a load balancer or a distribution, and was not deleted: nothing was changed"
    )


def test_no_domain_is_an_error(certificate):
    assert certificate(domains=[])["msg"].endswith("needs domains, none of them empty: nothing was changed")


def test_records_are_promised_made_once_and_removed(cloud, records):
    promise, done, again = (records(check, records=[ALIAS]) for check in (True, False, False))
    assert promise["steps"] == done["steps"] == [{"action": "create", "name": "api.example.com A"}]
    assert promise["diff"] == done["diff"]
    assert again["changed"] is False
    assert in_zone(cloud) == {("api.example.com.", "A"): f"{BALANCER}."}
    # A load balancer that was made anew has another number, and is this one's all the same.
    newer = ALIAS | {"alias": TARGET | {"dns_name": BALANCER.replace("123", "456")}}
    assert records(records=[newer])["steps"] == [{"action": "update", "name": "api.example.com A"}]
    # And so it is when it is gone, and nobody knows its number any more.
    gone = records(records=[ALIAS | {"alias": TARGET | {"dns_name": ""}}], state="absent")
    assert gone["steps"] == [{"action": "delete", "name": "api.example.com A"}]
    assert in_zone(cloud) == {}


def test_a_record_of_somebody_else_is_left_alone_unless_it_is_meant(cloud, records):
    theirs = {"name": "api.example.com", "type": "A", "values": ["192.0.2.1"]}
    records(records=[theirs])
    refused = records(records=[ALIAS])
    assert refused["msg"] == (
        "api.example.com A leads to 192.0.2.1, which this environment did not make: nothing was changed; delete the "
        "record, or allow to overwrite it"
    )
    kept = records(records=[ALIAS], state="absent")
    assert (kept["changed"], kept["kept"]) == (False, ["api.example.com A leads to 192.0.2.1"])
    assert records(records=[ALIAS], overwrite=True)["changed"] is True


def test_a_zone_that_is_not_there_or_is_there_twice_is_said(cloud, records):
    assert (
        "no public hosted zone example.org: no record was changed; make it with" in records(zone="example.org")["msg"]
    )
    twin = cloud.client("route53").create_hosted_zone(Name=ZONE, CallerReference="two")["HostedZone"]["Id"]
    assert "is the name of 2 public hosted zones" in records(records=[ALIAS])["msg"]
    chosen = records(records=[ALIAS], zone_id=twin.rpartition("/")[2])
    assert (chosen["changed"], chosen["zone_id"]) == (True, twin.rpartition("/")[2])


def test_a_change_whose_answer_was_lost_is_made_and_one_that_others_foil_is_not(records, monkeypatch):
    submit = dns_records.submit

    def lost(*arguments):
        submit(*arguments)
        return submit(*arguments)

    monkeypatch.setattr(dns_records, "submit", lost)
    assert records(records=[ALIAS])["changed"] is True
    monkeypatch.setattr(dns_records, "submit", lambda *_: "")
    foiled = records(records=[ALIAS | {"name": "b.example.com"}])
    assert "were changed by somebody else at the same time" in foiled["msg"]


def test_name_servers_that_lag_are_waited_for(records, monkeypatch):
    monkeypatch.setattr(dns_records, "arrived", lambda *_: False)
    assert "is not on all of its name servers after 1 s" in records(records=[ALIAS], wait_timeout=1)["msg"]
    assert records(records=[ALIAS | {"name": "c.example.com"}], wait_timeout=0)["changed"] is True
