# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM's answer to one policy document alone, by the evaluator that the local cloud enforces policies with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.iam.language import Decision, Question, Value, Who, decide


def allows(
    document: Mapping[str, Any],
    action: str,
    resource: str | None = None,
    context: Mapping[str, Value] | None = None,
    federated: str = "",
) -> bool:
    """Whether a statement allows it and none denies it. resource: None in a trust policy, which names none.

    federated: who asks, in a trust policy.
    """
    who = Who(federated=federated) if resource is None else None
    return decide([document], Question(action, resource or "", context or {}), who) is Decision.ALLOWED
