#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: service_hosts
short_description: Turn an environment's list of services into inventory hosts
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - Adds one host per service to the inventory of this run, in group C(services), with a variable C(ecs_service_<key>)
    for each key of the service. Each service then has variables, a fork and a line of the recap of its own.
  - The whole list is checked first. Names and priorities must differ, and every key must be an input of role
    C(slipway.ops.ecs_service), so that a misspelled key is an error instead of a silent default.
options:
  services:
    description: The services, dicts whose keys are inputs of role C(slipway.ops.ecs_service) without their prefix.
    type: list
    elements: dict
    required: true
  only:
    description: Name of the one service to add. Empty for all.
    type: str
    default: ""
  single:
    description: Add exactly one service. Without O(only) it is the only web service, an error if there are several.
    type: bool
    default: false
attributes:
  bypass_host_loop:
    support: full
extends_documentation_fragment:
  - slipway.ops.attributes.controller
  - ansible.builtin.action_common_attributes.flow
notes:
  - Runs on the controller only.
"""

EXAMPLES = r"""
- name: Give each service a host
  slipway.ops.service_hosts:
    services:
      - name: api
        port: 8080
        priority: 100
        health_check_path: /healthz

- name: Only the service that the operator asked for
  slipway.ops.service_hosts:
    services: "{{ services }}"
    only: api
"""

RETURN = r"""
services:
  description: Names of the hosts that were added, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [api]
"""
