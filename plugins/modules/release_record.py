#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: release_record
version_added: 0.1.0
short_description: Write down who deployed what, when, and how it went
description:
  - Writes one record into the environment's release store. A record is never changed and never overwritten.
  - The record says in C(schema) which form it has, V(1). A reader that does not know a record's form fails.
  - The id is the time and a hash of the content, so that the same record written twice is one record and no change.
  - A record is data. Texts that came from AWS, from a service or from a branch name are stored as they are, cut at 2000
    characters, lists at 200 entries.
  - Needs C(dynamodb:PutItem) on the table, in check mode C(dynamodb:GetItem).
  - Fails when the table does not exist or DynamoDB cannot be asked, naming table and service.
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
  kind:
    description: What was asked for.
    type: str
    choices: [deploy, continue, rollback, repair]
    required: true
  outcome:
    description: How it ended, as M(slipway.ops.ecs_blue_green) says it.
    type: str
    choices: [promoted, rolled_back, repaired, superseded, awaiting_approval, blocked, failed]
    required: true
  started:
    description: When the run began, in Unix seconds.
    type: float
    required: true
  digest:
    description: Digest of the image; empty when the run never knew it.
    type: str
    default: ""
  image:
    description: The image by digest.
    type: str
    default: ""
  previous_digest:
    description: Digest that had the traffic before.
    type: str
    default: ""
  git_sha:
    description: Commit that the image was built from.
    type: str
    default: ""
  by:
    description: Who ran it.
    type: str
    default: ""
  run_url:
    description: Page of the run.
    type: str
    default: ""
  token:
    description: Fencing token of the lease that the run had, which orders runs even if clocks were wrong. 0 without.
    type: int
    default: 0
  colors:
    description: The color that had the traffic, C(from), and the one that was to have it, C(to).
    type: dict
    default: {}
  timings:
    description: Seconds per stage.
    type: dict
    default: {}
  steps:
    description: The steps as they went.
    type: list
    elements: dict
    default: []
  smoke:
    description: What the smoke checks saw.
    type: list
    elements: dict
    default: []
  reason:
    description: Why it ended as it did, for any other outcome than the one that was asked for.
    type: str
    default: ""
  environment:
    description: Name of the environment.
    type: str
    default: ""
  break_glass:
    description: Why an artifact that no other environment had proven went here all the same. Empty when none did.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Says whether the record would be written.
  diff_mode:
    support: full
    description: Shows the record.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Write down a release
  slipway.ops.release_record:
    table: slipway-staging-releases
    service: api
    kind: deploy
    outcome: promoted
    started: 1795500763.412
    digest: sha256:6f3b1c0e9d5a4b2c8e7f6a5d4c3b2a190817263544536271809f0e1d2c3b4a59
    by: alice
    git_sha: 3f786850e387550fdab836ed7e6dc881de23001b
"""

RETURN = r"""
id:
  description: Name of the record.
  returned: success
  type: str
  sample: 2026-11-24T05:32:43.412Z#0c1d2e3f4a5b
record:
  description: The record as it is stored, and its C(id).
  returned: success
  type: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils import releases
from ansible_collections.slipway.ops.plugins.module_utils.release_record_plan import put_request, record_of

TEXT = {"type": "str", "default": ""}
OUTCOMES = ["promoted", "rolled_back", "repaired", "superseded", "awaiting_approval", "blocked", "failed"]
CONTENT: dict[str, Any] = {
    "service": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["deploy", "continue", "rollback", "repair"], "required": True},
    "outcome": {"type": "str", "choices": OUTCOMES, "required": True},
    "started": {"type": "float", "required": True},
    "digest": TEXT,
    "image": TEXT,
    "previous_digest": TEXT,
    "git_sha": TEXT,
    "by": TEXT,
    "run_url": TEXT,
    "token": {"type": "int", "default": 0, "no_log": False},
    "colors": {"type": "dict", "default": {}},
    "timings": {"type": "dict", "default": {}},
    "steps": {"type": "list", "elements": "dict", "default": []},
    "smoke": {"type": "list", "elements": "dict", "default": []},
    "reason": TEXT,
    "environment": TEXT,
    "break_glass": TEXT,
}


def main() -> None:
    """Write, report."""
    module = AnsibleAWSModule(
        argument_spec={"table": {"type": "str", "required": True}, **CONTENT}, supports_check_mode=True
    )
    table = module.params["table"]
    record = record_of({name: module.params[name] for name in CONTENT})
    try:
        client = module.client("dynamodb")
        if module.check_mode:
            changed = not releases.exists(client, table, record["service"], record["id"])
        else:
            changed = releases.put(client, put_request(table, record))
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(
        changed=changed, id=record["id"], record=record, diff={"before": {} if changed else record, "after": record}
    )


if __name__ == "__main__":
    main()
