#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acm_certificate_request
version_added: 0.1.0
short_description: A public certificate of AWS Certificate Manager, requested, proven by DNS, and waited for
description:
  - M(community.aws.acm_certificate) imports certificates, and requests none.
  - A certificate is known by O(name), in a tag. It is used again for exactly the same domains, and one is requested if
    there is none, if its domains differ, or if it failed, timed out or expired. Names of a certificate cannot be
    changed; the one before stays until nothing uses it, and goes with O(purge).
  - ACM renews a certificate by itself as long as its validation records stay in DNS.
  - Needs C(acm:) ListCertificates, ListTagsForCertificate, DescribeCertificate, RequestCertificate,
    AddTagsToCertificate and DeleteCertificate.
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: By which its certificates are known, in the tag C(slipway:certificate).
    type: str
    required: true
  domains:
    description: The names that it is for, the main one first. Required when O(state=present).
    type: list
    elements: str
    default: []
  state:
    description: Whether it exists. A certificate that is in use is not deleted, which is a failure.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description: Delete certificates of O(name) that are not needed and that nothing uses.
    type: bool
    default: false
  wait:
    description: Wait until it is issued, for which the records have to be in DNS. Not in check mode.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 900
  tags:
    description: Tags of a certificate that is requested.
    type: dict
    default: {}
extends_documentation_fragment:
  - slipway.ops.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Certificate of the load balancer
  slipway.ops.acm_certificate_request:
    name: slipway-staging-alb
    domains: [api.example.com]
  register: certificate

- name: Once its validation_records are in DNS
  slipway.ops.acm_certificate_request:
    name: slipway-staging-alb
    domains: [api.example.com]
    wait: true
"""

RETURN = r"""
arn:
  description: The certificate's ARN. Empty when it is absent, and in check mode before it is requested.
  returned: success
  type: str
status:
  description: As ACM has it.
  returned: success
  type: str
  sample: PENDING_VALIDATION
validation_records:
  description:
    - CNAME records that prove the domains. They have to stay, or ACM cannot renew the certificate.
    - With O(state=absent), those that proved the domains of what was deleted.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "_3f.api.example.com.", "type": "CNAME", "values": ["_9c.acm-validations.aws."]}]
dropped_domains:
  description: Names of superseded certificates that are not among O(domains).
  returned: success
  type: list
  elements: str
dropped_records:
  description: Records that proved the names of superseded certificates, and none of the certificate's.
  returned: success
  type: list
  elements: dict
superseded:
  description: ARNs of certificates of this name that are not needed and that nothing uses.
  returned: success
  type: list
  elements: str
steps:
  description: The changes, in order.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "request", "name": "api.example.com"}]
"""

import uuid
from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.slipway.ops.plugins.module_utils import certificate_plan as planning
from ansible_collections.slipway.ops.plugins.module_utils.api import ApiErrors, retry
from ansible_collections.slipway.ops.plugins.module_utils.certificate_plan import Certificate, Plan
from ansible_collections.slipway.ops.plugins.module_utils.settling import settled

TAG = "slipway:certificate"
_GONE = "ResourceNotFoundException"
#: ACM tells the records some seconds after the request (ACM user guide, "DNS validation").
RECORDS_TIMEOUT = 60.0


@ApiErrors.common_error_handler("list the certificates")
@retry
def list_arns(client: Any) -> list[str]:
    """ARNs of those that ACM issues. RSA of 2048 bits, which ListCertificates lists unasked, is what is requested."""
    pages = client.get_paginator("list_certificates").paginate()
    summaries = [item for page in pages for item in page["CertificateSummaryList"]]
    return [item["CertificateArn"] for item in summaries if item.get("Type", "AMAZON_ISSUED") == "AMAZON_ISSUED"]


@ApiErrors.common_error_handler("read the tags of certificate {arn}")
@retry
def tags_of(client: Any, arn: str) -> dict[str, str]:
    """None of one that has gone meanwhile."""
    try:
        return boto3_tag_list_to_ansible_dict(client.list_tags_for_certificate(CertificateArn=arn)["Tags"])
    except is_boto3_error_code(_GONE):
        return {}


@ApiErrors.common_error_handler("describe certificate {arn}")
@retry
def describe(client: Any, arn: str) -> Certificate:
    """As the plan has it."""
    found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    others = [name for name in found["SubjectAlternativeNames"] if name != found["DomainName"]]
    records = [item["ResourceRecord"] for item in found.get("DomainValidationOptions", []) if "ResourceRecord" in item]
    return Certificate(
        arn=arn,
        domains=planning.normalized([found["DomainName"], *others]),
        status=found["Status"],
        in_use=bool(found.get("InUseBy")),
        requested=found["CreatedAt"].timestamp(),
        records=tuple(sorted({(item["Name"], item["Value"]) for item in records})),
        reason=found.get("FailureReason", ""),
    )


@ApiErrors.common_error_handler("request a certificate for {domains}")
@retry
def request(client: Any, domains: tuple[str, ...], tags: dict[str, str], token: str) -> str:
    """ARN of the new certificate. A retry with the same token is the same request."""
    extra = {"SubjectAlternativeNames": list(domains)} if len(domains) > 1 else {}
    return client.request_certificate(
        DomainName=domains[0],
        ValidationMethod="DNS",
        IdempotencyToken=token,
        Tags=ansible_dict_to_boto3_tag_list(tags),
        **extra,
    )["CertificateArn"]


@ApiErrors.common_error_handler("delete certificate {arn}")
@retry
def delete(client: Any, arn: str) -> None:
    """One that is gone already is no error."""
    try:
        client.delete_certificate(CertificateArn=arn)
    except is_boto3_error_code(_GONE):
        pass


def observe(client: Any, name: str) -> list[Certificate]:
    """All that were requested under the name, whatever became of them."""
    return [describe(client, arn) for arn in list_arns(client) if tags_of(client, arn).get(TAG) == name]


def apply(client: Any, plan: Plan, domains: tuple[str, ...], tags: dict[str, str]) -> str:
    """Do the steps; the ARN of the certificate that is meant."""
    arn = plan.use.arn if plan.use else ""
    for action, what in plan.steps:
        if action == planning.REQUEST:
            arn = request(client, domains, tags, uuid.uuid4().hex)
        else:
            delete(client, what)
    return arn


def waited_for(module: AnsibleAWSModule, client: Any, arn: str) -> Certificate:
    """The certificate with its records, issued if that is to be waited for; fails when it is not."""

    def look() -> Certificate:
        return describe(client, arn)

    found, told = settled(look, planning.with_records, RECORDS_TIMEOUT)
    issued = True
    if module.params["wait"] and told:
        found, issued = settled(
            look, lambda each: each.status != planning.PENDING, module.params["wait_timeout"] if found.may_serve else 0
        )
    if not found.may_serve or not issued or not told:
        module.fail_json(msg=not_issued(module, found, told), arn=arn, status=found.status)
    return found


def not_issued(module: AnsibleAWSModule, found: Certificate, told: bool) -> str:
    """What happened, to what, what is served, and what to do."""
    if not told:
        why = f"ACM has not told its validation records for {RECORDS_TIMEOUT:.0f} s"
    elif found.status == planning.PENDING:
        records = ", ".join(f"{name} CNAME {value}" for name, value in found.records)
        why = (
            f"ACM has not found its validation records for {module.params['wait_timeout']} s: {records}. Look whether "
            f"the internet finds them, with dig {found.records[0][0]} CNAME; if not, give the zone's name servers to "
            "the zone above it"
        )
    else:
        why = planning.remedy(found)
    return (
        f"certificate {found.arn} for {', '.join(found.domains)} is not issued: {why}. Load balancer and site serve "
        "what they served before; then run again: ansible-playbook -i INVENTORY playbooks/site.yml"
    )


def plan_of(module: AnsibleAWSModule, client: Any, domains: tuple[str, ...]) -> Plan:
    """What is to do; fails on what cannot be done."""
    found = observe(client, module.params["name"])
    if module.params["state"] == "present":
        return planning.plan_present(found, domains, module.params["purge"])
    plan = planning.plan_absent(found)
    if used := planning.blocked_by(plan):
        module.fail_json(
            msg=f"certificate {', '.join(used)} is in use by a load balancer or a distribution, and was not deleted: "
            "nothing was changed"
        )
    return plan


def shown_records(records: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """As slipway.ops.dns_records takes them."""
    return [{"name": name, "type": "CNAME", "values": [value]} for name, value in records]


def result(plan: Plan, found: Certificate | None, domains: tuple[str, ...]) -> dict[str, Any]:
    """What the module returns, whether it did the steps or would."""
    leaving = () if found or plan.use else plan.superseded
    records = sorted({record for each in ([found] if found else leaving) for record in each.records})
    dropped, unproven = planning.dropped(plan, domains)
    wanted = {"domains": list(domains)} if plan.use or (planning.REQUEST, *domains[:1]) in plan.steps else {}
    return {
        "changed": plan.changed,
        "arn": found.arn if found else "",
        "status": found.status if found else "",
        "validation_records": shown_records(records),
        "dropped_domains": dropped,
        "dropped_records": shown_records(unproven),
        "superseded": [each.arn for each in plan.superseded],
        "steps": [{"action": action, "name": what} for action, what in plan.steps],
        "diff": {"before": planning.shown(plan.use), "after": wanted},
    }


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "domains": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "purge": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 900},
            "tags": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    params = module.params
    domains = planning.normalized(params["domains"])
    if params["state"] == "present" and not all(domains or [""]):
        module.fail_json(msg=f"certificate {params['name']} needs domains, none of them empty: nothing was changed")
    try:
        client = module.client("acm")
        plan = plan_of(module, client, domains)
        found = plan.use
        if not module.check_mode:
            arn = apply(client, plan, domains, params["tags"] | {TAG: params["name"]})
            found = waited_for(module, client, arn) if arn else None
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(**result(plan, found, domains))


if __name__ == "__main__":
    main()
