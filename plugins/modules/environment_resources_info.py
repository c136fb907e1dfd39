#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: environment_resources_info
version_added: 0.1.0
short_description: List what of an environment stands in its account, and what of that costs money
description:
  - Reads only. Lists by tags, and by name what nobody has to tag, such as secrets, parameters and keys. Says what of it
    no role made, so that C(destroy.yml) leaves it, and what has content.
  - P(slipway.ops.destroy_lines#filter) makes lines of it.
  - AWS goes on listing tags of what has been deleted for a while. Keys that wait for their deletion are left out.
  - Needs C(tag:GetResources), C(logs:DescribeLogGroups), C(secretsmanager:ListSecrets), C(ssm:DescribeParameters),
    C(kms:ListAliases), C(kms:DescribeKey), C(dynamodb:ListBackups), C(ecs:ListClusters), C(s3:ListBucketVersions) and
    C(ecr:ListImages).
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: Name of the environment, with which the names of secrets, parameters and keys of it begin.
    type: str
    required: true
  account_id:
    description: The account.
    type: str
    required: true
  tags:
    description: Tags that all of the environment has.
    type: dict
    required: true
  buckets:
    description: Names of buckets to look into.
    type: list
    elements: str
    default: []
  repositories:
    description: Names of image repositories to look into.
    type: list
    elements: str
    default: []
  table:
    description: Name of the release store, whose backups are listed.
    type: str
    required: true
  key_aliases:
    description: Aliases of KMS keys that roles make, without C(alias/). C(destroy.yml) has these deleted.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.ops.attributes.info
"""

EXAMPLES = r"""
- name: List what stands
  slipway.ops.environment_resources_info:
    name: slipway-staging
    account_id: "222222222222"
    tags:
      slipway:project: slipway
      slipway:environment: staging
    buckets: [slipway-staging-222222222222-alb-logs]
    repositories: [api]
    table: slipway-staging-releases
"""

RETURN = r"""
resources:
  description:
    - What AWS lists, each with C(kind), C(id), C(arn), C(stays) (no role made it), C(cost) in words, empty for nothing,
      and C(remove), the command by which to remove what stays.
  returned: success
  type: list
  elements: dict
holding:
  description: What of the buckets and repositories has content, in words.
  returned: success
  type: list
  elements: str
  sample: ["bucket slipway-staging-222222222222-alb-logs", "image repository api (3 images)"]
"""

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.leftovers import looks
from ansible_collections.slipway.ops.plugins.module_utils.leftovers.leftovers_plan import as_dicts, holding, resources

# CloudFront and its firewalls are tagged there.
GLOBAL = "us-east-1"


def main() -> None:
    """Read, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "account_id": {"type": "str", "required": True},
            "tags": {"type": "dict", "required": True},
            "buckets": {"type": "list", "elements": "str", "default": []},
            "repositories": {"type": "list", "elements": "str", "default": []},
            "table": {"type": "str", "required": True},
            "key_aliases": {"type": "list", "elements": "str", "default": [], "no_log": False},
        },
        supports_check_mode=True,
    )
    params, clients = module.params, OneSession(module)
    elsewhere = None if module.region == GLOBAL else module.client("resourcegroupstaggingapi", region=GLOBAL)
    try:
        buckets, repositories = looks.contents(clients("s3"), clients("ecr"), params["buckets"], params["repositories"])
        wanted = {**params, "region": module.region, "buckets": buckets, "repositories": repositories}
        found = resources(*looks.arns(clients, wanted, elsewhere))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=False, resources=as_dicts(found), holding=holding(buckets, repositories))


if __name__ == "__main__":
    main()
