#!/usr/bin/python
# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: show_text
short_description: Print a text as it is
version_added: 0.1.0
author:
  - Contributors to the Slipway project (@slipway)
description:
  - Prints a table or a document line by line. M(ansible.builtin.debug) would print it as a YAML or JSON string.
  - Characters that move a terminal's cursor or color it are printed as spaces.
options:
  text:
    description: What to print.
    type: str
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
- name: Show the table
  slipway.ops.show_text:
    text: "{{ [found.environment] | slipway.ops.status_table }}"
"""

RETURN = r""" # """
