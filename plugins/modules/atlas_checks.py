#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: atlas_checks
version_added: "0.1.0"
short_description: Look whether credentials of MongoDB Atlas are good for a peering
description:
  - Looks, and changes nothing. Logs in, reads the project's network containers, and asks which role the credentials
    have in the project, which Atlas tells to owners only.
  - What is found is in RV(rows) and never fails the module.
options:
  region:
    description: AWS region of the clusters, whose network container an owner must make where it is missing.
    type: str
    required: true
author:
  - Contributors to the Slipway project (@slipway)
extends_documentation_fragment:
  - slipway.ops.atlas
  - slipway.ops.attributes.info
"""

EXAMPLES = r"""
- name: Look at the project
  slipway.ops.atlas_checks:
    project_id: 6500aa11bb22cc33dd44ee55
    region: us-east-1
  register: atlas
"""

RETURN = r"""
rows:
  description:
    - What was found, one row a check, each with C(check), C(status) (V(ok), V(warning) or V(failure)), C(found), and
      C(remedy), which is empty where there is nothing to do.
    - P(slipway.ops.doctor_table#filter) makes a table of them.
  returned: success
  type: list
  elements: dict
  sample: [{"check": "region", "status": "ok", "found": "us-east-1 is enabled", "remedy": ""}]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.ops.plugins.module_utils.atlas_connection import connect, connection_arguments
from ansible_collections.slipway.ops.plugins.module_utils.doctor import atlas, atlas_plan


def main() -> None:
    """Look, report."""
    module = AnsibleModule(
        argument_spec={**connection_arguments(), "region": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    missing = atlas.missing(module.params)
    rows = atlas_plan.missing(missing) if missing else atlas.rows(connect(module, validate_certs=True), module.params)
    module.exit_json(changed=False, rows=[row.as_dict() for row in rows])


if __name__ == "__main__":
    main()
