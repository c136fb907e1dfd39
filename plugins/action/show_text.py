# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print a text as it is. See the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()


class ActionModule(ActionBase):
    """Prints in the controller's own process."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Nothing in the text may reach the terminal as a control sequence."""
        result = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(argument_spec={"text": {"type": "str", "required": True}})
        for line in arguments["text"].splitlines():
            display.display("".join(character if character.isprintable() else " " for character in line))
        return result | {"changed": False}
