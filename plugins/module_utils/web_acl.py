# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""AWS WAF: web ACLs, IP sets and logging, and the log groups in CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry

from .log_groups import log_group
from .web_acl_plan import Acl, IpSet, Plan, Snapshot, Step, Wanted, with_arns

MISSING = "WAFNonexistentItemException"
KEPT = (
    "DataProtectionConfig",
    "CustomResponseBodies",
    "CaptchaConfig",
    "ChallengeConfig",
    "TokenDomains",
    "AssociationConfig",
    "OnSourceDDoSProtectionConfig",
    "ApplicationConfig",
    "MonetizationConfig",
)
"""Members of a web ACL that UpdateWebACL takes and this does not set: sent along as they are."""

# An object made a moment ago is not everywhere yet, and what a deleted one used is in use for a while (error codes of
# the AWS WAF API reference).
_patiently = AWSRetry.jittered_backoff(
    retries=8,
    delay=1,
    max_delay=15,
    catch_extra_error_codes=[
        "WAFAssociatedItemException",
        "WAFInternalErrorException",
        "WAFUnavailableEntityException",
    ],
)


@dataclass
class Firewall:
    """The clients, and what applying gathers."""

    waf: Any
    logs: Any
    name: str
    scope: str
    """CLOUDFRONT or REGIONAL."""
    log_group: str
    arns: dict[str, str] = field(default_factory=dict)
    """IP set -> ARN."""
    arn: str = ""


def observe(firewall: Firewall, wanted: Wanted) -> Snapshot:
    """What there is under the names."""
    waf, scope = firewall.waf, firewall.scope
    summaries = {item["Name"]: item for item in listed(waf, "list_ip_sets", "IPSets", scope)}
    ip_sets = {
        name: get_ip_set(waf, name, scope, summaries[name]["Id"]) for name in wanted.ip_sets if name in summaries
    }
    found = next(
        (item for item in listed(waf, "list_web_acls", "WebACLs", scope) if item["Name"] == firewall.name), None
    )
    acl = described(waf, firewall, found["Id"]) if found else None
    resources = {arn: acl_of(waf, arn) for arn in wanted.resources}
    if acl and scope == "REGIONAL":
        resources |= dict.fromkeys(load_balancers(waf, acl.arn), acl.arn)
    return Snapshot(acl, ip_sets, get_log_group(firewall.logs, firewall.log_group), resources)


def described(waf: Any, firewall: Firewall, identity: str) -> Acl:
    """The web ACL with tags and logging."""
    answer = get_acl(waf, firewall.name, firewall.scope, identity)
    config, arn = answer["WebACL"], answer["WebACL"]["ARN"]
    return Acl(identity, arn, answer["LockToken"], config, tags_of(waf, arn), get_logging(waf, arn))


def apply(firewall: Firewall, plan: Plan, snapshot: Snapshot, tags: Mapping[str, str]) -> None:
    """Make the plan's steps in order; firewall.arn is the web ACL's then."""
    firewall.arns = {name: item.arn for name, item in snapshot.ip_sets.items()}
    firewall.arn = snapshot.acl.arn if snapshot.acl else ""
    for step in plan.steps:
        _DO[step.action](firewall, step, snapshot, tags)


def _put_ip_set(firewall: Firewall, step: Step, snapshot: Snapshot, tags: Mapping[str, str]) -> None:
    live = snapshot.ip_sets.get(step.about)
    if live:
        update_ip_set(firewall.waf, step.about, firewall.scope, live, step.after["addresses"])
        return
    made = create_ip_set(firewall.waf, step.about, firewall.scope, step.after, tags)
    firewall.arns[step.about] = made["Summary"]["ARN"]


def _put_log_group(firewall: Firewall, step: Step, snapshot: Snapshot, tags: Mapping[str, str]) -> None:
    key, there = step.after["kms_key_arn"], snapshot.log_group
    if there is None:
        create_log_group(firewall.logs, step.about, key, tags)
    elif key and key != there["kms_key_arn"]:
        associate_key(firewall.logs, step.about, key)
    elif there["kms_key_arn"] and not key:
        disassociate_key(firewall.logs, step.about)
    put_retention(firewall.logs, step.about, step.after["retention_days"])


def _put_acl(firewall: Firewall, step: Step, snapshot: Snapshot, tags: Mapping[str, str]) -> None:
    document = {**step.after, "Rules": with_arns(step.after["Rules"], firewall.arns)}
    if snapshot.acl is None:
        made = create_acl(firewall.waf, firewall.name, firewall.scope, document, tags)
        firewall.arn = made["Summary"]["ARN"]
        return
    kept = {key: snapshot.acl.config[key] for key in KEPT if snapshot.acl.config.get(key)}
    update_acl(firewall.waf, firewall.name, firewall.scope, snapshot.acl, {**kept, **document})


def _put_logging(firewall: Firewall, step: Step, _snapshot: Snapshot, _tags: Mapping[str, str]) -> None:
    _arn, partition, _service, region, account, _rest = firewall.arn.split(":", 5)
    configuration = {key: value for key, value in step.after.items() if key != "log_group"}
    group = f"arn:{partition}:logs:{region}:{account}:log-group:{firewall.log_group}"
    put_logging(firewall.waf, firewall.arn, group, configuration)


def _put_tags(firewall: Firewall, step: Step, _snapshot: Snapshot, _tags: Mapping[str, str]) -> None:
    new = {key: value for key, value in step.after.items() if step.before.get(key) != value}
    stale = [key for key in step.before if key not in step.after]
    if new:
        tag(firewall.waf, firewall.arn, new)
    if stale:
        untag(firewall.waf, firewall.arn, stale)


def _delete_acl(firewall: Firewall, _step: Step, snapshot: Snapshot, _tags: Mapping[str, str]) -> None:
    if snapshot.acl:
        delete_acl(firewall.waf, firewall.name, firewall.scope, snapshot.acl)


def _delete_ip_set(firewall: Firewall, step: Step, snapshot: Snapshot, _tags: Mapping[str, str]) -> None:
    delete_ip_set(firewall.waf, step.about, firewall.scope, snapshot.ip_sets[step.about])


_DO: dict[str, Any] = {
    "put_ip_set": _put_ip_set,
    "put_log_group": _put_log_group,
    "put_acl": _put_acl,
    "put_logging": _put_logging,
    "put_tags": _put_tags,
    "associate": lambda firewall, step, _snapshot, _tags: associate(firewall.waf, firewall.arn, step.about),
    "disassociate": lambda firewall, step, _snapshot, _tags: disassociate(firewall.waf, step.about),
    "delete_logging": lambda firewall, _step, _snapshot, _tags: delete_logging(firewall.waf, firewall.arn),
    "delete_acl": _delete_acl,
    "delete_ip_set": _delete_ip_set,
    "delete_log_group": lambda firewall, step, _snapshot, _tags: delete_log_group(firewall.logs, step.about),
}


@contextmanager
def _conditional(what: str) -> Iterator[None]:
    """A write under the token of the reading: what somebody else wrote in between is not overwritten."""
    try:
        yield
    except is_boto3_error_code("WAFOptimisticLockException") as error:
        raise AnsibleAWSError(
            message=f"{what} was changed by somebody else in the last seconds, and nothing of that was overwritten: "
            "visitors are guarded as it now says. Run the same playbook again, with --check --diff first if in doubt"
        ) from error


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS WAF takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


@ApiErrors.common_error_handler("list the firewall's objects ({operation})")
@retry
def listed(client: Any, operation: str, key: str, scope: str) -> list[dict[str, Any]]:
    """All items of one of AWS WAF's lists; botocore has no paginators for it."""
    found, marker = [], {}
    while True:
        answer = getattr(client, operation)(Scope=scope, Limit=100, **marker)
        found.extend(answer.get(key, []))
        # AWS WAF gives a marker with the last page, too, as long as that is not empty.
        if not answer.get("NextMarker") or not answer.get(key):
            return found
        marker = {"NextMarker": answer["NextMarker"]}


@ApiErrors.common_error_handler("describe IP set {name}")
@retry
def get_ip_set(client: Any, name: str, scope: str, identity: str) -> IpSet:
    answer = client.get_ip_set(Name=name, Scope=scope, Id=identity)
    found = answer["IPSet"]
    return IpSet(found["IPAddressVersion"], tuple(found["Addresses"]), identity, found["ARN"], answer["LockToken"])


@ApiErrors.common_error_handler("create IP set {name}")
@retry
def create_ip_set(
    client: Any, name: str, scope: str, document: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, Any]:
    return client.create_ip_set(
        Name=name,
        Scope=scope,
        IPAddressVersion=document["version"],
        Addresses=document["addresses"],
        **({"Tags": tag_list(tags)} if tags else {}),
    )


@ApiErrors.common_error_handler("update IP set {name}")
@_patiently
def update_ip_set(client: Any, name: str, scope: str, live: IpSet, addresses: list[str]) -> None:
    with _conditional(f"IP set {name}"):
        client.update_ip_set(Name=name, Scope=scope, Id=live.id, Addresses=addresses, LockToken=live.token)


@ApiErrors.common_error_handler("delete IP set {name}")
@_patiently
def delete_ip_set(client: Any, name: str, scope: str, live: IpSet) -> None:
    with _conditional(f"IP set {name}"):
        client.delete_ip_set(Name=name, Scope=scope, Id=live.id, LockToken=live.token)


@ApiErrors.common_error_handler("describe web ACL {name}")
@retry
def get_acl(client: Any, name: str, scope: str, identity: str) -> dict[str, Any]:
    return client.get_web_acl(Name=name, Scope=scope, Id=identity)


@ApiErrors.common_error_handler("create web ACL {name}")
@_patiently
def create_acl(
    client: Any, name: str, scope: str, document: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, Any]:
    more = {"Tags": tag_list(tags)} if tags else {}
    return client.create_web_acl(Name=name, Scope=scope, **document, **more)


@ApiErrors.common_error_handler("update web ACL {name}")
@_patiently
def update_acl(client: Any, name: str, scope: str, live: Acl, document: Mapping[str, Any]) -> None:
    with _conditional(f"Web ACL {name}"):
        client.update_web_acl(Name=name, Scope=scope, Id=live.id, LockToken=live.token, **document)


@ApiErrors.common_error_handler("delete web ACL {name}")
@_patiently
def delete_acl(client: Any, name: str, scope: str, live: Acl) -> None:
    with _conditional(f"Web ACL {name}"):
        client.delete_web_acl(Name=name, Scope=scope, Id=live.id, LockToken=live.token)


@ApiErrors.common_error_handler("list the tags of {arn}")
@retry
def tags_of(client: Any, arn: str) -> dict[str, str]:
    """All but AWS's own. A resource has 50 tags at most, a page 100."""
    found = client.list_tags_for_resource(ResourceARN=arn, Limit=100)["TagInfoForResource"].get("TagList", [])
    return {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("aws:")}


@ApiErrors.common_error_handler("tag {arn}")
@retry
def tag(client: Any, arn: str, tags: Mapping[str, str]) -> None:
    client.tag_resource(ResourceARN=arn, Tags=tag_list(tags))


@ApiErrors.common_error_handler("untag {arn}")
@retry
def untag(client: Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(ResourceARN=arn, TagKeys=keys)


@ApiErrors.common_error_handler("describe the log of {arn}")
@retry
def get_logging(client: Any, arn: str) -> dict[str, Any] | None:
    try:
        return client.get_logging_configuration(ResourceArn=arn)["LoggingConfiguration"]
    except is_boto3_error_code(MISSING):
        return None


@ApiErrors.common_error_handler("put the log of {arn}")
@_patiently
def put_logging(client: Any, arn: str, group: str, configuration: Mapping[str, Any]) -> None:
    client.put_logging_configuration(
        LoggingConfiguration={"ResourceArn": arn, "LogDestinationConfigs": [group], **configuration}
    )


@ApiErrors.common_error_handler("stop the log of {arn}")
@retry
def delete_logging(client: Any, arn: str) -> None:
    client.delete_logging_configuration(ResourceArn=arn)


@ApiErrors.common_error_handler("find the web ACL of {resource}")
@retry
def acl_of(client: Any, resource: str) -> str:
    """ARN of the web ACL that protects a load balancer, empty when none does."""
    try:
        answer = client.get_web_acl_for_resource(ResourceArn=resource)
    except is_boto3_error_code(MISSING):
        return ""
    return answer.get("WebACL", {}).get("ARN", "")


@ApiErrors.common_error_handler("list what {arn} protects")
@retry
def load_balancers(client: Any, arn: str) -> list[str]:
    answer = client.list_resources_for_web_acl(WebACLArn=arn, ResourceType="APPLICATION_LOAD_BALANCER")
    return answer.get("ResourceArns", [])


@ApiErrors.common_error_handler("protect {resource} by {arn}")
@_patiently
def associate(client: Any, arn: str, resource: str) -> None:
    client.associate_web_acl(WebACLArn=arn, ResourceArn=resource)


@ApiErrors.common_error_handler("take the web ACL off {resource}")
@retry
def disassociate(client: Any, resource: str) -> None:
    client.disassociate_web_acl(ResourceArn=resource)


def get_log_group(client: Any, name: str) -> dict[str, Any] | None:
    group = log_group(client, name)
    if group is None:
        return None
    return {"retention_days": group.get("retentionInDays", 0), "kms_key_arn": group.get("kmsKeyId", "")}


@ApiErrors.common_error_handler("create log group {name}")
@retry
def create_log_group(client: Any, name: str, key: str, tags: Mapping[str, str]) -> None:
    more = {"kmsKeyId": key, "tags": dict(tags)}
    client.create_log_group(logGroupName=name, **{name: value for name, value in more.items() if value})


@ApiErrors.common_error_handler("put the retention of log group {name}")
@retry
def put_retention(client: Any, name: str, days: int) -> None:
    client.put_retention_policy(logGroupName=name, retentionInDays=days)


@ApiErrors.common_error_handler("give log group {name} its key")
@retry
def associate_key(client: Any, name: str, key: str) -> None:
    client.associate_kms_key(logGroupName=name, kmsKeyId=key)


@ApiErrors.common_error_handler("take the key of log group {name}")
@retry
def disassociate_key(client: Any, name: str) -> None:
    client.disassociate_kms_key(logGroupName=name)


@ApiErrors.common_error_handler("delete log group {name}")
@retry
def delete_log_group(client: Any, name: str) -> None:
    client.delete_log_group(logGroupName=name)
