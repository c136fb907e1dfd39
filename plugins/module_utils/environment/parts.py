# Copyright: Contributors to the Slipway project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the reads of a snapshot at the same time. One that fails is a problem of its part, and hides no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from ..atlas_errors import AtlasError
from ..site.model_plan import UnreadableError
from ..together import together

# What a read can fail with: AWS, Atlas, and documents that are not what Slipway writes.
FAILURES = (AnsibleAWSError, AtlasError, UnreadableError, ValueError, KeyError)
LONGEST = 500


@dataclass
class Parts:
    """problems: [{part, message}], in the order of the parts that were asked."""

    problems: list[dict[str, str]] = field(default_factory=list)

    def read(self, calls: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Part -> what its call returned, None for one that failed."""
        found = together({part: _guarded(call) for part, call in calls.items()})
        self.problems += [{"part": part, "message": told} for part, (_value, told) in found.items() if told]
        return {part: value for part, (value, _told) in found.items()}


def _guarded(call: Callable[[], Any]) -> Callable[[], tuple[Any, str]]:
    def run() -> tuple[Any, str]:
        try:
            return call(), ""
        except FAILURES as error:
            text = " ".join((str(error) or repr(error)).split())
            return None, text[:LONGEST]

    return run
