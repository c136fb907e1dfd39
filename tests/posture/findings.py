# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a scanner beside the exceptions that this project states: what is neither mended nor stated is told."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FOLDER = Path(__file__).parent
#: Prowler's own severities, the worst first.
SEVERITIES = ("critical", "high", "medium", "low", "informational")
# A row holds texts of pages; the reader's own limit is 128 KiB.
csv.field_size_limit(1 << 24)


@dataclass(frozen=True)
class Finding:
    """What one check says of one resource: its ARN without the partition, service, region and account."""

    check: str
    severity: str
    resource: str
    passed: bool
    said: str


@dataclass(frozen=True)
class Stated:
    """A finding that stays: the resources (a pattern for the whole of their names), and why."""

    check: str
    resources: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether this is about that finding."""
        return self.check == finding.check and re.fullmatch(self.resources, finding.resource) is not None


def checks() -> list[str]:
    """The checks that are asked for: all that concern what site.yml makes, none that concern an account's people."""
    return (FOLDER / "checks.txt").read_text(encoding="utf-8").split()


def exceptions() -> list[Stated]:
    """The stated exceptions."""
    return [Stated(**each) for each in yaml.safe_load((FOLDER / "exceptions.yml").read_text(encoding="utf-8"))]


def read(path: Path) -> list[Finding]:
    """Prowler's CSV; what it leaves to a person (MANUAL) is not in the list."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            Finding(
                row["CHECK_ID"],
                row["SEVERITY"],
                row["RESOURCE_UID"].split(":", 5)[-1],
                row["STATUS"] == "PASS",
                row["STATUS_EXTENDED"],
            )
            for row in csv.DictReader(stream, delimiter=";")
            if row["STATUS"] in ("PASS", "FAIL")
        ]


def problems(found: Sequence[Finding], stated: Sequence[Stated], seen: Iterable[str]) -> list[str]:
    """One line for each finding that is not stated, each exception that nothing needs, each check that saw nothing.

    `seen` names checks that must have passed for something, so that a scan that saw nothing is no clean one.
    """
    failed = [finding for finding in found if not finding.passed]
    passed = {finding.check for finding in found if finding.passed}
    return [
        *(
            f"finding: {each.check} ({each.severity}) {each.resource}: {each.said}"
            for each in failed
            if not any(one.covers(each) for one in stated)
        ),
        *(
            f"stale exception: {one.check} {one.resources}: nothing is found there any more"
            for one in stated
            if not any(one.covers(each) for each in failed)
        ),
        *(f"blind: {check} passed for nothing, so the scanner did not see it" for check in seen if check not in passed),
    ]


def table(found: Sequence[Finding]) -> str:
    """Counts by severity: passed, failed."""
    counted = Counter((each.severity, each.passed) for each in found)
    rows = [f"{name:<14}{counted[name, True]:>8}{counted[name, False]:>8}" for name in SEVERITIES]
    return "\n".join([f"{'severity':<14}{'passed':>8}{'failed':>8}", *rows])


def documented(stated: Sequence[Stated]) -> str:
    """The exceptions as the table of docs/posture.md."""
    rows = [f"| `{one.check}` | `{one.resources.replace('|', chr(92) + '|')}` | {one.reason} |" for one in stated]
    return "\n".join(["| Check | Resources | Why it stays |", "|---|---|---|", *rows])
