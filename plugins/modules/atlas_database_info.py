#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: atlas_database_info
version_added: "0.1.0"
short_description: Read a cluster of MongoDB Atlas and its database users, and fail if they cannot be read
description:
  - M(community.mongodb.mongodb_atlas_cluster) and M(community.mongodb.mongodb_atlas_user) take a broken connection and
    every 404 for absence, name no reason for other refusals, and wait for nothing. This module reads the same things
    with nothing but absence taken for absence, and can wait until a cluster is IDLE.
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  users:
    description: Names of database users, in the database V(admin).
    type: list
    elements: str
    default: []
  wait:
    description: Whether to wait until the cluster is IDLE. A cluster that does not exist is then a failure.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait at most.
    type: float
    default: 3600
  poll_interval:
    description: Seconds between two looks while waiting.
    type: float
    default: 15
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - slipway.ops.atlas
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Read the cluster
  slipway.ops.atlas_database_info:
    project_id: 6500aa11bb22cc33dd44ee55
    cluster: main
    users: [api]
"""

RETURN = r"""
cluster:
  description: The cluster, null when there is none.
  returned: always
  type: dict
  sample: {"name": "main", "state": "IDLE", "instance_size": "M10", "srv": "mongodb+srv://main.abcde.mongodb.net"}
users:
  description: Name of each user asked for to its roles as C(ROLE@DATABASE), sorted; null when there is no such user.
  returned: always
  type: dict
  sample: {"api": ["readWrite@app"]}
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.ops.plugins.module_utils import atlas_api
from ansible_collections.slipway.ops.plugins.module_utils.atlas_client import Client
from ansible_collections.slipway.ops.plugins.module_utils.atlas_connection import (
    REQUIRED_IF,
    connect,
    connection_arguments,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_errors import AtlasError


def read_cluster(client: Client, params: dict[str, Any]) -> dict[str, Any] | None:
    """The cluster, IDLE if that is waited for; TimeoutError at the deadline or if there is none to wait for."""
    deadline = time.monotonic() + params["wait_timeout"]
    while True:
        cluster = atlas_api.get_cluster(client, params["cluster"])
        if not params["wait"] or (cluster and cluster["state"] == "IDLE"):
            return cluster
        state = cluster["state"] if cluster else "absent"
        if cluster is None or time.monotonic() >= deadline:
            raise TimeoutError(f"cluster {params['cluster']} is {state}, not IDLE; run again to go on waiting")
        time.sleep(params["poll_interval"])


def main() -> None:
    """Read and report."""
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "cluster": {"type": "str", "required": True},
            "users": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "float", "default": 3600},
            "poll_interval": {"type": "float", "default": 15},
        },
        required_if=REQUIRED_IF,
        supports_check_mode=True,
    )
    client = connect(module, validate_certs=True)
    try:
        cluster = read_cluster(client, module.params)
        users = {name: atlas_api.get_user_roles(client, name) for name in module.params["users"]}
    except (AtlasError, TimeoutError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, cluster=cluster, users=users)


if __name__ == "__main__":
    main()
