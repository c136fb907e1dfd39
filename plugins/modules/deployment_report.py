#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_report
short_description: Leave what a deployment returned as a file and as a page
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - Writes C(deploy-ENVIRONMENT-SERVICE.json), the result as it is, and C(deploy-ENVIRONMENT-SERVICE.html) into a folder
    of the controller. The page is that of filter P(slipway.ops.swap_report#filter), or one like it for a site. A file
    is replaced as a whole.
  - Is never C(changed), because the environment is what a deployment changes. In check mode nothing is written.
options:
  result:
    description:
      - What M(slipway.ops.ecs_blue_green) or M(slipway.ops.site_release) returned. Without an outcome there is no page.
    type: dict
    required: true
  folder:
    description: Where the files go. It is made if it does not exist.
    type: str
    required: true
  service:
    description: Name of the service.
    type: str
    required: true
  environment:
    description: Name of the environment.
    type: str
    required: true
attributes:
  bypass_host_loop:
    support: none
  check_mode:
    description: Writes no page.
    support: full
extends_documentation_fragment:
  - slipway.ops.attributes.controller
  - ansible.builtin.action_common_attributes.flow
notes:
  - Runs on the controller only.
"""

EXAMPLES = r"""
- name: Leave the result of the deployment
  slipway.ops.deployment_report:
    result: "{{ ecs_service_deployment }}"
    folder: "{{ playbook_dir }}/../build"
    service: api
    environment: staging
"""

RETURN = r"""
files:
  description: The files that were written, none in check mode.
  returned: success
  type: list
  elements: str
  sample: [/srv/slipway/build/deploy-staging-api.json, /srv/slipway/build/deploy-staging-api.html]
"""
