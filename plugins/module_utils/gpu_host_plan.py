# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the inputs of role gpu_host, and the documents made from them. Pure: no I/O, no AWS.

Inputs are those of the role without their prefix, all of them present. Ansible does not convert their types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .alarm_plan import alarm
from .llm_fit_plan import REFUSED, Fit, fit
from .service_documents_plan import policy_document, statement
from .service_problems_plan import BUCKET, LOG_RETENTION, TOPIC_ARN, number

Inputs = Mapping[str, Any]
Document = dict[str, Any]

#: CloudWatch, PutMetricAlarm: with a period of an hour or more an alarm looks back a week at most.
LONGEST_HOURS = 168
METRICS_NAMESPACE = "Slipway/LLM"
#: What a host without NAT reaches AWS by. S3 has its gateway endpoint.
ENDPOINTS = ("autoscaling", "ecr.api", "ecr.dkr", "logs", "monitoring", "ssm", "ssmmessages")

#: Input to its least and greatest value.
RANGES = {
    "count": (1, 8),
    "port": (1, 65535),
    "root_volume_gb": (100, 16384),
    "max_hours": (1, LONGEST_HOURS),
    "boot_timeout": (300, 7200),
}
# A target group's and a load balancer's name has 32 characters.
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
DOMAIN = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+")
IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9][a-z0-9._/-]*)@sha256:[0-9a-f]{64}"
)
AMI = re.compile(r"ami-[0-9a-f]{8,17}")
RESERVATION = re.compile(r"cr-[0-9a-f]{8,17}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def fit_of(host: Inputs) -> Fit:
    """Whether the model fits the hosts. Raises ValueError for inputs that make no sense."""
    keys = ("quantization", "instance_type", "tensor_parallel", "context", "concurrency", "utilization", "overhead_gib")
    return fit(host["model"], {key: host[key] for key in keys})


def problems(host: Inputs) -> tuple[str, ...]:
    """All findings, one line each. Empty when the hosts can be built, and the model fits them."""
    checks = (_fits, _names, _numbers, _purchase, _network, _watch)
    return tuple(problem for check in checks for problem in check(host))


def _fits(host: Inputs) -> Iterator[str]:
    try:
        found = fit_of(host)
    except ValueError as error:
        yield str(error)
        return
    if found.verdict == REFUSED:
        best = found.cheapest
        instead = f"the cheapest that takes it is {best['instance_type']}" if best else "no g5 takes it"
        yield (
            f"{found.model} {found.quantization} does not fit {found.instance_type}: {found.reason}; {instead}."
            " playbooks/gpu_plan.yml shows what fits"
        )


def _names(host: Inputs) -> Iterator[str]:
    if not NAME.fullmatch(str(host["name"])):
        yield f"name: must be 2 to 32 lower-case letters, digits and hyphens, got {host['name']!r}"
    if not re.fullmatch(r"[0-9]{12}", str(host["account_id"])):
        yield "account_id: must be 12 digits"
    if not BUCKET.fullmatch(str(host["bucket"])):
        yield f"bucket: {host['bucket']!r} is not a name of a bucket"
    if not DOMAIN.fullmatch(str(host["domain"])):
        yield f"domain: must be a name such as llm.slipway-local.internal, got {host['domain']!r}"
    image = IMAGE.fullmatch(str(host["image"]))
    if image is None:
        yield (
            "image: must be the engine's image in ECR by digest, ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:...,"
            f" got {host['image']!r}"
        )
    elif image["region"] != host["region"]:
        yield f"image: is in {image['region']}, and pulling {host['region']} from there costs time and traffic"
    if host["ami_id"] and not AMI.fullmatch(str(host["ami_id"])):
        yield f"ami_id: must be ami-..., got {host['ami_id']!r}"


def _numbers(host: Inputs) -> Iterator[str]:
    for key, (least, most) in RANGES.items():
        value = number(host[key])
        if value is None or not least <= value <= most:
            yield f"{key}: must be a whole number from {least} to {most}, got {host[key]!r}"
    if number(host["log_retention_days"]) not in LOG_RETENTION:
        yield f"log_retention_days: must be one of {', '.join(map(str, LOG_RETENTION))}"


def _purchase(host: Inputs) -> Iterator[str]:
    reserved = host["purchase"] == "reservation"
    if host["purchase"] not in ("on_demand", "spot", "reservation"):
        yield f"purchase: must be on_demand, spot or reservation, got {host['purchase']!r}"
    if reserved and not RESERVATION.fullmatch(str(host["capacity_reservation_id"])):
        yield f"capacity_reservation_id: must be cr-..., got {host['capacity_reservation_id']!r}"
    if not reserved and host["capacity_reservation_id"]:
        yield "capacity_reservation_id: goes with purchase reservation only"


def _network(host: Inputs) -> Iterator[str]:
    if not host["nat"] and not host["interface_endpoints"]:
        yield (
            "interface_endpoints: private subnets without NAT reach neither ECR nor Systems Manager (the S3 endpoint"
            " carries S3 alone); set it to true, or vpc_nat to something else than none"
        )
    if not host["nat"] and not host["ami_id"]:
        yield (
            "ami_id: without NAT a host can install nothing; give an image of the Deep Learning AMI's kind that has"
            " ansible-core"
        )


def _watch(host: Inputs) -> Iterator[str]:
    topic = str(host["topic_arn"])
    if topic and not TOPIC_ARN.fullmatch(topic):
        yield f"topic_arn: must be the ARN of an SNS topic, got {topic!r}"
    emails = host["budget_emails"]
    for address in emails:
        if not EMAIL.fullmatch(str(address)):
            yield f"budget_emails: {address!r} is not an address"
    try:
        usd = float(host["budget_usd"])
    except (TypeError, ValueError):
        usd = -1.0
    if not 0 <= usd < 1e7:
        yield f"budget_usd: must be dollars a month, 0 for no budget, got {host['budget_usd']!r}"
    if usd > 0 and not emails and not topic:
        yield "budget_usd: a budget that tells nobody is none; give budget_emails or topic_arn"


def log_group(host: Inputs) -> str:
    """Where the hosts write their logs."""
    return f"/gpu/{host['name']}"


def role_name(host: Inputs) -> str:
    """Name of the hosts' IAM role and of their instance profile."""
    return f"{host['name']}-host"


def trust_policy(_host: Inputs) -> Document:
    """Instances may take the role."""
    return policy_document(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )


def instance_policy(host: Inputs) -> Document:
    """What a host may do: fetch weights and image, tell of itself, be reached by Session Manager, and end itself.

    AWS's managed AmazonSSMManagedInstanceCore would let it read every parameter of the account. What Session Manager
    takes: https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    scope = f"{host['region']}:{host['account_id']}"
    bucket = f"arn:aws:s3:::{host['bucket']}"
    image = IMAGE.fullmatch(str(host["image"]))
    place = f"{image['region']}:{image['account']}:repository/{image['repository']}" if image else "*"
    group = f"autoScalingGroup:*:autoScalingGroupName/{host['name']}"
    return policy_document(
        statement("ListWeights", ["s3:ListBucket"], bucket),
        statement("FetchWeights", ["s3:GetObject"], f"{bucket}/*"),
        # The action has no resource type: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        statement("RegistryToken", ["ecr:GetAuthorizationToken"], "*"),
        statement("PullImage", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], f"arn:aws:ecr:{place}"),
        statement(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{scope}:log-group:{log_group(host)}:log-stream:*",
        ),
        # It has none either; the condition keeps the host to its own namespace.
        statement("WriteMetrics", ["cloudwatch:PutMetricData"], "*")
        | {"Condition": {"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}}},
        statement(
            "EndItself",
            ["autoscaling:TerminateInstanceInAutoScalingGroup"],
            f"arn:aws:autoscaling:{scope}:{group}",
        ),
        statement(
            "SessionManager",
            [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "*",
        ),
    )


def launch_template(host: Inputs, security_group_id: str, user_data: str) -> Document:
    """LaunchTemplateData without the image. user_data: Base64."""
    tags = [{"Key": key, "Value": value} for key, value in sorted({**host["tags"], "Name": host["name"]}.items())]
    return {
        "InstanceType": host["instance_type"],
        "IamInstanceProfile": {"Name": role_name(host)},
        "SecurityGroupIds": [security_group_id],
        "UserData": user_data,
        # Version 2 only, and one hop: the container with the model does not get the host's credentials.
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "BlockDeviceMappings": [
            {
                "DeviceName": host["root_device"],
                "Ebs": {
                    "VolumeSize": int(host["root_volume_gb"]),
                    "VolumeType": "gp3",
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
        ],
        # A stopped instance of a group is replaced; one that shuts itself down shall not stay to be paid for.
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
        **_market(host),
    }


def _market(host: Inputs) -> Document:
    if host["purchase"] == "spot":
        return {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}}
    if host["purchase"] == "reservation":
        target = {"CapacityReservationId": host["capacity_reservation_id"]}
        return {"CapacityReservationSpecification": {"CapacityReservationTarget": target}}
    # Never the account's open reservations, which are somebody else's.
    return {"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}}


def uptime_alarm(host: Inputs, off_policy_arn: str) -> Document:
    """Hosts that ran for max_hours without a break are switched off, whatever they think of it themselves."""
    hours = int(host["max_hours"])
    topics = [host["topic_arn"]] if host["topic_arn"] else []
    measured = {
        "namespace": "AWS/AutoScaling",
        "metric_name": "GroupInServiceInstances",
        "dimensions": [{"name": "AutoScalingGroupName", "value": host["name"]}],
        "statistic": "Minimum",
        "period": 3600,
    }
    told = f"GPU hosts of {host['name']} have run for {hours} hours; this switches them off"
    # Without a group there is no metric, and nothing to switch off.
    return alarm(f"{host['name']}-uptime", told, measured, 0.0, [off_policy_arn, *topics], [], periods=hours)


def user_data(host: Inputs, key: str, sha256: str) -> str:
    """The script of the first boot, which fetches one bundle, proves it and starts it: all else is in there."""
    source = f"s3://{host['bucket']}/{key}"
    return f"""#!/bin/bash
set -euo pipefail
umask 077
mkdir -p /opt/slipway
cd /opt/slipway
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  aws s3 cp --region {host["region"]} --no-progress {source} boot.tar && break
  sleep 15
done
echo '{sha256}  boot.tar' | sha256sum --check --strict
tar --extract --no-same-owner --file boot.tar
exec bash boot.sh
"""
