# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn an environment's list of services into inventory hosts, one a service. See the module of the same name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.ops.plugins.module_utils.services_plan import (
    ServiceHost,
    ServicesError,
    select,
)

GROUP = "services"
PREFIX = "ecs_service_"
SPEC = Path(__file__).resolve().parents[2] / "roles" / "ecs_service" / "meta" / "argument_specs.yml"


def role_inputs() -> frozenset[str]:
    """The inputs of role ecs_service, without their prefix. Its argument spec is the one list of them.

    Ansible itself ignores a variable that no argument spec names, so that a misspelled key would silently fall back
    to the default.
    """
    spec = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    return frozenset(name.removeprefix(PREFIX) for name in spec["argument_specs"]["main"]["options"])


class ActionModule(ActionBase):
    """Adds the hosts through ansible.builtin.add_host, which alone may touch the inventory of the run."""

    # Once for the whole play, whatever its number of hosts.
    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate, choose, add; never `changed`, because nothing outside this run changes."""
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, arguments = self.validate_argument_spec(
            argument_spec={
                "services": {"type": "list", "elements": "dict", "required": True},
                "only": {"type": "str", "default": ""},
                "single": {"type": "bool", "default": False},
            }
        )
        # A second playbook of the same run may meet the hosts that the first one added.
        taken = set(variables.get("hostvars", {})) - set(variables.get("groups", {}).get(GROUP, []))
        try:
            hosts = select(
                arguments["services"],
                inputs=role_inputs(),
                taken=taken,
                only=arguments["only"],
                single=arguments["single"],
            )
        except ServicesError as error:
            raise AnsibleActionFail(str(error)) from error
        for host in hosts:
            self._add(host, variables)
        return result | {"changed": False, "services": [host.name for host in hosts]}

    def _add(self, host: ServiceHost, variables: dict[str, Any]) -> None:
        task = self._task.copy()
        task.args = {
            "name": host.name,
            "groups": [GROUP],
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            **host.variables,
        }
        action = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.add_host",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        added = action.run(task_vars=variables)
        if added.get("failed"):
            raise AnsibleActionFail(f"service {host.name}: {added.get('msg', 'the inventory host was not added')}")
