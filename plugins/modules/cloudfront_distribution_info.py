#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: cloudfront_distribution_info
version_added: 0.1.0
short_description: Find the distribution of a name
description:
  - The distribution whose comment is O(name), as M(slipway.ops.cloudfront_distribution) makes it.
  - M(community.aws.cloudfront_distribution_info) finds distributions by id or alias only. To find one by its comment it
    would describe all of the account.
  - Fails unless there is exactly one, or none where that is allowed. Needs C(cloudfront:) ListDistributions,
      GetDistribution and ListTagsForResource.
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: The comment of the distribution.
    type: str
    required: true
  must_exist:
    description: Whether none is a failure. If it is not, all values are empty.
    type: bool
    default: true
attributes:
  check_mode:
    description: It changes nothing.
    support: full
  diff_mode:
    description: There is nothing to show the difference of.
    support: none
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Find the distribution of the site
  slipway.ops.cloudfront_distribution_info:
    region: us-east-1
    name: slipway-staging
"""

RETURN = r"""
id:
  description: The distribution's id.
  returned: success
  type: str
  sample: E2QWRUHAPOMQZL
arn:
  description: Its ARN.
  returned: success
  type: str
domain_name:
  description: Its name under cloudfront.net.
  returned: success
  type: str
  sample: d111111abcdef8.cloudfront.net
status:
  description: C(Deployed), or C(InProgress) while a change is on its way to the edge locations.
  returned: success
  type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.cloudfront import distribution

MAKE = "ansible-playbook -i INVENTORY playbooks/site.yml"


def main() -> None:
    """Find it, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "must_exist": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    name = module.params["name"]
    try:
        found = distribution.observe(module.client("cloudfront"), None, name, with_logs=False).distributions
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    if not found and not module.params["must_exist"]:
        module.exit_json(changed=False, id="", arn="", domain_name="", status="")
    if not found:
        module.fail_json(msg=f"There is no distribution {name} in this account. `{MAKE}` makes it")
    if len(found) > 1:
        ids = ", ".join(sorted(each.id for each in found))
        module.fail_json(
            msg=f"{len(found)} distributions bear the comment {name}: {ids}. Change the comment of those that are not "
            f"Slipway's, then run `{MAKE}`"
        )
    one = found[0]
    module.exit_json(changed=False, id=one.id, arn=one.arn, domain_name=one.domain_name, status=one.status)


if __name__ == "__main__":
    main()
