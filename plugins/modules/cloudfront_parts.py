#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudfront_parts
version_added: 0.1.0
short_description: What a CloudFront distribution refers to by id
description:
  - There are no stock modules of origin access controls, cache policies and functions, and
    M(community.aws.cloudfront_response_headers_policy) writes on every run, tells a change by the clock, and in check
    mode always says changed.
  - Converges any number of these objects by their names in one task. What O(parts[].config) declares is laid over what
    is there; members it does not name stay.
  - A function is written and then published, since only what is published is what visitors meet.
  - Needs C(cloudfront:) List, Get, Create, Update and Delete of OriginAccessControls, CachePolicies and
    ResponseHeadersPolicies, DescribeFunction, GetFunction, CreateFunction, UpdateFunction, PublishFunction and
    DeleteFunction.
author:
  - Contributors to the Slipway project (@slipway)
options:
  parts:
    description: The objects.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [origin_access_control, cache_policy, response_headers_policy, function]
        required: true
      name:
        description: Its name, by which it is found.
        type: str
        required: true
      config:
        description: Its configuration as in the Amazon CloudFront API reference (C(OriginAccessControlConfig),
          C(CachePolicyConfig), C(ResponseHeadersPolicyConfig), C(FunctionConfig)), with plain lists instead of
          C(Quantity) and C(Items), and without the name.
        type: dict
      code:
        description: The source of a function.
        type: str
  state:
    description: Whether the objects shall exist. They cannot be deleted while a distribution refers to them.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows the objects that differ before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Sign requests to the bucket, and let documents be revalidated
  slipway.ops.cloudfront_parts:
    parts:
      - kind: origin_access_control
        name: slipway-staging-site
        config:
          SigningProtocol: sigv4
          SigningBehavior: always
          OriginAccessControlOriginType: s3
      - kind: cache_policy
        name: slipway-staging-site-documents
        config:
          MinTTL: 0
          DefaultTTL: 0
          MaxTTL: 31536000
"""

RETURN = r"""
ids:
  description: By kind and name the id of each object, of a function its ARN. None of what check mode would create.
  returned: success
  type: dict
  sample: {origin_access_control: {slipway-staging-site: E2QWRUHAPOMQZL}}
steps:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [create function slipway-staging-site]
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import parts
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront.parts_plan import (
    KINDS,
    declared,
    plan_absent,
    plan_present,
)

PART = {
    "kind": {"type": "str", "required": True, "choices": sorted(KINDS)},
    "name": {"type": "str", "required": True},
    "config": {"type": "dict"},
    "code": {"type": "str"},
}


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "parts": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": PART,
                "required_if": [("kind", "function", ["code"])],
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    present = module.params["state"] == "present"
    wanted = [declared(part) for part in module.params["parts"]]
    try:
        client = module.client("cloudfront")
        live = parts.observe(client, wanted)
        plan = plan_present(live, wanted) if present else plan_absent(live)
        created = {} if module.check_mode else parts.apply(client, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    known = {(part.kind, part.name): part.id for part in live} | created if present else {}
    ids: dict[str, dict[str, Any]] = {}
    for (kind, name), identity in known.items():
        ids.setdefault(kind, {})[name] = identity
    module.exit_json(changed=bool(plan.steps), ids=ids, steps=[step.label for step in plan.steps], diff=plan.diff())


if __name__ == "__main__":
    main()
