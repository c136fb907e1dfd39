#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module without check mode."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

if __name__ == "__main__":
    AnsibleModule(argument_spec={}).exit_json(changed=True)
