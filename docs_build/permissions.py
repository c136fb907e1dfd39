# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of docs/security.md that are made from the code: what each role may do, and what the tests see refused.

`PYTHONPATH=collections python -m docs_build.permissions` writes them; a unit test sees that they are as it would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.slipway.ops.plugins.module_utils import (
    deploy_permissions_plan,
    operator_permissions_plan,
)
from ansible_collections.slipway.ops.plugins.module_utils.environment import permissions_plan

from tests.e2e.least_privilege import FORBIDDEN, UNUSED

PAGE = Path(__file__).resolve().parents[1] / "docs" / "security.md"
#: A scope whose ARNs show what is put in.
SCOPE: dict[str, Any] = {
    "account_id": "ACCOUNT",
    "region": "REGION",
    "name": "NAME",
    "tags": {"slipway:project": "PROJECT", "slipway:environment": "ENVIRONMENT"},
    "table": "NAME-releases",
    "topic": "arn:aws:sns:REGION:ACCOUNT:TOPIC",
    "services": [
        {
            "name": "SERVICE",
            "engine": "native",
            "one_off_task": {"command": ["migrate"]},
            "schedules": [{"name": "SCHEDULE"}],
            "secrets": {
                "A": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET",
                "B": "arn:aws:ssm:REGION:ACCOUNT:parameter/PARAMETER",
            },
        }
    ],
    "site": {
        "bucket": "BUCKET",
        "distribution_arn": "arn:aws:cloudfront::ACCOUNT:distribution/DISTRIBUTION",
        "kms_key_arn": "arn:aws:kms:REGION:ACCOUNT:key/KEY",
    },
    "promotion": {
        "table": "arn:aws:dynamodb:REGION:BEFORE:table/NAME-releases",
        "repositories": ["arn:aws:ecr:REGION:BEFORE:repository/SERVICE"],
        "bucket": "arn:aws:s3:::BUCKET-BEFORE",
    },
}
_GITHUB = ("push", "backend", "site", "promotion")


def tables() -> dict[str, str]:
    """Name of a table, as the page marks it, to its lines."""
    deployed = deploy_permissions_plan.GRANTS
    found = {part: _grants([grant for grant in deployed if grant.part == part]) for part in _GITHUB}
    found["operator"] = _grants(operator_permissions_plan.GRANTS)
    found["status"] = _grants(permissions_plan.GRANTS)
    found["unused"] = _table(("action", "granted for"), sorted((f"`{name}`", why) for name, why in UNUSED.items()))
    found["refused"] = _table(("role", "call", "with"), _refused())
    return found


def _grants(grants: Sequence[deploy_permissions_plan.Grant]) -> str:
    return _table(("statement", "actions", "on", "under the condition", "what for"), map(_row, grants))


def _row(grant: deploy_permissions_plan.Grant) -> tuple[str, ...]:
    condition = json.dumps(grant.condition(SCOPE)) if grant.condition else ""
    actions = _listed(action.replace("elasticloadbalancing:", "elb:") for action in grant.actions)
    return (
        f"`{grant.sid}`",
        actions,
        _listed(grant.resources(SCOPE)),
        f"`{condition}`" if condition else "",
        grant.why,
    )


def _refused() -> Iterator[tuple[str, ...]]:
    for role, service, operation, parameters in FORBIDDEN:
        yield role, f"`{service}.{operation}`", f"`{json.dumps(parameters)}`"


def _listed(items: Any) -> str:
    return ", ".join(f"`{item}`" for item in items)


def _table(head: Sequence[str], rows: Any) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def written(page: str) -> str:
    """The page with its tables as they should be."""
    for name, table in tables().items():
        begin, end = f"<!-- made: {name} -->\n", f"\n<!-- end: {name} -->"
        before, found, rest = page.partition(begin)
        _old, ended, after = rest.partition(end)
        if not (found and ended):
            raise LookupError(f"docs/security.md has no place for {name}")
        page = f"{before}{begin}{table}{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
