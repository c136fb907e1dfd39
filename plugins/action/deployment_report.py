# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Leave what a deployment returned as a JSON file and a page. See the module of the same name."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.ops.plugins.module_utils import site_report, swap_report

MODE = 0o644


def write(path: Path, text: str) -> None:
    """The whole file or the one before, never a part: whoever reads it may do so at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(MODE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class ActionModule(ActionBase):
    """Writes in the controller's own process: with a module for each file, this took longer than all else that a warm
    rollback does by itself."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Never `changed`: the environment is what a deployment changes, and the files only tell of it."""
        result = super().run(tmp, task_vars)
        _result, arguments = self.validate_argument_spec(
            argument_spec={
                "result": {"type": "dict", "required": True},
                "folder": {"type": "str", "required": True},
                "service": {"type": "str", "required": True},
                "environment": {"type": "str", "required": True},
            }
        )
        if self._task.check_mode:
            return result | {"changed": False, "files": []}
        told, service, environment = (arguments[key] for key in ("result", "service", "environment"))
        name = f"deploy-{environment}-{service}"
        texts = {f"{name}.json": json.dumps(told, indent=4, sort_keys=True) + "\n"}
        if "outcome" in told:
            report = site_report if "distribution_id" in told else swap_report
            texts[f"{name}.html"] = report.render(told, service=service, environment=environment)
        paths = [Path(arguments["folder"], file) for file in texts]
        try:
            for path, text in zip(paths, texts.values(), strict=True):
                write(path, text)
        except OSError as error:
            raise AnsibleActionFail(f"the result of this run could not be written: {error}") from error
        return result | {"changed": False, "files": [str(path) for path in paths]}
