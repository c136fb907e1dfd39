#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: release_record_info
version_added: 0.1.0
short_description: Read who deployed what, when, and how it went
description:
  - Reads the newest records of a service from the environment's release store.
  - Needs C(dynamodb:Query) on the table. Fails when the table does not exist or DynamoDB cannot be asked.
author:
  - Contributors to the Slipway project (@slipway)
options:
  table:
    description: DynamoDB table of the environment's releases, as role C(release_store) makes it.
    type: str
    required: true
  service:
    description: Name of the service.
    type: str
    required: true
  outcomes:
    description: Outcomes to list. All of them by default.
    type: list
    elements: str
    choices: [promoted, rolled_back, repaired, superseded, awaiting_approval, blocked, failed]
    default: []
  limit:
    description: How many records to list, at least 1.
    type: int
    default: 10
extends_documentation_fragment:
  - slipway.ops.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: The last five releases that were promoted
  slipway.ops.release_record_info:
    table: slipway-staging-releases
    service: api
    outcomes: [promoted]
    limit: 5
"""

RETURN = r"""
releases:
  description: The records, newest first, each as M(slipway.ops.release_record) wrote it.
  returned: success
  type: list
  elements: dict
serving:
  description:
    - The newest record whose run left its digest taking the traffic. A rollback that was asked for is one, with the
      digest that it returned to; a deployment that was rolled back is none. Null when there is none.
    - What really serves is in the listener's rule. This is what was proven, by whom, and when.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import releases
from ansible_collections.slipway.ops.plugins.module_utils.release_record_plan import chosen

OUTCOMES = ["promoted", "rolled_back", "repaired", "superseded", "awaiting_approval", "blocked", "failed"]


def main() -> None:
    """Read, report."""
    module = AnsibleAWSModule(
        argument_spec={
            "table": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "outcomes": {"type": "list", "elements": "str", "choices": OUTCOMES, "default": []},
            "limit": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["limit"] < 1:
        module.fail_json(msg=f"limit {params['limit']}: at least 1")
    try:
        records = releases.newest_first(module.client("dynamodb"), params["table"], params["service"])
        found, serving = chosen(records, params["outcomes"], params["limit"])
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(changed=False, releases=found, serving=serving)


if __name__ == "__main__":
    main()
