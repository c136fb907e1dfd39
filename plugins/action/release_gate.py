# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the module of the same name what was typed to break the glass, as it was typed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

VARIABLE = "break_glass"
ENVIRONMENT = "SLIPWAY_BREAK_GLASS"


def run_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Who asks and from where, as GitHub Actions says it; the commit is the artifact's, which its proof knows."""
    number = environ.get("GITHUB_RUN_ID", "")
    place = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")]
    return {
        "by": environ.get("GITHUB_ACTOR", ""),
        "url": "/".join([*place, "actions/runs", number]) if number else "",
    }


class ActionModule(ActionBase):
    """An extra-var is a template to Ansible as soon as any task names it, and no task names this one: the text is
    taken from the variables before anything has rendered it, and reaches the module as data."""

    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        given = (task_vars or {}).get(VARIABLE, os.environ.get(ENVIRONMENT, ""))
        if not isinstance(given, str):
            raise AnsibleActionFail(f"{VARIABLE} is a {type(given).__name__}, not a text: nothing was changed")
        # Character by character, so that what comes out has lost the mark that makes a text a template.
        arguments.setdefault(VARIABLE, "".join(given))
        arguments.setdefault("run", run_of(os.environ))
        if arguments.get("bundle"):
            # Relative to where the operator is; the module itself runs in the playbook's folder.
            arguments["bundle"] = str(Path(str(arguments["bundle"])).expanduser().absolute())
        return result | self._execute_module(module_args=arguments, task_vars=task_vars)
