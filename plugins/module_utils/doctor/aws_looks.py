# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the doctor reads of AWS: one call, one function, and a look that never raises."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

with suppress(ImportError):  # AnsibleAWSModule says what is missing
    from botocore.exceptions import BotoCoreError, ClientError

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ..api import ApiErrors, retry
from .account_plan import Identity
from .names_plan import Certificate
from .row_plan import Unread

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# SimulatePrincipalPolicy answers a page of a hundred results at most; fewer names keep a call quick.
ACTIONS_A_CALL = 40


def look(read: Callable[[], Any]) -> Any:
    """What READ returns, or an Unread with the reason."""
    try:
        return read()
    except AnsibleAWSError as error:
        cause = error.exception or error
        code = getattr(cause, "response", {}).get("Error", {}).get("Code", "")
        return Unread(" ".join(str(cause).split()), denied=code in _DENIED)


def caller(client: Any) -> tuple[Identity | Unread, float | Unread]:
    """Who calls, and by how many seconds this machine is ahead of AWS, which refusals tell, too."""
    begun = time.time()
    try:
        answer = client.get_caller_identity()
    except ClientError as error:
        return Unread(" ".join(str(error).split())), _skew(error.response, begun)
    except BotoCoreError as error:
        why = Unread(" ".join(str(error).split()))
        return why, why
    return Identity(answer["Account"], answer["Arn"]), _skew(answer, begun)


def _skew(answer: dict[str, Any], begun: float) -> float | Unread:
    """The header has whole seconds, cut off; our time is the middle of the call."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        theirs = parsedate_to_datetime(told).timestamp() + 0.5
    except (TypeError, ValueError):
        return Unread("its answer has no readable Date")
    skew = (begun + time.time()) / 2 - theirs
    return 0.0 if abs(skew) < 1 else skew


@ApiErrors.common_error_handler("describe region {region}")
@retry
def opted(client: Any, region: str) -> str | None:
    """OptInStatus of a region; None if there is no such region."""
    try:
        found = client.describe_regions(RegionNames=[region], AllRegions=True)["Regions"]
    except is_boto3_error_code("InvalidParameterValue"):
        return None
    return found[0].get("OptInStatus", "opt-in-not-required")


@ApiErrors.common_error_handler("describe the availability zones")
@retry
def zones(client: Any) -> dict[str, str]:
    return {each["ZoneName"]: each["State"] for each in client.describe_availability_zones()["AvailabilityZones"]}


@ApiErrors.common_error_handler("read the limits of load balancers")
@retry
def balancer_limits(client: Any) -> dict[str, float]:
    pages = client.get_paginator("describe_account_limits").paginate()
    return {each["Name"]: float(each["Max"]) for page in pages for each in page["Limits"]}


@ApiErrors.common_error_handler("read quota {code} of {service}")
@retry
def quota(client: Any, service: str, code: str) -> float | None:
    """The quota as applied to the account, or AWS's default; None if AWS knows no such quota in this region."""
    for read in (client.get_service_quota, client.get_aws_default_service_quota):
        with suppress(is_boto3_error_code("NoSuchResourceException")):
            return float(read(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])
    return None


@ApiErrors.common_error_handler("describe the VPCs")
@retry
def others_vpcs(client: Any, own: dict[str, str]) -> int:
    pages = client.get_paginator("describe_vpcs").paginate()
    return sum(not _is_own(each, own) for page in pages for each in page["Vpcs"])


@ApiErrors.common_error_handler("describe the elastic IP addresses")
@retry
def others_addresses(client: Any, own: dict[str, str]) -> int:
    return sum(not _is_own(each, own) for each in client.describe_addresses()["Addresses"])


@ApiErrors.common_error_handler("describe the target groups")
@retry
def others_target_groups(client: Any, own: list[str]) -> int:
    pages = client.get_paginator("describe_target_groups").paginate()
    return sum(each["TargetGroupName"] not in own for page in pages for each in page["TargetGroups"])


def _is_own(resource: dict[str, Any], own: dict[str, str]) -> bool:
    """own: the tags that all of the environment has."""
    tags = {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}
    return bool(own) and own.items() <= tags.items()


@ApiErrors.common_error_handler("describe instance type {name}")
@retry
def vcpus(client: Any, name: str) -> int:
    return client.describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0]["VCpuInfo"]["DefaultVCpus"]


@ApiErrors.common_error_handler("describe certificate {arn}")
@retry
def certificate(client: Any, arn: str) -> Certificate | None:
    try:
        found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    except is_boto3_error_code("ResourceNotFoundException"):
        return None
    ends = found.get("NotAfter")
    names = dict.fromkeys([found["DomainName"], *found.get("SubjectAlternativeNames", [])])
    renewal = found.get("RenewalSummary", {}).get("RenewalStatus", "")
    return Certificate(arn, found["Status"], tuple(names), ends and ends.timestamp(), renewal)


@ApiErrors.common_error_handler("list the certificates for {domain}")
@retry
def certificate_for(client: Any, domain: str) -> str:
    """ARN of the newest certificate whose main name this is, issued or about to be; empty if there is none."""
    # Without the filter by key types ACM lists RSA of 2048 bits only (ACM API reference, Filters).
    kinds = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]
    states = ["ISSUED", "PENDING_VALIDATION", "EXPIRED"]
    pages = client.get_paginator("list_certificates").paginate(CertificateStatuses=states, Includes={"keyTypes": kinds})
    found = [each for page in pages for each in page["CertificateSummaryList"] if each["DomainName"] == domain]
    return max(found, key=lambda each: str(each.get("CreatedAt", "")))["CertificateArn"] if found else ""


@ApiErrors.common_error_handler("find hosted zone {name}")
@retry
def zones_named(client: Any, name: str) -> list[bool]:
    """Of each hosted zone of that name, whether it is private."""
    found = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    same = [each for each in found if each["Name"].rstrip(".") == name.rstrip(".")]
    return [each["Config"]["PrivateZone"] for each in same]


@ApiErrors.common_error_handler("read role {name}")
@retry
def role_arn(client: Any, name: str) -> str:
    return client.get_role(RoleName=name)["Role"]["Arn"]


@ApiErrors.common_error_handler("simulate the policies of {principal}")
@retry
def simulate(
    client: Any, principal: str, actions: list[str], resources: list[str], context: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """context: key of a condition -> its values."""
    kinds = {False: "string", True: "stringList"}
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": values, "ContextKeyType": kinds[len(values) > 1]}
        for key, values in context.items()
    ]
    pages = client.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal, ActionNames=actions, ResourceArns=resources, ContextEntries=entries
    )
    return [result for page in pages for result in page["EvaluationResults"]]
