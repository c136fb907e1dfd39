#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: s3_private_buckets
version_added: 0.1.0
short_description: S3 buckets that nobody else can read
description:
  - M(amazon.aws.s3_bucket) and M(community.aws.s3_lifecycle) have neither check mode nor diff, and take a task for each
    bucket and each lifecycle rule. This module converges any number of buckets in one task.
  - Every bucket blocks all public access and belongs, with all objects, to its owner (BucketOwnerEnforced, no ACLs),
    which is not to be switched off. The other settings are left alone when they are not given.
  - Objects are never read or written. A bucket to be removed is emptied first, all versions of all objects.
  - Needs C(s3:) ListBucket, CreateBucket, Get and Put of BucketPublicAccessBlock, BucketOwnershipControls,
    EncryptionConfiguration, BucketVersioning, LifecycleConfiguration, BucketLogging, BucketTagging and BucketPolicy,
    and to remove ListBucketVersions, DeleteObject, DeleteObjectVersion and DeleteBucket.
author:
  - Contributors to the Slipway project (@slipway)
options:
  buckets:
    description: The buckets, in the order in which they are made.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the bucket; unique in all of AWS.
        type: str
        required: true
      kms_key_arn:
        description: ARN of the KMS key that encrypts objects; empty for SSE-S3.
        type: str
      versioning:
        description: Whether replaced and deleted objects are kept as versions.
        type: bool
      lifecycle_rules:
        description: All rules of the lifecycle, as in the Amazon S3 API reference (C(LifecycleRule)).
        type: list
        elements: dict
      access_log:
        description: Where S3's server access log of the bucket goes.
        type: dict
        suboptions:
          bucket:
            description: Name of the bucket that gets it.
            type: str
            required: true
          prefix:
            description: What its keys begin with.
            type: str
            required: true
      tags:
        description: All tags of the bucket.
        type: dict
      policy:
        description: The bucket policy.
        type: dict
  state:
    description: Whether the buckets shall exist.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Says what would be changed.
  diff_mode:
    support: full
    description: Shows the settings that differ before and after.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: A private bucket whose replaced objects are kept for a month
  slipway.ops.s3_private_buckets:
    buckets:
      - name: slipway-staging-site-222222222222
        kms_key_arn: ""
        versioning: true
        lifecycle_rules:
          - ID: versions
            Status: Enabled
            Filter: {Prefix: ""}
            NoncurrentVersionExpiration: {NoncurrentDays: 30}
"""

RETURN = r"""
steps:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["create slipway-staging-site-222222222222", "slipway-staging-site-222222222222: encryption"]
"""

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import private_buckets
from ansible_collections.slipway.ops.plugins.module_utils.private_buckets_plan import (
    plan_absent,
    plan_present,
    wanted_settings,
)

BUCKET = {
    "name": {"type": "str", "required": True},
    "kms_key_arn": {"type": "str", "no_log": False},
    "versioning": {"type": "bool"},
    "lifecycle_rules": {"type": "list", "elements": "dict"},
    "access_log": {
        "type": "dict",
        "options": {"bucket": {"type": "str", "required": True}, "prefix": {"type": "str", "required": True}},
    },
    "tags": {"type": "dict"},
    "policy": {"type": "dict"},
}


def main() -> None:
    """Observe, plan, apply, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "buckets": {"type": "list", "elements": "dict", "required": True, "options": BUCKET},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    present = module.params["state"] == "present"
    wanted = {bucket["name"]: wanted_settings(bucket) if present else {} for bucket in module.params["buckets"]}
    try:
        client = module.client("s3")
        live = private_buckets.observe(client, wanted)
        plan = plan_present(live, wanted) if present else plan_absent(live)
        if not module.check_mode:
            private_buckets.apply(client, plan)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=bool(plan.steps), steps=[step.label for step in plan.steps], diff=plan.diff())


if __name__ == "__main__":
    main()
