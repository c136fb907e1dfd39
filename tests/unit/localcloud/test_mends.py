# SPDX-License-Identifier: GPL-3.0-or-later
"""The mends of ECS clusters, IAM and CloudWatch, through the API: each test fails on plain moto."""

from __future__ import annotations

import datetime
import json

import pytest
from botocore.exceptions import ClientError

from tests.unit.localcloud.conftest import wait_for

NOW = datetime.datetime.now(datetime.UTC)


def test_cluster_shows_its_capacity_providers(cloud):
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="plain")
    found = ecs.describe_clusters(clusters=["plain"])["clusters"][0]
    assert (found["capacityProviders"], found["defaultCapacityProviderStrategy"]) == ([], [])


def test_create_cluster_again_keeps_the_cluster(cloud):
    ecs = cloud.client("ecs")
    first = ecs.create_cluster(clusterName="kept", capacityProviders=["FARGATE"])["cluster"]
    assert ecs.create_cluster(clusterName="kept")["cluster"] == first
    ecs.delete_cluster(cluster="kept")
    assert ecs.create_cluster(clusterName="kept")["cluster"]["capacityProviders"] == []


def test_policies_of_aws_can_be_attached(cloud):
    iam = cloud.client("iam")
    iam.create_role(RoleName="execution", AssumeRolePolicyDocument="{}")
    arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    iam.attach_role_policy(RoleName="execution", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="execution")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]


def test_a_role_s_policies_are_simulated(cloud):
    iam = cloud.client("iam")
    secret = "arn:aws:secretsmanager:us-east-1:111111111111:secret:"
    role = iam.create_role(RoleName="simulated", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    statements = [
        {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": [f"{secret}open-*", f"{secret}denied"]},
        {"Effect": "Deny", "NotAction": "ssm:*", "Resource": f"{secret}denied"},
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": f"{secret}tagged",
            "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="simulated", PolicyName="p", PolicyDocument=policy)

    def decisions(*names):
        found = iam.simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=["secretsmanager:GetSecretValue"],
            ResourceArns=[secret + name for name in names],
        )["EvaluationResults"]
        specific = [item["ResourceSpecificResults"][0] for item in found]
        return [(item["EvalResourceDecision"], item["MissingContextValues"]) for item in specific]

    assert decisions("open-1", "other", "denied", "tagged") == [
        ("allowed", []),
        ("implicitDeny", []),
        ("explicitDeny", []),
        ("implicitDeny", ["aws:SourceVpc"]),
    ]
    nothing = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=nothing)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="simulated", PermissionsBoundary=boundary)
    assert decisions("open-1") == [("implicitDeny", [])]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.simulate_principal_policy(PolicySourceArn=f"{role}x", ActionNames=["s3:GetObject"])


def test_the_default_network_acl_goes_with_its_vpc(cloud):
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/24")["Vpc"]["VpcId"]
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    assert len(ec2.describe_network_acls(Filters=mine)["NetworkAcls"]) == 1
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_network_acls(Filters=mine)["NetworkAcls"] == []


def test_resource_types_have_ec2_s_names(cloud, network):
    ec2 = cloud.client("ec2")
    tag = {"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "nat"}]}
    made = ec2.create_nat_gateway(SubnetId=network["subnets"][0], ConnectivityType="private", TagSpecifications=[tag])
    gateway = made["NatGateway"]["NatGatewayId"]
    by_id = {"Name": "resource-id", "Values": [gateway]}
    by_type = {"Name": "resource-type", "Values": ["natgateway"]}
    for filters in ([by_id], [by_id, by_type]):
        tags = ec2.describe_tags(Filters=filters)["Tags"]
        assert [(item["ResourceType"], item["Value"]) for item in tags] == [("natgateway", "nat")]
    assert ec2.describe_tags(Filters=[by_id, by_type | {"Values": ["subnet"]}])["Tags"] == []


def put(cloudwatch, value, *dimensions):
    minute = NOW.replace(second=0, microsecond=0)
    dimensions = [{"Name": name, "Value": name.lower()} for name in dimensions]
    datum = {"MetricName": "RequestCount", "Dimensions": dimensions, "Timestamp": minute, "Value": value}
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[datum])


def statistics(cloudwatch, *dimensions):
    found = cloudwatch.get_metric_statistics(
        Namespace="Test",
        MetricName="RequestCount",
        Dimensions=[{"Name": name, "Value": name.lower()} for name in dimensions],
        StartTime=NOW - datetime.timedelta(seconds=1),  # in the middle of the minute of the datapoint
        EndTime=NOW + datetime.timedelta(minutes=2),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return [point["Sum"] for point in found]


def test_a_rule_is_known_without_its_description(cloud, network):
    """A rule whose peer is a group gets another description, and is revoked without naming any."""
    ec2 = cloud.client("ec2")
    group = ec2.create_security_group(GroupName="described", Description="d", VpcId=network["vpc"])["GroupId"]

    def rule(**text):
        pairs = [{"GroupId": group, **text}]
        return [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": pairs}]

    def described():
        found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        return [pair.get("Description") for permission in found for pair in permission["UserIdGroupPairs"]]

    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule(Description="one"))
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=rule(Description="two"))
    assert described() == ["two"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule())
    assert described() == []


def test_a_metric_is_exactly_its_dimensions_and_starts_at_the_whole_minute(cloud):
    cloudwatch = cloud.client("cloudwatch")
    put(cloudwatch, 1)
    put(cloudwatch, 10, "LoadBalancer")
    put(cloudwatch, 100, "LoadBalancer", "TargetGroup")
    assert statistics(cloudwatch) == [1]
    assert statistics(cloudwatch, "LoadBalancer") == [10]
    assert statistics(cloudwatch, "TargetGroup", "LoadBalancer") == [100]
    assert statistics(cloudwatch, "TargetGroup") == []


def test_metric_data_starts_at_the_whole_minute(cloud):
    cloudwatch = cloud.client("cloudwatch", "staging")
    put(cloudwatch, 7, "LoadBalancer")
    metric = {
        "Namespace": "Test",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "loadbalancer"}],
    }
    found = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=NOW.replace(second=59),
        EndTime=NOW + datetime.timedelta(minutes=2),
    )["MetricDataResults"][0]
    assert found["Values"] == [7]


@pytest.mark.parametrize("names", [("LoadBalancer", "TargetGroup"), ("TargetGroup", "LoadBalancer")])
def test_metric_data_knows_no_order_of_dimensions_and_no_values_that_are_none(cloud, names):
    cloudwatch = cloud.client("cloudwatch", "production")
    metric = {
        "Namespace": "Test",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": name, "Value": f"x-{names[0]}-{name}"} for name in names],
    }
    stored = [{"Name": name, "Value": f"x-{names[0]}-{name}"} for name in ("TargetGroup", "LoadBalancer")]
    datum = {"MetricName": "RequestCount", "Dimensions": stored, "Timestamp": NOW, "Value": 7}
    cloudwatch.put_metric_data(Namespace="Test", MetricData=[datum])
    stats = ("Sum", "p99")
    found = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}} for stat in stats
        ],
        StartTime=NOW,
        EndTime=NOW + datetime.timedelta(minutes=2),
    )["MetricDataResults"]
    assert [(result["Values"], len(result["Timestamps"])) for result in found] == [([7], 1), ([], 0)]


def test_alarms_are_evaluated(cloud):
    """Missing data that counts as breaching needs no minute to pass."""
    cloudwatch = cloud.client("cloudwatch")
    how = {"Namespace": "Test", "MetricName": "None", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    how |= {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1}
    for treat in ("breaching", "notBreaching"):
        cloudwatch.put_metric_alarm(AlarmName=treat, TreatMissingData=treat, **how)

    def states():
        found = cloudwatch.describe_alarms(AlarmNames=["breaching", "notBreaching"])["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

    wait_for(lambda: states() == {"breaching": "ALARM", "notBreaching": "OK"})
    cloudwatch.delete_alarms(AlarmNames=["breaching", "notBreaching"])


def test_a_bucket_that_refuses_requests_without_tls_lets_others_in(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tls-only")
    arn = "arn:aws:s3:::tls-only/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arn}
    refused = [
        deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        deny | {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::tls-only/secret/*"},
    ]
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": refused}))
    for key in ("items/a", "secret/a"):
        s3.put_object(Bucket="tls-only", Key=key, Body=b"a")
    assert s3.get_object(Bucket="tls-only", Key="items/a")["Body"].read() == b"a"
    with pytest.raises(ClientError, match="403"):
        s3.get_object(Bucket="tls-only", Key="secret/a")


def test_a_registry_has_up_to_ten_rules_of_replication(cloud):
    ecr = cloud.client("ecr")

    def rule(name, region="us-west-2"):
        target = {"region": region, "registryId": "111111111111"}
        return {"destinations": [target], "repositoryFilters": [{"filter": name, "filterType": "PREFIX_MATCH"}]}

    def found():
        return ecr.describe_registry()["replicationConfiguration"]["rules"]

    ten = [rule(f"s{number}") for number in range(10)]
    ecr.put_replication_configuration(replicationConfiguration={"rules": ten})
    assert found() == ten
    for refused in ([*ten, rule("one-more")], [rule("fine"), rule("home", "us-east-1")]):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            ecr.put_replication_configuration(replicationConfiguration={"rules": refused})
        assert found() == ten


def test_a_certificate_is_issued_by_dns_and_one_in_use_stays(cloud, network):
    """Issued once its records are there: test_cloudfront.py, tests/unit/plugins/modules/test_tls_modules.py."""
    acm, elb = cloud.client("acm"), cloud.client("elbv2")
    arn = acm.request_certificate(DomainName="a.example.net", SubjectAlternativeNames=["*.a.example.net"])[
        "CertificateArn"
    ]

    def look():
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    assert not any("ResourceRecord" in option for option in look()["DomainValidationOptions"])
    options = look()["DomainValidationOptions"]
    assert len(options) == 2
    assert len({option["ResourceRecord"]["Name"] for option in options}) == 1
    assert (look()["Status"], look()["InUseBy"]) == ("PENDING_VALIDATION", [])
    balancer = elb.create_load_balancer(Name="in-use", Subnets=network["subnets"])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    respond = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    secure = {"Protocol": "HTTPS", "Port": 443, "Certificates": [{"CertificateArn": arn}], "DefaultActions": respond}
    elb.create_listener(LoadBalancerArn=balancer, **secure)
    assert look()["InUseBy"] == [balancer]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    acm.delete_certificate(CertificateArn=arn)


def test_a_batch_of_records_that_does_not_fit_changes_nothing(cloud):
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="example.net", CallerReference="mends")["HostedZone"]["Id"]

    def change(*changes):
        made = [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": name,
                    "Type": "A",
                    "TTL": 60,
                    "ResourceRecords": [{"Value": value}],
                },
            }
            for action, name, value in changes
        ]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": made})

    def found():
        records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return [record["ResourceRecords"][0]["Value"] for record in records if record["Type"] == "A"]

    change(("CREATE", "a.example.net.", "192.0.2.1"))
    for refused in (
        ("CREATE", "A.example.net", "192.0.2.2"),
        ("DELETE", "a.example.net.", "192.0.2.2"),
        ("DELETE", "b.example.net.", "192.0.2.1"),
    ):
        with pytest.raises(ClientError, match="InvalidChangeBatch"):
            change(("CREATE", "c.example.net.", "192.0.2.3"), refused)
    assert found() == ["192.0.2.1"]
    change(("DELETE", "a.example.net.", "192.0.2.1"))
    assert found() == []
    route53.delete_hosted_zone(Id=zone)


def test_a_key_is_known_by_its_arn_and_a_saved_query_by_its_id(cloud):
    kms, logs = cloud.client("kms"), cloud.client("logs")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    made = logs.put_query_definition(name="f/q", queryString="fields @message")["queryDefinitionId"]
    assert [each["queryDefinitionId"] for each in logs.describe_query_definitions()["queryDefinitions"]] == [made]
    assert logs.delete_query_definition(queryDefinitionId=made)["success"] is True
    for unknown in (
        lambda: logs.delete_query_definition(queryDefinitionId=made),
        lambda: logs.put_query_definition(name="f/q", queryString="fields @message", queryDefinitionId=made),
    ):
        with pytest.raises(logs.exceptions.ResourceNotFoundException):
            unknown()


def test_the_name_servers_of_a_zone_are_no_reusable_delegation_set(cloud):
    route53 = cloud.client("route53")
    own = route53.create_reusable_delegation_set(CallerReference="own")["DelegationSet"]["Id"]
    zone = route53.create_hosted_zone(Name="example.net", CallerReference="plain")
    assert len(zone["DelegationSet"]["NameServers"]) == 4
    route53.create_hosted_zone(Name="example.org", CallerReference="with", DelegationSetId=own)
    assert [each["Id"] for each in route53.list_reusable_delegation_sets()["DelegationSets"]] == [own]
    route53.delete_hosted_zone(Id=zone["HostedZone"]["Id"])
    assert [each["Id"] for each in route53.list_reusable_delegation_sets()["DelegationSets"]] == [own]
