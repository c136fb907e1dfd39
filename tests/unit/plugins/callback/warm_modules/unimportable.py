#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that needs what is not there."""

from __future__ import annotations

import a_library_that_is_not_there
from ansible.module_utils.basic import AnsibleModule

if __name__ == "__main__":
    AnsibleModule(argument_spec={}).exit_json(found=a_library_that_is_not_there)
