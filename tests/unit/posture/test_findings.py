# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture gate: what counts as a problem, and that the stated exceptions are about checks that are run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.posture import findings
from tests.posture.__main__ import SEEN
from tests.posture.findings import Finding, Stated

ROOT = Path(__file__).resolve().parents[3]
OPEN = Finding("bucket_public", "high", "bucket-a", False, "a is public")
FINE = Finding("bucket_public", "high", "bucket-b", True, "b is not")
STATED = Stated("bucket_public", "bucket-a", "why")


@pytest.mark.parametrize(
    ("found", "stated", "seen", "words"),
    [
        pytest.param([FINE], [], ["bucket_public"], [], id="clean"),
        pytest.param([FINE, OPEN], [STATED], ["bucket_public"], [], id="stated"),
        pytest.param([OPEN], [], [], ["finding: bucket_public (high) bucket-a: a is public"], id="not stated"),
        pytest.param([OPEN], [Stated("bucket_public", "bucket", "why")], [], ["finding", "stale"], id="half a name"),
        pytest.param([OPEN], [Stated("other", ".*", "why")], [], ["finding", "stale"], id="of another check"),
        pytest.param([FINE], [STATED], [], ["stale exception: bucket_public"], id="mended since"),
        pytest.param([], [], ["bucket_public"], ["blind: bucket_public"], id="nothing seen"),
        pytest.param([OPEN], [STATED], ["bucket_public"], ["blind: bucket_public"], id="seen, and never well"),
    ],
)
def test_problems(found, stated, seen, words):
    told = findings.problems(found, stated, seen)
    assert len(told) == len(words)
    assert all(line.startswith(word) for line, word in zip(told, words, strict=True))


def test_prowlers_file_is_read(tmp_path):
    head = "CHECK_ID;SEVERITY;RESOURCE_UID;STATUS;STATUS_EXTENDED"
    rows = [
        "a;high;arn:aws:s3:::bucket;PASS;well",
        'b;low;arn:aws:logs:us-east-1:1:log-group:/x:*;FAIL;"one; two"',
        "c;low;arn:aws:kms:us-east-1:1:key/k;MANUAL;ask someone",
    ]
    (tmp_path / "prowler.csv").write_text("\n".join([head, *rows, ""]))
    found = findings.read(tmp_path / "prowler.csv")
    assert found == [
        Finding("a", "high", "bucket", True, "well"),
        Finding("b", "low", "log-group:/x:*", False, "one; two"),
    ]
    assert re.search(r"^high +1 +0$", findings.table(found), re.MULTILINE)


def test_exceptions_and_what_must_be_seen_name_checks_that_are_run():
    known = findings.checks()
    assert len(known) == len(set(known))
    assert {one.check for one in findings.exceptions()} | set(SEEN) <= set(known)


@pytest.mark.parametrize("one", findings.exceptions(), ids=lambda one: one.check)
def test_an_exception_has_a_pattern_and_a_reason(one):
    re.compile(one.resources)
    assert one.reason.endswith(".")
    assert len(one.reason) > 4


def test_the_documentation_shows_the_exceptions():
    assert findings.documented(findings.exceptions()) in (ROOT / "docs" / "posture.md").read_text(encoding="utf-8")


def test_the_scanners_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements-scanners.txt").read_text()
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in lock
    for pin in re.findall(r"^\w+==\S+$", (ROOT / "requirements-scanners.in").read_text(), re.MULTILINE):
        assert re.search(rf"^{re.escape(pin)} ", lock, re.MULTILINE)
