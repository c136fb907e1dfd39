#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: github_environment_checks
version_added: 0.1.0
short_description: Look whether GitHub environments are protected as deployments need it
description:
  - Looks, and changes nothing. Each environment must exist, take only named or protected branches, and, where
    O(reviewers) asks for it, have reviewers who did not start the run.
  - GitHub makes an environment that a workflow names and nobody has made, without any protection.
  - What is found is in RV(rows) and never fails the module.
author:
  - Contributors to the Slipway project (@slipway)
options:
  repositories:
    description: Repositories that deploy here, as role C(github_oidc) has them. Other keys are of no interest.
    type: list
    elements: dict
    default: []
  environment:
    description: Name of the GitHub environment of a repository that names none.
    type: str
    required: true
  reviewers:
    description: Whether somebody must approve each deployment.
    type: bool
    default: false
  token:
    description:
      - Token that may read actions of the repositories. E(GITHUB_TOKEN) and E(GH_TOKEN) are the fallbacks. Without one
        nothing is asked, which is a warning.
    type: str
  api_url:
    description: Where the REST API is, https unless it is on this machine. E(GITHUB_API_URL) is the fallback.
    type: str
    default: https://api.github.com
extends_documentation_fragment:
  - slipway.ops.attributes.info
"""

EXAMPLES = r"""
- name: Look at the gate of production
  slipway.ops.github_environment_checks:
    repositories:
      - repository: example/api
    environment: production
    reviewers: true
  register: github
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

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.slipway.ops.plugins.module_utils.doctor import github


def main() -> None:
    """Look, report."""
    module = AnsibleModule(
        argument_spec={
            "repositories": {"type": "list", "elements": "dict", "default": []},
            "environment": {"type": "str", "required": True},
            "reviewers": {"type": "bool", "default": False},
            "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GITHUB_TOKEN", "GH_TOKEN"])},
            "api_url": {
                "type": "str",
                "default": "https://api.github.com",
                "fallback": (env_fallback, ["GITHUB_API_URL"]),
            },
        },
        supports_check_mode=True,
    )
    rows = github.rows(module.params)
    module.exit_json(changed=False, rows=[row.as_dict() for row in rows])


if __name__ == "__main__":
    main()
