# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gives the module of the same name what the host's own inventory says, where a task says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    import botocore.session
except ImportError:  # the module says what is missing
    botocore = None

from ansible.errors import AnsibleActionFail
from ansible.inventory.manager import InventoryManager
from ansible.plugins.action import ActionBase
from ansible.vars.manager import VariableManager
from ansible_collections.slipway.ops.plugins.module_utils.environment import inputs_plan

GROUP = "environment"
# Of these arguments none names the environment.
ASIDE = frozenset({"keep_going"})


class ActionModule(ActionBase):
    """The module does the reading. Secrets of the inventory go to it alone, and into no result."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the module returns."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        source = ""
        if not set(arguments) - ASIDE:
            source, found = self._of_inventory(task_vars or {})
            arguments |= found
        told = {"inventory": source, "profile": arguments.get("profile") or ""}
        return {**result, **self._execute_module(module_args=arguments, task_vars=task_vars), **told}

    def _of_inventory(self, task_vars: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The inventory that has the host, and the module's options from it."""
        host = str(task_vars["inventory_hostname"])
        sources = [str(source) for source in task_vars.get("ansible_inventory_sources", [])]
        several = len(sources) > 1
        source, own = self._own_variables(host, sources) if several else ("".join(sources), task_vars)
        variables = self._rendered(own)
        lacking = inputs_plan.lacking(variables)
        if lacking:
            raise AnsibleActionFail(
                f"{host} is no environment, so nothing was read: its inventory lacks {', '.join(lacking)}; run this "
                f"for hosts of group {GROUP}"
            )
        found = inputs_plan.parameters(variables)
        profile = inputs_plan.profile_of(variables, _profiles(), several=several)
        # Empty keys, so that those of the process, which are another environment's, do not go with the profile.
        keys = dict.fromkeys(("access_key", "secret_key", "session_token"), "")
        return source, found | ({"profile": profile, **keys} if profile else {})

    def _own_variables(self, host: str, sources: list[str]) -> tuple[str, dict[str, Any]]:
        """The host's variables as if its inventory were the only one: of several, the last one's group_vars/all would
        hold for all hosts."""
        for source in sources:
            inventory = InventoryManager(loader=self._loader, sources=[source])
            found = inventory.get_host(host) if GROUP in inventory.groups else None
            if found is not None:
                manager = VariableManager(loader=self._loader, inventory=inventory)
                return source, manager.get_vars(host=found)
        raise AnsibleActionFail(f"{host} is in none of the inventories {', '.join(sources)}: nothing was read")

    def _rendered(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Those that are read, with what their templates give."""
        templar = self._templar.copy_with_new_env(available_variables=dict(variables))
        return {name: templar.template(variables[name]) for name in inputs_plan.NAMES if name in variables}


def _profiles() -> list[str]:
    """Profiles of AWS's configuration files."""
    return list(botocore.session.Session().available_profiles) if botocore else []
