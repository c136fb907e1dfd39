# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules in front of a site, over HTTP: what check mode promised is what the run did, and again is unchanged."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import web_acl as firewall
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import distribution as front
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import parts as part_calls
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import site_documents_plan as documents
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.site_firewall_plan import web_acls
from ansible_collections.slipway.ops.plugins.modules import (
    cloudfront_distribution,
    cloudfront_parts,
    s3_private_buckets,
    web_acl,
)

from tests.unit.plugins.module_utils.cloudfront.site_example import site
from tests.unit.plugins.modules.aws_harness import run
from tests.unit.plugins.modules.front_cloud import FrontCloud

SITE = site(region="us-east-1", account_id="111111111111", tags={"team": "a"})
NAME, BUCKET, LOGS = SITE["name"], SITE["bucket"], f"arn:aws:s3:::{SITE['log_bucket']}"
ROUTER = "function handler(event) { return event.request; }"


@pytest.fixture(scope="module")
def _cloud(tmp_path_factory):
    made = FrontCloud(tmp_path_factory.mktemp("cloud"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def cloud(_cloud, monkeypatch):
    """The account, empty at first. Modules share their clients: making one costs more than all its calls."""
    _cloud.empty()
    for name, value in _cloud.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda module, name: _cloud.client(name, module.region))
    monkeypatch.setattr(front, "POLLS", (0.01,))
    return _cloud


@pytest.fixture
def contract(cloud, capsys):
    """Runs a module in check mode, for real and again; the first two must agree, the third change nothing."""

    def promised_and_done(main, **given):
        promise, done, again = (run(main, capsys, check=check, **given) for check in (True, False, False))
        assert "failed" not in done, done["msg"]
        assert promise["steps"] == done["steps"]
        assert promise["changed"] is done["changed"] is bool(done["steps"])
        assert promise["diff"] == done["diff"]
        assert again["changed"] is False, again["diff"]
        assert again["steps"] == []
        return done

    return promised_and_done


def acl_of(inputs, number=0):
    """The parameters of module web_acl that the role gives."""
    document = web_acls(inputs)[number]
    return {**document, "tags": inputs["tags"]}


def config_of(made, inputs=SITE):
    """The distribution that refers to what was made."""
    return documents.distribution(inputs, {"ids": made["ids"], "web_acl_arn": ""})


def distribution_of(cloud):
    """Id, configuration and ETag of the one distribution."""
    client = cloud.client("cloudfront")
    (item,) = client.list_distributions()["DistributionList"]["Items"]
    answer = client.get_distribution_config(Id=item["Id"])
    return item["Id"], answer["DistributionConfig"], answer["ETag"]


def by_hand(cloud, **members):
    """Somebody else's change of the distribution."""
    identity, config, etag = distribution_of(cloud)
    cloud.client("cloudfront").update_distribution(Id=identity, IfMatch=etag, DistributionConfig={**config, **members})


@pytest.fixture
def distribute(cloud, capsys):
    """Makes what the site's distribution refers to; the answer makes the parameters of the module."""
    made = run(cloudfront_parts.main, capsys, parts=documents.parts(SITE, ROUTER))
    given = {"name": NAME, "owned_origins": documents.OWNED_ORIGINS, "tags": SITE["tags"]}

    def make(inputs=SITE, **more):
        return {**given, "config": config_of(made, inputs), "access_logs": LOGS, **more}

    return make


def test_buckets_from_first_to_last(cloud, contract):
    main = s3_private_buckets.main
    made = contract(main, buckets=documents.buckets(SITE))
    assert made["steps"][0] == f"create {SITE['log_bucket']}"
    policy = documents.bucket_policy(SITE, "arn:aws:cloudfront::111111111111:distribution/E1")
    given = [{"name": BUCKET, "policy": policy}]
    assert contract(main, buckets=given)["steps"] == [f"{BUCKET}: policy"]
    s3 = cloud.client("s3")
    s3.delete_public_access_block(Bucket=BUCKET)
    age = {"ID": "age", "Status": "Enabled", "Filter": {"Prefix": "site/"}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [age]})
    mended = contract(main, buckets=documents.buckets(SITE))
    assert mended["steps"] == [f"{BUCKET}: public access", f"{BUCKET}: lifecycle"]
    assert mended["diff"]["before"][f"{BUCKET}: lifecycle"][0]["ID"] == "age"
    kept = documents.buckets({**SITE, "kms_key_arn": "arn:aws:kms:us-east-1:111111111111:key/1", "tags": {}})
    assert contract(main, buckets=kept[1:])["steps"] == [f"{BUCKET}: encryption", f"{BUCKET}: tags"]
    for body in (b"1", b"2"):
        s3.put_object(Bucket=BUCKET, Key="site/index.html", Body=body)
    s3.delete_object(Bucket=BUCKET, Key="site/index.html")
    names = [{"name": BUCKET}, {"name": SITE["log_bucket"]}]
    assert contract(main, buckets=names, state="absent")["steps"] == [f"delete {item['name']}" for item in names]
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_elsewhere_has_its_region(cloud, contract):
    contract(s3_private_buckets.main, region="eu-central-1", buckets=[{"name": BUCKET}])
    where = cloud.client("s3").get_bucket_location(Bucket=BUCKET)
    assert where["LocationConstraint"] == "eu-central-1"


def test_objects_that_stay_are_told():
    with pytest.raises(Exception, match="keeps 1 objects that S3 would not delete, the first being a: AccessDenied no"):
        s3_private_buckets.private_buckets.refuse_leftovers(
            BUCKET, [{"Key": "a", "Code": "AccessDenied", "Message": "no"}]
        )


def test_parts_from_first_to_last(contract, cloud):
    main = cloudfront_parts.main
    made = contract(main, parts=documents.parts(SITE, ROUTER))
    assert len(made["steps"]) == 4
    assert made["ids"]["function"][f"{NAME}-router"].endswith(f":function/{NAME}-router")
    changed = documents.parts({**SITE, "frame_options": "SAMEORIGIN"}, ROUTER + " ")
    again = contract(main, parts=changed)
    assert again["steps"] == [f"update response_headers_policy {NAME}", f"update function {NAME}-router"]
    assert again["ids"] == made["ids"]
    client = cloud.client("cloudfront")
    live = client.get_function(Name=f"{NAME}-router", Stage="LIVE")
    assert live["FunctionCode"].read().decode() == ROUTER + " "
    gone = contract(main, parts=changed, state="absent")
    assert (len(gone["steps"]), gone["ids"]) == (4, {})


def test_a_function_that_was_never_published_is(contract, cloud):
    """A run that was killed between writing and publishing."""
    name = f"{NAME}-router"
    function = next(part for part in documents.parts(SITE, ROUTER) if part["kind"] == "function")
    client = cloud.client("cloudfront")
    client.create_function(Name=name, FunctionConfig=function["config"], FunctionCode=ROUTER.encode())
    assert contract(cloudfront_parts.main, parts=[function])["steps"] == [f"update function {name}"]
    assert client.describe_function(Name=name, Stage="LIVE")["FunctionSummary"]["FunctionMetadata"]["Stage"] == "LIVE"


def test_a_distribution_from_first_to_last(cloud, contract, distribute):
    main = cloudfront_distribution.main
    made = contract(main, **distribute())
    assert made["steps"] == ["create", "put_log_source", "put_log_destination", "start_logs"]
    assert (made["status"], made["domain_name"].endswith(".cloudfront.net")) == ("Deployed", True)
    blog = {"Id": "blog", "DomainName": "blog.example.com"}
    _id, config, _etag = distribution_of(cloud)
    own = config["Origins"]["Items"]
    custom = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    by_hand(
        cloud,
        Origins={"Quantity": 2, "Items": [*own, {**blog, "CustomOriginConfig": custom}]},
        PriceClass="PriceClass_All",
    )
    api = {**SITE, "api_paths": ["/api/*"], "alb_dns_name": "lb-1.us-east-1.elb.amazonaws.com", "tags": {}}
    more = contract(main, **distribute(api, tags={"team": "b"}))
    assert more["steps"] == ["update", "tag"]
    assert set(more["diff"]["after"]["config"]) == {"CacheBehaviors", "Origins", "PriceClass"}
    _id, config, _etag = distribution_of(cloud)
    assert sorted(origin["Id"] for origin in config["Origins"]["Items"]) == ["api", "blog", "site"]
    less = contract(main, **distribute(tags={}))
    assert less["steps"] == ["update", "untag"]
    gone = contract(main, name=NAME, state="absent")
    assert gone["steps"] == ["stop_logs", "remove_log_source", "remove_log_destination", "disable", "delete"]
    assert gone["id"] == ""
    anew = contract(main, **distribute(access_logs=""))
    assert (anew["steps"], anew["id"] != made["id"]) == (["create"], True)


def test_logs_of_a_distribution_that_is_gone_are_given_up(cloud, contract, distribute):
    contract(cloudfront_distribution.main, **distribute())
    identity, config, etag = distribution_of(cloud)
    client = cloud.client("cloudfront")
    etag = client.update_distribution(Id=identity, IfMatch=etag, DistributionConfig={**config, "Enabled": False})[
        "ETag"
    ]
    client.delete_distribution(Id=identity, IfMatch=etag)
    made = contract(cloudfront_distribution.main, **distribute())
    assert made["steps"] == ["create", "stop_logs", "remove_log_source", "put_log_source", "start_logs"]


def test_what_somebody_else_wrote_in_between_is_not_overwritten(cloud, contract, distribute, capsys, monkeypatch):
    contract(cloudfront_distribution.main, **distribute())
    real = front.api.update_distribution

    def late(client, distribution_id, etag, config):
        by_hand(cloud, PriceClass="PriceClass_All")
        return real(client, distribution_id, etag, config)

    with monkeypatch.context() as patched:
        patched.setattr(front.api, "update_distribution", late)
        refused = run(cloudfront_distribution.main, capsys, **distribute({**SITE, "cache_tags": True}))
    assert refused["failed"] is True
    assert "was changed by somebody else in the last seconds, and nothing of that was overwritten" in refused["msg"]
    assert (refused["steps"], refused["left"]) == ([], ["update"])
    assert distribution_of(cloud)[1]["PriceClass"] == "PriceClass_All"


def test_a_change_that_takes_too_long_is_waited_for_by_the_next_run(cloud, distribute, capsys, tmp_path):
    cloud.deploys_within(2.0)
    progress = tmp_path / "progress.jsonl"
    slow = run(cloudfront_distribution.main, capsys, **distribute(wait_timeout=0))
    assert slow["failed"] is True
    assert "is still InProgress after 0 s, and edge locations that have not got the change yet serve" in slow["msg"]
    assert "the same playbook, run again, waits on" in slow["msg"]
    by_hand(cloud, PriceClass="PriceClass_200")
    again = run(cloudfront_distribution.main, capsys, **distribute(wait_timeout=30, progress_file=str(progress)))
    assert (again["steps"], again["status"]) == (["update"], "Deployed")
    assert "InProgress since 0 s" in progress.read_text(encoding="utf-8")


def test_a_lost_answer_makes_no_second_distribution(cloud, distribute, capsys):
    cloud.fault({"service": "cloudfront", "operation": "CreateDistributionWithTags", "kind": "lost"})
    run(cloudfront_distribution.main, capsys, **distribute())
    run(cloudfront_distribution.main, capsys, **distribute())
    assert len(cloud.client("cloudfront").list_distributions()["DistributionList"]["Items"]) == 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"config": {"Enabled": True}}, "config has no Origins, DefaultCacheBehavior, ViewerCertificate"),
        ({}, "state is present but all of the following are missing: config"),
    ],
)
def test_a_distribution_that_is_half_declared(cloud, capsys, given, problem):
    assert problem in run(cloudfront_distribution.main, capsys, name=NAME, **given)["msg"]


def test_two_distributions_of_one_name(cloud, contract, distribute, capsys):
    contract(cloudfront_distribution.main, **distribute())
    _id, config, _etag = distribution_of(cloud)
    client = cloud.client("cloudfront")
    other = client.create_distribution(DistributionConfig={**copy.deepcopy(config), "CallerReference": "other"})
    refused = run(cloudfront_distribution.main, capsys, **distribute())
    assert f"Nothing was changed: 2 distributions have the comment {NAME}" in refused["msg"]
    assert other["Distribution"]["Id"] in refused["msg"]


def test_a_call_that_is_refused(cloud, distribute, capsys):
    cloud.fault({"service": "cloudfront", "operation": "CreateDistributionWithTags", "kind": "error", "count": None})
    refused = run(cloudfront_distribution.main, capsys, **distribute())
    assert refused["msg"].startswith(f"Distribution {NAME}: Failed to create the distribution: ")
    assert "Nothing was changed: visitors are served as before. The same playbook, run again" in refused["msg"]


def rules_of(cloud):
    waf = cloud.client("wafv2")
    (item,) = waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    answer = waf.get_web_acl(Name=item["Name"], Scope="CLOUDFRONT", Id=item["Id"])
    return item, answer, {rule["Name"]: rule for rule in answer["WebACL"]["Rules"]}


def add_rule(cloud, name="attack", priority=5):
    """Somebody else's rule."""
    item, answer, rules = rules_of(cloud)
    acl = answer["WebACL"]
    rule = {
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {}},
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["AQ"]}},
        "VisibilityConfig": {**acl["VisibilityConfig"], "MetricName": name},
    }
    cloud.client("wafv2").update_web_acl(
        Name=item["Name"],
        Scope="CLOUDFRONT",
        Id=item["Id"],
        LockToken=answer["LockToken"],
        DefaultAction=acl["DefaultAction"],
        VisibilityConfig=acl["VisibilityConfig"],
        Rules=[*rules.values(), rule],
        CaptchaConfig={"ImmunityTimeProperty": {"ImmunityTime": 60}},
    )


def test_a_web_acl_from_first_to_last(cloud, contract):
    given = {**SITE, "waf_block_cidrs": ["203.0.113.0/24", "2001:db8::/32"], "waf_allow_cidrs": ["192.0.2.0/24"]}
    made = contract(web_acl.main, **acl_of(given))
    assert [step.split()[1] for step in made["steps"]] == ["IP", "IP", "IP", "log", "web", "the"]
    add_rule(cloud)
    later = contract(web_acl.main, **acl_of({**given, "waf_mode": "block", "waf_block_cidrs": ["203.0.113.0/25"]}))
    assert later["steps"] == [
        f"put IP set {NAME}-block-v4",
        f"put web ACL {NAME}",
        f"delete IP set {NAME}-block-v6",
    ]
    _item, answer, rules = rules_of(cloud)
    assert rules["attack"]["Action"] == rules["slipway-rate"]["Action"] == {"Block": {}}
    assert answer["WebACL"]["CaptchaConfig"] == {"ImmunityTimeProperty": {"ImmunityTime": 60}}
    logged = {**acl_of({**given, "waf_mode": "block", "waf_block_cidrs": ["203.0.113.0/25"], "tags": {"b": 2}})}
    changed = contract(web_acl.main, **logged, log_retention_days=7, redacted_headers=["authorization"])
    assert changed["steps"] == [
        f"put log group aws-waf-logs-{NAME}",
        f"put the log of {NAME}",
        f"tag {NAME}",
    ]
    gone = contract(web_acl.main, **{**logged, "state": "absent"})
    assert len(gone["steps"]) == 5
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []


def test_a_log_group_gets_and_loses_its_key(cloud, contract, capsys, monkeypatch):
    """The emulator takes one at creation alone; changes are seen by what is called."""
    key = "arn:aws:kms:us-east-1:111111111111:key/1"
    given = acl_of(SITE)
    contract(web_acl.main, **{**given, "log_kms_key_arn": key})
    assert cloud.client("logs").describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    called = []
    with monkeypatch.context() as patched:
        patched.setattr(firewall, "associate_key", lambda *call: called.append(call[1:]))
        patched.setattr(firewall, "disassociate_key", lambda *call: called.append(call[1:]))
        for other in (key[:-1] + "2", ""):
            changed = run(web_acl.main, capsys, **{**given, "log_kms_key_arn": other})
            assert changed["steps"] == [f"put log group aws-waf-logs-{NAME}"]
    assert called == [(f"aws-waf-logs-{NAME}", key[:-1] + "2"), (f"aws-waf-logs-{NAME}",)]


def test_a_web_acl_is_not_overwritten_either(cloud, contract, capsys, monkeypatch):
    contract(web_acl.main, **acl_of(SITE))
    real = firewall.observe

    def observe(*given):
        snapshot = real(*given)
        add_rule(cloud)
        return snapshot

    with monkeypatch.context() as patched:
        patched.setattr(firewall, "observe", observe)
        refused = run(web_acl.main, capsys, **acl_of({**SITE, "waf_mode": "block"}))
    assert f"Web ACL {NAME} was changed by somebody else in the last seconds" in refused["msg"]
    assert "attack" in rules_of(cloud)[2]


def test_rules_of_one_priority_are_refused(cloud, contract, capsys):
    contract(web_acl.main, **acl_of(SITE))
    add_rule(cloud, priority=10)
    refused = run(web_acl.main, capsys, **acl_of({**SITE, "waf_allow_cidrs": ["192.0.2.0/24"]}))
    assert "rules slipway-allow and attack both have priority 10" in refused["msg"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"rules": [{"Name": "core"}]}, "rules: core: names begin with slipway-"),
        ({"log_group": "waf"}, "log_group waf: AWS WAF writes to groups only whose name begins with aws-waf-logs-"),
    ],
)
def test_a_web_acl_that_cannot_be(cloud, capsys, given, problem):
    assert problem in run(web_acl.main, capsys, **{**acl_of(SITE), **given})["msg"]


@pytest.fixture
def balancer(cloud):
    """ARN of a load balancer."""
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    made = elb.create_load_balancer(Name="lb", Subnets=[subnet["SubnetId"] for subnet in subnets])
    return made["LoadBalancers"][0]["LoadBalancerArn"]


def test_a_load_balancer_is_protected_and_let_go(cloud, contract, balancer, capsys):
    inputs = {**SITE, "alb_waf": True, "alb_arn": balancer}
    made = contract(web_acl.main, **acl_of(inputs, 1))
    assert made["steps"][-1] == f"associate {balancer}"
    waf = cloud.client("wafv2")
    assert waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]["ARN"] == made["arn"]
    other = {**acl_of(inputs, 1), "name": "other", "log_group": "aws-waf-logs-other"}
    refused = run(web_acl.main, capsys, **other)
    assert "it would lose that protection" in refused["msg"]
    gone = contract(web_acl.main, **acl_of({**inputs, "alb_waf": False}, 1))
    assert gone["steps"][0] == f"disassociate {balancer}"
    assert waf.list_web_acls(Scope="REGIONAL")["WebACLs"] == []


def test_part_calls_tell_what_was_changed_meanwhile(cloud, contract, monkeypatch, capsys):
    contract(cloudfront_parts.main, parts=documents.parts(SITE, ROUTER))
    real = part_calls.get
    with monkeypatch.context() as patched:
        patched.setattr(part_calls, "get", lambda *given: {**real(*given), "ETag": "E0"})
        patched.setattr(part_calls, "function_etag", lambda *_given: "E0")
        for inputs, code in (({**SITE, "frame_options": "SAMEORIGIN"}, ROUTER), (SITE, ROUTER + " ")):
            refused = run(cloudfront_parts.main, capsys, parts=documents.parts(inputs, code))
            assert "was changed by somebody else in the last seconds" in refused["msg"]
