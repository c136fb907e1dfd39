#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: plain_vars
short_description: Refuse extra-vars that are more than plain data
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - No stock module can look at an extra-var without rendering it, and to Ansible an extra-var is a template. One that
    holds a C(lookup) of a C(pipe) would run a program on the controller as soon as any task looks at the value, even
    only to validate it.
  - This action looks at the text before it is rendered and fails unless it is letters, digits, dots, dashes,
    underscores, slashes, colons and at signs.
    Rendering such a text can only give the text itself. Run it before any other task looks at the variables.
options:
  names:
    description: Names of the variables. One that is not given is fine.
    type: list
    elements: str
    required: true
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
- name: What the operator gave is data
  slipway.ops.plain_vars:
    names: [image, service]
"""

RETURN = r""" # """
