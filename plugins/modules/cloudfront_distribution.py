#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudfront_distribution
version_added: 0.1.0
short_description: A CloudFront distribution, declared in part and kept in the rest
description:
  - M(community.aws.cloudfront_distribution) knows neither origin access control nor CloudFront Functions, has no check
    mode, and shows nothing while it waits.
  - What O(config) declares is laid over the distribution as it is. Settings, origins and behaviors that it does not
    name stay, and so does the order of behaviors. A list that it names (aliases, functions of a behavior) is complete.
  - The distribution is found by its comment, which is O(name). Every write is conditional on what was read, so that a
    change by somebody else in between is not overwritten.
  - Access logs are CloudFront's standard logging (v2), which needs no ACLs on the bucket.
  - Waits until every edge location has the change, and on a later run until an earlier change has got there. Removing
    disables first, waits, and deletes then.
  - Needs C(cloudfront:) ListDistributions, GetDistribution, CreateDistributionWithTags, CreateDistribution,
    UpdateDistribution, DeleteDistribution, ListTagsForResource, TagResource, UntagResource,
    AllowVendedLogDeliveryForResource, C(logs:) GetDeliverySource, GetDeliveryDestination, DescribeDeliveries,
    PutDeliverySource, PutDeliveryDestination, CreateDelivery, DeleteDelivery, DeleteDeliverySource,
    DeleteDeliveryDestination, and with a web ACL C(wafv2:GetWebACL).
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: The comment of the distribution, by which it is found, and the name of its log delivery.
    type: str
    required: true
  config:
    description:
      - Members of C(DistributionConfig) as in the Amazon CloudFront API reference, with plain lists instead of
        C(Quantity) and C(Items). C(CallerReference) and C(Comment) are the module's.
      - C(Origins), C(DefaultCacheBehavior) and C(ViewerCertificate) are required when O(state=present).
    type: dict
  owned_origins:
    description: Ids of origins that are the caller's. One that O(config) does not have is removed, with all behaviors
      that lead to it; origins of other ids are left alone.
    type: list
    elements: str
    default: []
  access_logs:
    description:
      - ARN of the bucket that access logs are delivered to, with a prefix after a slash if wanted. Without it there are
        none.
    type: str
  tags:
    description: Tags of the distribution. Tags not listed are removed.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds to wait for all edge locations.
    type: int
    default: 1800
  progress_file:
    description: File to which progress is appended, one JSON object a line. Set by the action plugin of the same name.
    type: path
  state:
    description: Whether the distribution shall exist.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows the members of the configuration that differ, before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A bucket's distribution
  slipway.ops.cloudfront_distribution:
    region: us-east-1
    name: slipway-staging-site
    access_logs: arn:aws:s3:::slipway-staging-site-logs-222222222222
    owned_origins: [site]
    config:
      Enabled: true
      DefaultRootObject: index.html
      Origins:
        - Id: site
          DomainName: slipway-staging-site-222222222222.s3.us-east-1.amazonaws.com
          OriginAccessControlId: E2QWRUHAPOMQZL
          S3OriginConfig: {OriginAccessIdentity: ""}
      DefaultCacheBehavior:
        TargetOriginId: site
        ViewerProtocolPolicy: redirect-to-https
        CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
      ViewerCertificate: {CloudFrontDefaultCertificate: true}

- name: Remove it
  slipway.ops.cloudfront_distribution:
    region: us-east-1
    name: slipway-staging-site
    state: absent
"""

RETURN = r"""
id:
  description: The distribution's id; empty when there is none, also when check mode would create it.
  returned: success
  type: str
arn:
  description: Its ARN; empty like the id.
  returned: success
  type: str
domain_name:
  description: Its name under cloudfront.net; empty like the id.
  returned: success
  type: str
status:
  description: C(Deployed), or C(InProgress) in check mode while an earlier change is still on its way.
  returned: success
  type: str
steps:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [update, tag]
"""

from typing import Any, NoReturn

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.progress import Progress
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import distribution
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.config_plan import wire
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.distribution_plan import (
    Plan,
    Wanted,
    plan_absent,
    plan_present,
)
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.log_delivery_plan import WantedDelivery

REQUIRED = ("Origins", "DefaultCacheBehavior", "ViewerCertificate")
MEANWHILE = "edge locations that have not got the change yet serve as before"


def wanted_of(params: dict[str, Any]) -> Wanted:
    """The parameters in the planner's terms."""
    bucket = params["access_logs"]
    return Wanted(
        name=params["name"],
        config=wire({**params["config"], "Comment": params["name"]}),
        owned_origins=frozenset(params["owned_origins"]),
        tags={key: str(value) for key, value in params["tags"].items()},
        logs=WantedDelivery(params["name"], bucket, params["tags"]) if bucket else None,
    )


def fail(module: AnsibleAWSModule, run: distribution.Run, plan: Plan, error: AnsibleAWSError) -> NoReturn:
    """Fail, and say what is done already and stays."""
    done = f"Done before: {', '.join(run.done)}" if run.done else "Nothing was changed: visitors are served as before"
    left = [step.action for step in plan.steps][len(run.done) :]
    told = str(error).rstrip(". ")
    message = f"Distribution {run.name}: {told}. {done}. The same playbook, run again, goes on from there"
    module.fail_json(msg=message, changed=bool(run.done), steps=run.done, left=left)


def converge(module: AnsibleAWSModule, run: distribution.Run) -> None:
    """Observe, plan, apply, wait, report."""
    params = module.params
    present = params["state"] == "present"
    plan = Plan({}, {})
    try:
        snapshot = distribution.observe(run.client, run.logs, run.name, with_logs=True)
        plan = plan_present(snapshot, wanted_of(params)) if present else plan_absent(snapshot, run.name)
        if plan.blocked:
            module.fail_json(msg=f"Nothing was changed: {plan.blocked}", changed=False, steps=[])
        live = snapshot.distributions[0] if snapshot.distributions else None
        if not module.check_mode:
            live = distribution.apply(run, plan, live)
            live = distribution.wait_deployed(run, live, MEANWHILE) if live else None
    except AnsibleAWSError as error:
        fail(module, run, plan, error)
    module.exit_json(
        changed=bool(plan.steps),
        id=live.id if live else "",
        arn=live.arn if live else "",
        domain_name=live.domain_name if live else "",
        status=live.status if live else "",
        steps=[step.action for step in plan.steps],
        diff={"before": plan.before, "after": plan.after},
    )


def main() -> None:
    """Read the parameters and converge."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "config": {"type": "dict"},
            "owned_origins": {"type": "list", "elements": "str", "default": []},
            "access_logs": {"type": "str"},
            "tags": {"type": "dict", "default": {}},
            "wait_timeout": {"type": "int", "default": 1800},
            "progress_file": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["config"])],
        supports_check_mode=True,
    )
    params = module.params
    if params["state"] == "present" and (missing := [key for key in REQUIRED if key not in params["config"]]):
        module.fail_json(msg=f"config has no {', '.join(missing)}: nothing was changed")
    run = distribution.Run(
        client=module.client("cloudfront"),
        logs=module.client("logs"),
        name=params["name"],
        say=Progress(params["progress_file"]).say,
        wait_timeout=params["wait_timeout"],
    )
    converge(module, run)


if __name__ == "__main__":
    main()
