# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse extra-vars that are more than plain data. See the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.ops.plugins.module_utils.plain_vars_plan import plain_problems


class ActionModule(ActionBase):
    """Reads the variables as they were given: an action plugin gets them before anything has rendered them."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail with one line, or do nothing."""
        result = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            argument_spec={"names": {"type": "list", "elements": "str", "required": True}}
        )
        problems = plain_problems(task_vars or {}, arguments["names"])
        if problems:
            raise AnsibleActionFail("; ".join(problems))
        return result | {"changed": False}
