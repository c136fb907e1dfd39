#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: environment_info
version_added: 0.1.0
short_description: Read a whole environment as one JSON document
description:
  - Reads what there is of an environment, from AWS and from MongoDB Atlas, and changes nothing. The answer has network,
    load balancer, services with their colors, site, GPU hosts, CI, alarms, leases and the last releases.
  - Without any option it reads the environment of the inventory host that it runs for. The action plugin takes the
    names from the inventory that has the host, even when several inventories were given, of which Ansible itself would
    mix the variables of group C(all).
  - What does not exist is null or an empty list. What cannot be read is an entry of C(problems), and is null or empty,
    too. An option that is empty is not looked for.
  - Fails when the credentials belong to another account than O(account_id), unless O(keep_going) is set.
  - The policy that it needs is the one of docs/status.md. It reads no secret, no object of a bucket but the site's
    C(state/current.json), and no log.
author:
  - Contributors to the Slipway project (@slipway)
options:
  name:
    description: Name of the environment. Without it all other options but O(keep_going) come from the inventory.
    type: str
  account_id:
    description: Number of the AWS account that it must be in.
    type: str
  vpc:
    description: Name of the VPC, its tag C(Name).
    type: str
    default: ""
  load_balancer:
    description: Name of the load balancer.
    type: str
    default: ""
  cluster:
    description: Name of the ECS cluster, with which alarms and groups of schedules begin.
    type: str
    default: ""
  table:
    description: DynamoDB table with leases and records.
    type: str
    default: ""
  services:
    description: The services of the environment.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the service.
        type: str
        required: true
      kind:
        description: Whether visitors reach it.
        type: str
        choices: [web, worker]
        default: web
      engine:
        description: Who moves its traffic, while nothing of it exists yet that tells.
        type: str
        choices: [two_service, native]
        default: two_service
      workers:
        description: Names of what runs beside it.
        type: list
        elements: str
        default: []
      providers:
        description: Names of the LLM APIs that it calls.
        type: list
        elements: str
        default: []
  site:
    description: The static site.
    type: dict
    suboptions:
      name:
        description: Comment of its CloudFront distribution.
        type: str
        default: ""
      bucket:
        description: Its bucket.
        type: str
        default: ""
  gpu:
    description: The GPU hosts.
    type: dict
    suboptions:
      name:
        description: Name of their Auto Scaling group.
        type: str
        default: ""
      model:
        description: What they serve, as the inventory says.
        type: str
        default: ""
  oidc:
    description: What the names of the roles for GitHub Actions begin with.
    type: str
    default: ""
  gate:
    description: Whose proof a release here needs, C(slipway_promotion) of the inventory.
    type: dict
  atlas:
    description: The project in MongoDB Atlas.
    type: dict
    suboptions:
      project_id:
        description: The project, 24 hexadecimal digits.
        type: str
      cluster:
        description: Name of a cluster to look at.
        type: str
      auth:
        description: Whether to log in as a service account or with an API key.
        type: str
        choices: [service_account, api_key]
        default: service_account
      client_id:
        description: The service account's client id. E(MONGODB_ATLAS_CLIENT_ID) is the fallback.
        type: str
      client_secret:
        description: The service account's secret. E(MONGODB_ATLAS_CLIENT_SECRET) is the fallback.
        type: str
      public_key:
        description: The API key's public part. E(MONGODB_ATLAS_PUBLIC_API_KEY) is the fallback.
        type: str
      private_key:
        description: The API key's private part. E(MONGODB_ATLAS_PRIVATE_API_KEY) is the fallback.
        type: str
      base_url:
        description: Where the Administration API is. E(SLIPWAY_ATLAS_URL) is the fallback.
        type: str
        default: https://cloud.mongodb.com
  keep_going:
    description: Answer with a document that holds nothing but the problem when nothing can be read at all.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.ops.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the environment that the inventory describes
  slipway.ops.environment_info:
  register: found

- name: Read a part of one by its names
  slipway.ops.environment_info:
    name: staging
    account_id: "222222222222"
    region: us-east-1
    load_balancer: slipway-staging
    cluster: slipway-staging
    table: slipway-staging-releases
    services:
      - name: api
"""

RETURN = r"""
environment:
  description:
    - The document. docs/status.md says what each key means.
    - Its keys are C(schema), C(name), C(account_id), C(region), C(read_at), C(network), C(load_balancer), C(services),
      C(site), C(gpu), C(atlas), C(ci), C(alarms), C(break_glass) and C(problems).
  returned: success
  type: dict
inventory:
  description: The inventory that has the host, where the options came from it.
  returned: success
  type: str
  sample: inventories/staging
profile:
  description: The AWS profile that was used, empty for the credentials of the process.
  returned: success
  type: str
"""

import time
from types import SimpleNamespace
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.ops.plugins.module_utils.atlas_connection import connect, connection_arguments
from ansible_collections.slipway.ops.plugins.module_utils.aws_session import OneSession
from ansible_collections.slipway.ops.plugins.module_utils.blue_green.observe import Clients
from ansible_collections.slipway.ops.plugins.module_utils.environment import api
from ansible_collections.slipway.ops.plugins.module_utils.environment.document_plan import document, unreadable
from ansible_collections.slipway.ops.plugins.module_utils.environment.model_plan import Wanted, problems_of, wanted_of
from ansible_collections.slipway.ops.plugins.module_utils.environment.observe import observe, services_of

TEXT: dict[str, Any] = {"type": "str", "default": ""}
NAMES: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
SERVICE = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["web", "worker"], "default": "web"},
    "engine": {"type": "str", "choices": ["two_service", "native"], "default": "two_service"},
    "workers": NAMES,
    "providers": NAMES,
}


def arguments() -> dict[str, Any]:
    """The argument spec. Name and account are required here, and optional for whoever has the action plugin."""
    atlas = {**connection_arguments(), "project_id": {"type": "str"}, "cluster": {"type": "str"}}
    return {
        "name": {"type": "str"},
        "account_id": {"type": "str"},
        "vpc": TEXT,
        "load_balancer": TEXT,
        "cluster": TEXT,
        "table": TEXT,
        "services": {"type": "list", "elements": "dict", "default": [], "options": SERVICE},
        "site": {"type": "dict", "options": {"name": TEXT, "bucket": TEXT}},
        "gpu": {"type": "dict", "options": {"name": TEXT, "model": TEXT}},
        "oidc": TEXT,
        "gate": {"type": "dict"},
        "atlas": {"type": "dict", "options": atlas},
        "keep_going": {"type": "bool", "default": False},
    }


def wrong_account(wanted: Wanted, found: str) -> str:
    """One line, empty when it is the right one."""
    if found == wanted.account_id:
        return ""
    return (
        f"wrong account: the credentials belong to {found}, environment {wanted.name} is in {wanted.account_id}, so "
        "nothing was read. Give the environment's own credentials, or name a profile as its slipway_profile"
    )


def read(module: AnsibleAWSModule, clients: Clients, wanted: Wanted, now: float) -> dict[str, Any]:
    """The document. Raises AnsibleAWSError when nothing can be read."""
    told = wrong_account(wanted, api.account(clients.get("sts")))
    if told:
        raise AnsibleAWSError(message=told)
    clients.prepare(services_of(wanted))
    atlas = None
    if wanted.atlas_project:
        atlas = connect(SimpleNamespace(params=module.params["atlas"], warn=module.warn), validate_certs=True)
    return document(wanted, module.region, now, observe(clients, wanted, atlas))


def main() -> None:
    """Read, report."""
    module = AnsibleAWSModule(
        argument_spec=arguments(), required_together=[["name", "account_id"]], supports_check_mode=True
    )
    if not module.params["name"]:
        module.fail_json(msg="name and account_id are needed where the action plugin does not run: nothing was read")
    wanted, now = wanted_of(module.params), time.time()
    told = list(problems_of(wanted))
    if told:
        module.fail_json(msg="; ".join(told))
    try:
        found = read(module, Clients(OneSession(module)), wanted, now)
    except AnsibleAWSError as error:
        if not module.params["keep_going"]:
            module.fail_json_aws_error(error)
        found = unreadable(wanted, module.region, now, " ".join(str(error).split()))
    module.exit_json(changed=False, environment=found)


if __name__ == "__main__":
    main()
