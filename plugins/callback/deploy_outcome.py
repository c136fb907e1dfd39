# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells whoever started the run how a deployment ended: by the exit status, and in GitHub Actions' own places."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deploy_outcome
type: aggregate
short_description: Exit status, job summary and outputs of deployments
version_added: 0.1.0
description:
  - Reads the results of M(slipway.ops.ecs_blue_green), whose action V(converge) does not count, and of
    M(slipway.ops.site_release). Where M(slipway.ops.release_gate) let an artifact through, that is told with them, a
    broken glass first of all; where it did not, that is the result.
  - Sets the exit status of the process, 0 for V(promoted), V(repaired), V(pruned) and a rollback that was asked for, 20
    for V(blocked), 21 for a deployment that was V(rolled_back), 22 for V(superseded), 23 for V(awaiting_approval), 24
    for V(failed). Of several services the worst one tells. In check mode 0 for a plan, 20 for one that is blocked.
  - In check mode a site's plan is told, with files by class, bytes, and the paths that would be invalidated with their
    price.
  - Whatever fails before these modules are asked (credentials of another account, an input that cannot
    be) leaves Ansible's own status, 2 most of the time, and so does a failure beside a deployment that went well.
  - Appends a summary in Markdown to the file that E(GITHUB_STEP_SUMMARY) names, and outputs to the one that
    E(GITHUB_OUTPUT) names, where these are set. The outputs are C(outcome), C(service), C(digest), and of a service
    C(image), C(color) and C(previous_image), of a site C(release), C(live_release), C(previous_release) and
    C(site_url).
  - Texts that come from AWS, from the service or from names are data there, whatever they look like.
author:
  - Contributors to the Slipway project (@slipway)
requirements:
  - enabled in the C(callbacks_enabled) of ansible.cfg, as the last one of its list
"""

import os
import uuid
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.slipway.ops.plugins.module_utils import outcome_plan

GATE = "slipway.ops.release_gate"
MODULES = ("slipway.ops.ecs_blue_green", "slipway.ops.site_release", GATE)


class CallbackModule(CallbackBase):
    """Gathers the results while the run goes on, speaks at its end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "slipway.ops.deploy_outcome"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._results: list[dict[str, Any]] = []
        self._proofs: dict[str, dict[str, Any]] = {}
        self._check_mode = False

    def v2_runner_on_ok(self, result: Any) -> None:
        self._note(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._note(result)

    def _note(self, result: Any) -> None:
        if result.task.resolved_action not in MODULES:
            return
        found = {"outcome": "failed", "service": str(result.host), **result.result}
        if result.task.resolved_action == GATE and found["outcome"] not in ("blocked", "failed"):
            self._proofs[found["service"]] = found
        elif outcome_plan.counts(found):
            self._check_mode = bool(result.task.check_mode)
            self._results.append(found)

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        """The last event of a run, in the main process, so that SystemExit ends it, after Ansible's cleaning up."""
        results = outcome_plan.by_severity(self._results)
        for result in results:
            proof = self._proofs.get(result["service"])
            lines = outcome_plan.planned_lines(result, check_mode=self._check_mode)
            for line in [*([outcome_plan.proof_line(proof)] if proof else []), *lines]:
                self._display.display(line)
            self._display.display(outcome_plan.last_line(result, check_mode=self._check_mode))
            told = outcome_plan.summary(result, check_mode=self._check_mode, proof=proof)
            self._append("GITHUB_STEP_SUMMARY", told)
            values = outcome_plan.outputs(result, check_mode=self._check_mode)
            self._append("GITHUB_OUTPUT", outcome_plan.output_lines(values, f"slipway-{uuid.uuid4().hex}"))
        status = outcome_plan.exit_status(results, check_mode=self._check_mode)
        if status:
            raise SystemExit(status)

    def _append(self, variable: str, text: str) -> None:
        """A file that cannot be written must not hide how the deployment ended."""
        path = os.environ.get(variable)
        if not path:
            return
        try:
            with Path(path).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            self._display.warning(f"{variable} {path}: not written: {error.strerror}")
