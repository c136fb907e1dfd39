# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module of the same name and shows its progress while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.ops.plugins.plugin_utils.streaming import StreamingAction


class ActionModule(StreamingAction):
    """Each line bears the site's name, which most people leave at its default."""

    label_argument = "service"
    label_default = "site"

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """A relative bundle is relative to where the operator is; the module itself runs in the playbook's folder."""
        bundle = self._task.args.get("bundle")
        if bundle and self._connection.transport == "local":
            self._task.args["bundle"] = str(Path(str(bundle)).expanduser().absolute())
        return super().run(tmp, task_vars)
