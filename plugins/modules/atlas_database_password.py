#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: atlas_database_password
version_added: "0.1.0"
short_description: Give a database user of MongoDB Atlas a new password
description:
  - M(community.mongodb.mongodb_atlas_user) never sends a new password to a user that exists, since it compares what
    Atlas shows, and Atlas shows no password.
  - This module always sends it and always reports a change. Whether it is due is for the caller to know, as by a
    version that stands beside the secret.
options:
  username:
    description: The user, in the database V(admin).
    type: str
    required: true
  password:
    description: The new password, at least 8 characters.
    type: str
    required: true
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
- name: Rotate the password
  slipway.ops.atlas_database_password:
    project_id: 6500aa11bb22cc33dd44ee55
    username: api
    password: "{{ new_password }}"
"""

RETURN = r"""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.ops.plugins.module_utils import atlas_api
from ansible_collections.slipway.ops.plugins.module_utils.atlas_connection import (
    REQUIRED_IF,
    connect,
    connection_arguments,
)
from ansible_collections.slipway.ops.plugins.module_utils.atlas_errors import AtlasError


def main() -> None:
    """Send the password."""
    module = AnsibleModule(
        argument_spec={
            **connection_arguments(),
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
        required_if=REQUIRED_IF,
        supports_check_mode=True,
    )
    if len(module.params["password"]) < 8:
        module.fail_json(msg="password: Atlas takes at least 8 characters")
    client = connect(module, validate_certs=True)
    try:
        if not module.check_mode:
            atlas_api.set_password(client, module.params["username"], module.params["password"])
    except AtlasError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
